"""Sources: which recordings there are to collect, by dimension, in an order that does not depend on where they lie."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from impsy.data.datasets import load_dataset
from impsy.data.logs import log_dimension
from impsy.errors import LogError

DATASET = ".npz"


@dataclass(frozen=True, slots=True)
class Sources:
    """What was found."""

    by_dimension: dict[int, list[Path]]  # in order of time
    excluded: Counter[str] = field(default_factory=Counter)  # files, by the pattern that each fell to first


def find_sources(places: Iterable[Path], exclude: Sequence[str] = ()) -> Sources:
    """The logs in folders, and datasets that are named themselves; a file that is reached twice counts once.

    A file is excluded by a pattern such as `2026-01-*` that fits its name or its whole path. Raises `LogError` for a
    folder that cannot be looked into, and `DatasetError`.
    """
    sources = Sources({})
    found = {path.resolve(): path for place in places for path in _in(place)}
    for path in sorted(found.values(), key=_in_time):
        pattern = next((pattern for pattern in exclude if _fits(path, pattern)), None)
        if pattern is None:
            sources.by_dimension.setdefault(_dimension(path), []).append(path)
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


def _fits(path: Path, pattern: str) -> bool:
    return fnmatchcase(path.name, pattern) or fnmatchcase(path.as_posix(), pattern)


def _in_time(path: Path) -> tuple[str, int, str, str]:
    """Sorts by the start; within one second, the names with a number (`-2`, `-10`) follow, and are longer."""
    return path.name[: len("2026-01-31T20-15-00")], len(path.name), path.name, path.as_posix()
