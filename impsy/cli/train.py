"""`impsy train`: a dataset becomes a model."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli import options
from impsy.cli.learning import Progress, teller
from impsy.errors import DatasetError, ImpsyError
from impsy.model.names import SIZES

if TYPE_CHECKING:
    from impsy.data.datasets import Dataset

_DATASETS = Path("datasets")


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path), required=False)
@click.option("-D", "--dimension", type=click.IntRange(min=2), help="Controls + 1; a check where a dataset is named.")
@click.option("-S", "--source", type=click.Path(path_type=Path), help="The dataset, as an option.")
@click.option(
    "-M",
    "--modelsize",
    type=click.Choice((*SIZES, "auto")),
    default="s",
    show_default=True,
    help="Larger ones learn more of much playing, and take longer; auto goes by the dataset.",
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
@options.numepochs("Rounds through the data, at most.")
@click.option(
    "-B",
    "--batchsize",
    type=click.IntRange(min=1),
    default=64,  # this, the patience and the epochs are those of `Recipe` (tests)
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
@click.option("--augment", is_flag=True, help="Vary what was played: tempo, place, direction of controls.")
@click.option(
    "--from",
    "begin_with",
    type=click.Path(path_type=Path),
    help="Go on from a model of this dimension; its size holds.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="The same seed gives the same model.  [default: drawn]")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped; the other options as they were.")
@click.option(
    "--progress",
    type=click.Choice([way.value for way in Progress]),
    default=Progress.AUTO.value,
    show_default=True,
    help="How it is told: in place on a terminal, in lines elsewhere, or in JSON lines for a program.",
)
@click.option(
    "--sweep",
    type=click.Path(path_type=Path),
    help="Search for a better recipe as this file says, instead of training once; the recipe, size and seed are the "
    "file's. Needs the extra `cluster`.",
)
@click.option("--ray", metavar="ADDRESS", help="Do the sweep on the Ray cluster at this address, or `auto`.")
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
    augment: bool,
    begin_with: Path | None,
    seed: int | None,
    resume: bool,
    progress: str,
    sweep: Path | None,
    ray: str | None,
) -> None:
    """Train a model on a dataset (the only one in `datasets/`, if none is named).

    Ctrl-C ends it early and keeps the best so far. Beside the model a folder `<name>-run` tells how it went.
    """
    from impsy.data.datasets import load_dataset
    from impsy.training.fit import Recipe
    from impsy.training.train import train

    if ray is not None and sweep is None:
        raise click.UsageError("--ray goes with --sweep")
    if sweep is not None:
        from impsy.cli.sweeping import check_options

        check_options(click.get_current_context())
    path = dataset or source or _only_dataset(dimension)
    loaded = load_dataset(path)
    if dimension not in (None, loaded.dimension):
        raise DatasetError(path, f"has dimension {loaded.dimension}, not {dimension}")
    if sweep is not None:
        from impsy.cli.sweeping import train_many

        train_many(sweep, path, loaded, destination, ray, Progress(progress))
        return
    if progress != Progress.JSON:
        _tell_dataset(path, loaded)
    recipe = Recipe(numepochs, patience if earlystopping else None, batchsize, augment=augment)
    tell = teller(Progress(progress))
    trained = train(
        *(loaded, modelsize, recipe, destination, seed, tell), source=str(path), resume=resume, begin_with=begin_with
    )
    tell.trained(trained)


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


def _tell_dataset(path: Path, dataset: "Dataset") -> None:
    """What takes seconds to be learned from, said at once."""
    click.echo(
        f"training   {path}: {dataset.interactions:,} interactions, {dataset.seconds / 60:.1f} minutes, "
        f"dimension {dataset.dimension}",
        err=True,
    )
