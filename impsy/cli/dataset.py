"""`impsy dataset`: logs become a dataset."""

from collections.abc import Mapping
from pathlib import Path

import click

from impsy.cli.left_out import count, tell_left_out
from impsy.errors import ImpsyError, LogError


@click.command()
@click.option("-D", "--dimension", type=click.IntRange(min=2), help="Controls + 1; needed where logs differ.")
@click.option(
    "-S", "--source", type=click.Path(path_type=Path), default="logs", show_default=True, help="The folder of logs."
)
@click.option(
    "-O",
    "--destination",
    type=click.Path(path_type=Path),
    default="datasets",
    show_default=True,
    help="The folder for it.",
)
@click.option("-F", "--filename", help="The file name.  [default: training-dataset-<dimension>d.npz]")
def command(dimension: int | None, source: Path, destination: Path, filename: str | None) -> None:
    """Collect logs into a dataset to train on."""
    from impsy.data.collate import collate, find_logs
    from impsy.data.datasets import dataset_name, load_dataset, save_dataset

    logs = find_logs(source)
    dimension = _choose(source, logs, dimension)
    collection = collate(logs[dimension], dimension)
    for path, why in collection.unused.items():
        click.echo(f"left out   {path}: {why}", err=True)
    tell_left_out(collection)
    if not collection.performances:
        raise LogError(source, f"no performance is in its {len(logs[dimension])} logs of dimension {dimension}")
    path = destination / (filename or dataset_name(dimension))
    if path.suffix != ".npz":
        path = path.with_name(f"{path.name}.npz")
    save_dataset(path, collection.performances)
    dataset = load_dataset(path)
    click.echo(
        f"{path}: {count(len(dataset.performances), 'performance')}, "
        f"{count(dataset.interactions, 'interaction')}, {dataset.seconds / 60:.1f} minutes, dimension {dimension}"
    )
    click.echo(f"next       impsy train {path}", err=True)


def _choose(source: Path, logs: Mapping[int, list[Path]], dimension: int | None) -> int:
    """The dimension asked for, else the only one present."""
    there = ", ".join(f"{found} ({count(len(paths), 'log')})" for found, paths in sorted(logs.items()))
    if not logs:
        raise LogError(source, "holds no log (*-<dimension>d-mdrnn.log); play with `impsy run` first")
    if dimension is not None and dimension not in logs:
        raise LogError(source, f"holds no log of dimension {dimension}; there are: {there}")
    if dimension is None and len(logs) > 1:
        raise ImpsyError(f"{source} holds logs of several dimensions: {there}; choose one with --dimension")
    return dimension if dimension is not None else next(iter(logs))
