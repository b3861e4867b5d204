"""`impsy info`: what a model is, where it comes from, and how quick it is on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from impsy.core.predictor import ModelSpec
from impsy.data.wording import count, told
from impsy.model.card import Card, Conversion, Learning
from impsy.model.names import SIZES

if TYPE_CHECKING:
    from impsy.runtime.timing import Spread

_STEPPING = 0.5  # seconds of steps
_HASH = 12  # letters of a hash that a person needs to tell two apart


class About(msgspec.Struct, frozen=True):
    """All that is told; `converted` says that it had to be, to be played."""

    file: str
    bytes: int
    sha256: str
    shape: ModelSpec
    size: str | None  # the name that formats §4 has for it
    weights: int  # numbers that were learned, or could have been
    step_seconds: "dict[str, float]"
    converted: bool
    card: Card | None
    notes: tuple[str, ...]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(model: Path, as_json: bool) -> None:
    """Tell what MODEL is, what its card says of its making, and how long a step of it takes on this machine."""
    about, step = _about(model)
    click.echo(msgspec.json.format(msgspec.json.encode(about)).decode() if as_json else _text(about, step))


def _about(path: Path) -> "tuple[About, Spread]":
    from impsy.cli.opening import open_model
    from impsy.model.litert import file_hash
    from impsy.runtime.timing import step_time

    predictor, converted = open_model(path)
    spec, sha256, notes = predictor.spec, file_hash(path), [] if converted else list(_on_loops(path))
    card = _card(path, sha256, notes)
    step = step_time(predictor, _STEPPING)
    about = About(
        file=str(path),
        bytes=path.stat().st_size,
        sha256=sha256,
        shape=spec,
        size=next((name for name, shape in SIZES.items() if shape == (spec.units, spec.layers)), None),
        weights=_weights(spec),
        step_seconds={"median": step.median, "p99": step.p99},
        converted=converted is not None,
        card=card,
        notes=tuple(notes),
    )
    return about, step


def _on_loops(path: Path) -> "Iterator[str]":
    from impsy.model.flatbuffer import read_file

    if len(read_file(path, path.read_bytes()).graphs) > 1:
        yield f"it holds loops: `impsy convert {path}` makes one whose steps are quicker"


def _card(path: Path, sha256: str, notes: list[str]) -> Card | None:
    """The card; what is wrong with it is added to the notes."""
    from impsy.errors import FileError
    from impsy.model.card import card_path, read_card

    try:
        card = read_card(path, sha256)
    except FileError as error:
        notes.append(str(error))
        return None
    if card is None and card_path(path).exists():
        notes.append(f"{card_path(path)} is the card of another file")
    return card


def _weights(spec: ModelSpec) -> int:
    """How many numbers an LSTM and mixture network of this shape has.

    >>> _weights(ModelSpec(dimension=9, layers=2, units=64, mixtures=5))
    58143
    """
    inputs = [spec.dimension, *[spec.units] * (spec.layers - 1)]
    cells = sum(4 * spec.units * (size + spec.units + 1) for size in inputs)
    return cells + (spec.units + 1) * spec.mixtures * (2 * spec.dimension + 1)


def _text(about: About, step: "Spread") -> str:
    return "\n".join(f"{name:<10} {text}" for name, text in _lines(about, step))


def _lines(about: About, step: "Spread") -> "Iterator[tuple[str, str]]":
    yield "model", about.file
    yield "shape", shape_in_words(about.shape) + (f"; size {about.size}" if about.size else "")
    yield "file", f"{about.bytes:,} bytes, {about.weights:,} weights, SHA-256 {_short(about.sha256)}"
    yield "step", f"{step} on this machine{', once converted' if about.converted else ''}"
    yield from (("note", note) for note in about.notes)
    if about.card is None:
        yield "card", "none: what it learned from is not known"
        return
    yield "made", f"{about.card.made} by {', '.join(f'{name} {what}' for name, what in about.card.versions.items())}"
    if about.card.training:
        yield from _training(about.card.training)
    if about.card.conversion:
        yield "converted", _conversion(about.card.conversion)


def shape_in_words(spec: ModelSpec) -> str:
    """What a person wants to know of a model's shape."""
    mixtures = count(spec.mixtures, "mixture component")
    return f"dimension {spec.dimension}, {count(spec.layers, 'layer')} of {count(spec.units, 'unit')}, {mixtures}"


def _training(learning: Learning) -> "Iterator[tuple[str, str]]":
    heard = f"{count(learning.interactions, 'interaction')}, {learning.minutes:,.1f} minutes"
    recipe = ", ".join(f"{name} {value}" for name, value in learning.recipe.items())
    of_it = "" if learning.held_out_nats_dt is None else f" (dt alone {learning.held_out_nats_dt:.3f})"
    score = (
        f"{learning.held_out_nats:.3f} nats an interaction{of_it} on {learning.held_out:,} held out, lower is better"
    )
    epochs = f"epoch {learning.best_epoch} of {learning.epochs}, in {told(learning.seconds)}"
    yield "data", f"{learning.data}: {heard}, SHA-256 {_short(learning.data_sha256)}"
    yield "recipe", f"size {learning.size}, seed {learning.seed}, {recipe}"
    yield "score", f"{score}; {epochs}"
    if learning.sigmatemp is not None:
        yield "plays", f"most like what was held out at sigmatemp {learning.sigmatemp:g}, which `impsy run` takes"


def _conversion(conversion: Conversion) -> str:
    return (
        f"from {conversion.source} (SHA-256 {_short(conversion.source_sha256)}), {conversion.weights} weights, "
        f"{conversion.difference:.1g} apart at most from {conversion.compared_with}"
    )


def _short(sha256: str) -> str:
    return f"{sha256[:_HASH]}…"
