"""`impsy convert`: a model file becomes the one that plays best."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.info import shape_in_words
from impsy.errors import ImpsyError

if TYPE_CHECKING:
    from impsy.evaluation.hearing import Performances
    from impsy.training.convert import Converted, Source


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A folder, or the file itself (.tflite).  [default: beside MODEL, under the name that its shape gives]",
)
@click.option(
    "--quantise",
    type=click.Choice(["float16"]),
    help="Keep weights as 16-bit floats: half the size, a little less exact; --data tells what that costs.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="With --quantise: a dataset (.npz) or a log, to tell the loss in nats an event.",
)
def command(model: Path, output: Path | None, quantise: str | None, data: Path | None) -> None:
    """Make of MODEL (.keras, .h5 weights, or a .tflite that is old or slow) the .tflite that plays everywhere."""
    from impsy.training.convert import convert, read_source

    if data and not quantise:
        raise click.UsageError("--data belongs to --quantise: without it nothing is lost")
    source = read_source(model)
    _say("read", f"{model}: {shape_in_words(source.weights.spec)}")
    takes = _takes(data, model, source.weights.spec.dimension) if data else None
    converted = convert(source, output, half=quantise is not None)
    _tell(source, converted)
    if takes:
        _say("score", _loss(source, converted.path, takes))
    click.echo(converted.path)
    _say("next", f"impsy run {converted.path}")


def _say(what: str, text: str) -> None:
    click.echo(f"{what:<10} {text}", err=True)


def _tell(source: "Source", converted: "Converted") -> None:
    from impsy.model.agreement import STEPS

    _say("checked", f"{STEPS} steps against {source.against}: {converted.difference:.1g} apart at most")
    if source.is_quantised:
        _say("note", "its 8-bit weights are kept, and calculated with as 32-bit floats from now on")
    if converted.older:
        _say("kept", f"what had this name is {converted.older} now")


def _takes(data: Path, model: Path, dimension: int) -> "Performances":
    """What to judge by, read before anything is written."""
    from impsy.cli.performances import read_takes
    from impsy.core.interaction import LONGEST_DT

    takes = read_takes(data, LONGEST_DT)
    if (found := takes[0][0].shape[1]) != dimension:
        raise ImpsyError(f"{model} has dimension {dimension}, but the data has {found}")
    return takes


def _loss(source: "Source", path: Path, takes: "Performances") -> str:
    """What 16-bit weights cost, in nats an event."""
    import numpy as np

    from impsy.evaluation.hearing import hear_out
    from impsy.model.litert import LiteRtPredictor
    from impsy.model.single_step import single_step

    with tempfile.TemporaryDirectory(prefix="impsy-") as folder:
        exact = Path(folder) / "exact.tflite"
        exact.write_bytes(single_step(source.weights))
        models = [LiteRtPredictor(file) for file in (exact, path)]
    before, after = (float(np.concatenate(hear_out(model, takes).joint).mean()) for model in models)
    return f"{before:.4f} → {after:.4f} nats an event ({after - before:+.4f}); lower is better"
