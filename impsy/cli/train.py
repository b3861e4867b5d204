"""`impsy train`: a dataset becomes a model."""

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.errors import DatasetError, ImpsyError
from impsy.model.names import SIZES

if TYPE_CHECKING:
    from impsy.data.datasets import Dataset
    from impsy.training.fit import Epoch

_DATASETS = Path("datasets")


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path), required=False)
@click.option("-D", "--dimension", type=click.IntRange(min=2), help="Controls + 1; a check where a dataset is named.")
@click.option("-S", "--source", type=click.Path(path_type=Path), help="The dataset, as an option.")
@click.option(
    "-M",
    "--modelsize",
    type=click.Choice(tuple(SIZES)),
    default="s",
    show_default=True,
    help="Larger ones learn more of much playing, and take longer.",
)
@click.option(
    "--earlystopping/--no-earlystopping", default=True, show_default=True, help="Stop when it no longer gains."
)
@click.option(
    "-P",
    "--patience",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Epochs without gain before it stops.",
)
@click.option(
    "-N",
    "--numepochs",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Rounds through the data, at most.",
)
@click.option(
    "-B",
    "--batchsize",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Stretches of playing learned from side by side.",
)
@click.option(
    "-O",
    "--destination",
    type=click.Path(path_type=Path),
    default="models",
    show_default=True,
    help="The folder for the model.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="The same seed gives the same model.  [default: drawn]")
def command(
    dataset: Path | None,
    dimension: int | None,
    source: Path | None,
    modelsize: str,
    earlystopping: bool,
    patience: int,
    numepochs: int,
    batchsize: int,
    destination: Path,
    seed: int | None,
) -> None:
    """Train a model on a dataset (the only one in `datasets/`, if none is named)."""
    from impsy.data.datasets import load_dataset
    from impsy.training.fit import Recipe
    from impsy.training.train import train

    path = dataset or source or _only_dataset(dimension)
    loaded = load_dataset(path)
    if dimension not in (None, loaded.dimension):
        raise DatasetError(path, f"has dimension {loaded.dimension}, not {dimension}")
    seed = secrets.randbits(32) if seed is None else seed
    _tell_start(path, loaded, modelsize, seed)
    recipe = Recipe(epochs=numepochs, patience=patience if earlystopping else None, lanes=batchsize)
    trained = train(loaded, modelsize, recipe, destination, seed, _tell)
    _tell_line("")
    click.echo(
        f"kept       epoch {trained.best.number}: held-out loss {trained.best.held_out:.3f} nats per interaction "
        f"({trained.held_out:,} held out, {trained.learned:,} learned)",
        err=True,
    )
    click.echo(trained.keras_path)
    click.echo(trained.lite_path)
    click.echo(f"next       impsy run {trained.lite_path}", err=True)


def _only_dataset(dimension: int | None) -> Path:
    from impsy.data.datasets import dataset_name

    found = sorted(_DATASETS.glob("*.npz"))
    if dimension is not None:
        return _DATASETS / dataset_name(dimension)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ImpsyError(f"there is no dataset in {_DATASETS}/; make one of your logs with `impsy dataset`")
    raise ImpsyError(f"name one of the datasets: impsy train {' | '.join(map(str, found))}")


def _tell_start(path: Path, dataset: "Dataset", size: str, seed: int) -> None:
    click.echo(
        f"training   {path}: {dataset.interactions:,} interactions, {dataset.seconds / 60:.1f} minutes, "
        f"dimension {dataset.dimension}; size {size}, seed {seed}",
        err=True,
    )


def _tell(epoch: "Epoch") -> None:
    left = f"{epoch.seconds_left // 60:.0f} min {epoch.seconds_left % 60:02.0f} s"
    best = "  best" if epoch.best else ""
    _tell_line(
        f"epoch {epoch.number:>4} of {epoch.of}   loss {epoch.loss:8.3f}   held out {epoch.held_out:8.3f}   "
        f"at most {left} left{best}"
    )


def _tell_line(line: str) -> None:
    """On a terminal each line takes the place of the one before; elsewhere they follow one another."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{line}", err=True, nl=False)
    elif line:
        click.echo(line, err=True)
