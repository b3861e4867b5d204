"""Sources: which recordings there are to collect, by dimension, in an order that does not depend on where they lie."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path

from impsy.data.datasets import load_dataset
from impsy.data.logs import log_dimension
from impsy.errors import LogError, MidiFileError

DATASET = ".npz"
MIDI = ".mid", ".midi"


@dataclass(frozen=True, slots=True)
class Sources:
    """What was found."""

    by_dimension: dict[int, list[Path]]  # in order of time
    excluded: Counter[str] = field(default_factory=Counter)  # files, by the pattern that each fell to first


def find_sources(
    places: Iterable[Path], exclude: Sequence[str] = (), midi: Iterable[Path] = (), midi_dimension: int = 0
) -> Sources:
    """The logs in folders, datasets that are named themselves, and MIDI files in the folders `midi` and those within.

    The mapping of MIDI files has `midi_dimension`. A file that is reached twice counts once; one whose name or whole
    path a pattern fits, such as `2026-01-*`, is excluded. Raises `LogError` for a folder that cannot be looked into,
    `MidiFileError` and `DatasetError`.
    """
    sources = Sources({})
    logs, scores = (_in(place) for place in places), (_midi_in(place) for place in midi)
    found = {path.resolve(): path for path in chain.from_iterable((*logs, *scores))}
    for path in sorted(found.values(), key=_in_time):
        pattern = next((pattern for pattern in exclude if _fits(path, pattern)), None)
        if pattern is None:
            dimension = midi_dimension if path.suffix.lower() in MIDI else _dimension(path)
            sources.by_dimension.setdefault(dimension, []).append(path)
        else:
            sources.excluded[pattern] += 1
    return sources


def _dimension(path: Path) -> int:
    return load_dataset(path).dimension if path.suffix == DATASET else log_dimension(path.name) or 0


def _in(place: Path) -> list[Path]:
    """A dataset has to be named itself: those that lie in a folder of logs may have been made of them."""
    if place.suffix == DATASET and not place.is_dir():
        return [place]
    try:
        return [path for path in place.iterdir() if (log_dimension(path.name) or 0) >= 2]
    except FileNotFoundError as error:
        raise LogError(place, "there is no such folder; play with `impsy run` first") from error
    except OSError as error:
        raise LogError(place, f"cannot be looked into: {error.strerror or error}") from error


def _midi_in(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise MidiFileError(place, "there is no such folder of MIDI files")
    return [path for path in place.rglob("*") if path.suffix.lower() in MIDI and path.is_file()]


def _fits(path: Path, pattern: str) -> bool:
    return fnmatchcase(path.name, pattern) or fnmatchcase(path.as_posix(), pattern)


def _in_time(path: Path) -> tuple[str, int, str, str]:
    """Sorts by the start; within one second, the names with a number (`-2`, `-10`) follow, and are longer."""
    return path.name[: len("2026-01-31T20-15-00")], len(path.name), path.name, path.as_posix()
