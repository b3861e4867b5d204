"""`impsy generate`: a model plays alone, into a file."""

from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from impsy.cli.finite import Finite
from impsy.errors import FileError, ImpsyError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from impsy.core.mapping import Mapping
    from impsy.core.predictor import Predictor
    from impsy.evaluation.rollout import Rollout

BEGINNING = datetime.fromisoformat(
    "2000-01-01T00:00:00"
)  # of every generated log, so that the same seed gives the same file
LONGEST = 24 * 3600.0  # seconds
_MOST = 10**9  # events: only time ends it


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The new file: .log for gestures, .mid for what they sound like.",
)
@click.option(
    "--seconds",
    type=Finite(min=0.0, max=LONGEST, min_open=True),
    default=60.0,
    show_default=True,
    help="For how long it plays.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another plays something else.")
@click.option("--prime", type=click.Path(path_type=Path), help="A log to go on from; of a dataset, its last.")
@click.option(
    "--sigma-temp",
    type=Finite(min=0.0),
    help="How far the model strays from what it predicts: 0 not at all.  [default: as its card says, else 0.01]",
)
@click.option(
    "--pi-temp",
    type=Finite(min=0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="How readily it takes the less likely turn: near 0 never.",
)
@click.option(
    "--timescale",
    type=Finite(min=0.0),
    default=1.0,
    show_default=True,
    help="Stretches the model's time: 2 is half as fast.",
)
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="For .mid: the configuration whose output mapping says what a control sounds like.",
)
@click.option(
    "--as-performer",
    is_flag=True,
    help="Write the rows of a log as if a performer had played them: replay plays them, and training learns from them.",
)
def command(
    model: Path,
    output: Path,
    seconds: float,
    seed: int,
    prime: Path | None,
    sigma_temp: float | None,
    pi_temp: float,
    timescale: float,
    config_file: Path | None,
    as_performer: bool,
) -> None:
    """Let MODEL play alone into a file: a log, or MIDI through a mapping. The same seed gives the same file."""
    from impsy.cli.opening import open_and_tell
    from impsy.core.actions import Origin
    from impsy.core.session import Settings
    from impsy.data.files import written_whole
    from impsy.evaluation.rollout import play_alone
    from impsy.model.card import liveliest

    _check(output, config_file, as_performer)
    mapping = _mapping(config_file) if config_file else ()
    predictor = open_and_tell(model)
    settings = Settings(pi_temperature=pi_temp, timescale=timescale)
    sigma = liveliest(model) if sigma_temp is None else sigma_temp
    if sigma is not None:
        settings = replace(settings, sigma_temperature=sigma)
    rollout = play_alone(predictor, seconds, settings, seed, _prime(prime, predictor), most=_MOST)
    if not len(rollout.seconds):
        raise ImpsyError(f"{model} plays nothing in {seconds:g} s; give it more, or a smaller --timescale")
    source = Origin.PERFORMER if as_performer else Origin.MODEL
    content = _midi(rollout, mapping) if output.suffix == ".mid" else _log(rollout, source).encode()
    try:
        with written_whole(output) as aside:
            aside.write_bytes(content)
    except OSError as error:
        raise FileError(output, f"cannot be written: {error.strerror or error}") from error
    click.echo(f"{output}: {len(rollout.seconds):,} events in {rollout.seconds[-1]:.1f} s, seed {seed}")


def _check(output: Path, config_file: Path | None, as_performer: bool) -> None:
    """What cannot come to anything is told before the playing."""
    if output.suffix not in (".log", ".mid"):
        raise click.BadParameter(f"{output} must end in .log or .mid", param_hint="-o")
    if (output.suffix == ".mid") != (config_file is not None):
        raise click.UsageError("-o FILE.mid and --config belong together: its output mapping says what to play")
    if as_performer and output.suffix == ".mid":
        raise click.UsageError("--as-performer is about logs: a .mid names nobody")
    if output.exists():
        raise FileError(output, "is there already: choose another name")


def _prime(path: Path | None, predictor: "Predictor") -> "NDArray[np.floating] | None":
    from impsy.cli.performances import read_performances

    if path is None:
        return None
    found = [performance for performance in read_performances(path) if len(performance)]
    if not found:
        raise FileError(path, "holds nothing to go on from")
    if found[-1].shape[1] != predictor.spec.dimension:
        raise FileError(path, f"has dimension {found[-1].shape[1]}, but the model has {predictor.spec.dimension}")
    return found[-1]


def _log(rollout: "Rollout", source: str) -> str:
    from impsy.data.logs import format_row

    rows = zip(rollout.seconds.tolist(), rollout.values.tolist(), strict=True)
    return "".join(
        format_row((BEGINNING + timedelta(seconds=at)).isoformat(timespec="microseconds"), source, values)
        for at, values in rows
    )


def _mapping(path: Path) -> "Mapping":
    """The first output mapping of a configuration; raises `FileError` where it has none, or problems."""
    from impsy.config.load import load_config

    loaded = load_config(path)
    if loaded.problems:
        raise FileError(path, "; ".join(loaded.problems))
    config = loaded.config
    outputs: list[Mapping] = [
        *(config.midi.output.values() if config.midi else ()),
        *(port.output for port in (config.serialmidi, config.websocket) if port and port.output),
    ]
    if not outputs:
        raise FileError(path, "has no output mapping, under [midi], [serialmidi] or [websocket]")
    return outputs[0]


def _midi(rollout: "Rollout", mapping: "Mapping") -> bytes:
    """What a device would have been sent, gates included; all notes have ended at the end."""
    from impsy.core.sender import MidiSender
    from impsy.wire.midi_file import encode_file

    sender = MidiSender(mapping)
    sent = []
    for at, values in zip(rollout.seconds.tolist(), rollout.values.tolist(), strict=True):
        while (end := sender.next_deadline()) is not None and end <= at:
            sent.append((end, sender.advance(end)))
        sent.append((at, sender.messages(values, at)))
    sent.append((sent[-1][0], sender.silence()))
    return encode_file(chain.from_iterable(((at, message) for message in messages) for at, messages in sent))
