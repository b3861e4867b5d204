"""`impsy dataset`: recordings become a dataset."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli import options
from impsy.cli.finite import Finite
from impsy.cli.left_out import tell_left_out
from impsy.core.interaction import LONGEST_DT
from impsy.data.wording import count
from impsy.errors import ImpsyError, LogError, MidiFileError

if TYPE_CHECKING:
    from impsy.core.mapping import Mapping
    from impsy.data.collate import Collection
    from impsy.data.sources import Sources
    from impsy.data.survey import Survey


@click.command()
@click.option("-D", "--dimension", type=click.IntRange(min=2), help="Controls + 1; needed where logs differ.")
@click.option(
    "-S",
    "--source",
    "places",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A folder of logs, or a dataset; may be given several times.  [default: logs]",
)
@click.option(
    "--midi",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    multiple=True,
    help="A folder of MIDI files (or one file), in place of logs or beside -S; needs --mapping.",
)
@click.option(
    "--mapping",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="CONFIG",
    help="The configuration whose input mapping tells what in a MIDI file sets which control.",
)
@click.option(
    "--exclude",
    metavar="PATTERN",
    multiple=True,
    help="Leave out the files whose name (or path) fits, such as '2026-01-31*'; may be given several times.",
)
@click.option(
    "--max-dt",
    type=Finite(min=0.0, min_open=True),
    metavar="SECONDS",
    default=LONGEST_DT,
    show_default=True,
    help="A longer silence ends a performance, and another begins.",
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
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a page with pictures of what was played, and what looks wrong with it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found out about the recordings as JSON.")
def command(
    dimension: int | None,
    places: tuple[Path, ...],
    midi: tuple[Path, ...],
    config_file: Path | None,
    exclude: tuple[str, ...],
    max_dt: float,
    destination: Path,
    filename: str | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Collect logs, or MIDI files, into a dataset to train on; the same ones give the same file, byte for byte."""
    from impsy.data.collate import collate
    from impsy.data.datasets import dataset_name, load_dataset, save_dataset
    from impsy.data.sources import find_sources

    options.check_report(report)
    if bool(midi) != bool(config_file):
        raise click.UsageError("--midi and --mapping need each other")
    mapping = _mapping(config_file) if config_file else ()
    places = places or (() if midi else (Path("logs"),))
    named = ", ".join(map(str, (*places, *midi)))
    sources = find_sources(places, exclude, midi, len(mapping) + 1)
    dimension = _choose(named, sources, dimension, midi=bool(midi))
    for pattern in exclude:
        click.echo(f"excluded   {count(sources.excluded[pattern], 'file')} by {pattern}", err=True)
    path = _target(destination, filename or dataset_name(dimension), sources.by_dimension[dimension])
    collection = collate(sources.by_dimension[dimension], dimension, mapping)
    _tell(collection, max_dt)
    performances = collection.performances(max_dt)
    if not performances:
        raise ImpsyError(f"{named}: nothing of dimension {dimension} is a performance")
    if older := save_dataset(path, performances):
        click.echo(f"kept       what had this name is {older} now", err=True)
    dataset = load_dataset(path)
    _survey(collection, path, max_dt, report, as_json=as_json)
    click.echo(
        f"{path}: {count(len(dataset.performances), 'performance')}, "
        f"{count(dataset.interactions, 'interaction')}, {dataset.seconds / 60:.1f} minutes, dimension {dimension}",
        err=as_json,
    )
    click.echo(f"next       impsy train {path}", err=True)


def _mapping(config_file: Path) -> "Mapping":
    """The mapping by which a configuration hears MIDI."""
    from impsy.config.load import load_config
    from impsy.config.schema import mappings

    loaded = load_config(config_file)
    if loaded.problems:
        raise ImpsyError("\n".join(f"{config_file}: {problem}" for problem in loaded.problems))
    found = mappings(loaded.config, ["input"])
    if not found:
        raise ImpsyError(f"{config_file}: no input mapping is in it; `impsy learn` makes one")
    if len({mapping for _, mapping in found}) > 1:
        several = ", ".join(words for words, _ in found)
        raise ImpsyError(f"{config_file}: it has several input mappings ({several}); keep one, in a copy")
    return found[0][1]


def _target(folder: Path, name: str, inputs: Sequence[Path]) -> Path:
    """The file to write, which is none of those that are read."""
    path = folder / (name if name.endswith(".npz") else f"{name}.npz")
    if path.exists() and any(path.samefile(each) for each in inputs):
        raise ImpsyError(
            f"{path} is read (-S) and would be replaced: the next time its logs would count twice; "
            "name another file with -F, or collect the logs alone"
        )
    return path


def _choose(named: str, sources: "Sources", dimension: int | None, *, midi: bool) -> int:
    """The dimension asked for, else the only one present."""
    found = sources.by_dimension
    there = ", ".join(f"{dim} ({count(len(paths), 'file')})" for dim, paths in sorted(found.items()))
    if not found and sources.excluded:
        raise LogError(named, "holds nothing but what --exclude leaves out")
    if not found and midi:
        raise MidiFileError(named, "holds no MIDI file (.mid)")
    if not found:
        raise LogError(named, "holds no log (*-<dimension>d-mdrnn.log); play with `impsy run` first")
    if dimension is not None and dimension not in found:
        raise LogError(named, f"holds nothing of dimension {dimension}; there are: {there}")
    if dimension is None and len(found) > 1:
        raise ImpsyError(f"{named} holds several dimensions: {there}; choose one with --dimension")
    return dimension if dimension is not None else next(iter(found))


def _tell(collection: "Collection", max_dt: float) -> None:
    """One line for each kind of thing that was left out, mended or cut."""
    for name, why in collection.unused.items():
        click.echo(f"left out   {name}: {why}", err=True)
    tell_left_out(collection)
    silences = collection.silences(max_dt)
    if len(silences):
        minutes = f"{silences.sum() / 60:.1f} minutes in all"
        click.echo(f"split      at {count(len(silences), 'silence')} longer than {max_dt:g} s, {minutes}", err=True)
    if lone := collection.lone_gestures(max_dt):
        click.echo(f"left out   {count(lone, 'gesture')} alone between silences, without a dt", err=True)


def _survey(collection: "Collection", path: Path, max_dt: float, report: Path | None, *, as_json: bool) -> None:
    """Look through what was collected, and tell of it where that was asked for."""
    from impsy.data.survey import remarks, survey
    from impsy.training.fit import Recipe

    if report is None and not as_json:
        return
    found = survey(collection.recordings, max_dt, Recipe().steps)
    if as_json:
        click.echo(json.dumps({**asdict(found), "remarks": remarks(found)}, indent=1, ensure_ascii=False))
    options.write_report(report, lambda: _page(path, collection, found))


def _page(path: Path, collection: "Collection", found: "Survey") -> str:
    from impsy.reports.dataset import dataset_page

    return dataset_page(path.name, collection.recordings, found)
