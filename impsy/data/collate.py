"""Collating: a folder of logs becomes performances, and what could not be used is told."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impsy.data.logs import log_dimension, read_log
from impsy.errors import LogError


@dataclass(slots=True)
class Collection:
    """Performances of one dimension, one per log that held any, and what was left out on the way."""

    performances: list[NDArray[np.float64]] = field(default_factory=list)  # (length, dimension) each
    unused: dict[Path, str] = field(default_factory=dict)  # files, and why
    skipped: Counter[str] = field(default_factory=Counter)  # rows, by reason
    clipped: int = 0  # values
    negative_dts: int = 0


def find_logs(folder: Path) -> dict[int, list[Path]]:
    """The logs in `folder`, in order of their names, by dimension; raises `LogError` if it cannot be looked into."""
    found: dict[int, list[Path]] = {}
    try:
        names = sorted((path.name for path in folder.iterdir()), key=_in_time)
    except FileNotFoundError as error:
        raise LogError(folder, "there is no such folder; play with `impsy run` first") from error
    except OSError as error:
        raise LogError(folder, f"cannot be looked into: {error.strerror or error}") from error
    for name in names:
        dimension = log_dimension(name)
        if dimension is not None and dimension >= 2:
            found.setdefault(dimension, []).append(folder / name)
    return found


def _in_time(name: str) -> tuple[str, int, str]:
    """Sorts by the start; within one second, the names with a number (`-2`, `-10`) follow, and are longer."""
    return name[: len("2026-01-31T20-15-00")], len(name), name


def collate(logs: list[Path], dimension: int) -> Collection:
    """Read logs of one dimension, each into a performance; one that cannot be opened or is empty is left out."""
    collection = Collection()
    for path in logs:
        try:
            reading = read_log(path, dimension - 1)
        except LogError as error:
            collection.unused[path] = error.what
            continue
        collection.skipped += reading.skipped
        collection.clipped += reading.clipped
        collection.negative_dts += reading.negative_dts
        if len(reading.rows):
            collection.performances.append(reading.rows)
        else:
            collection.unused[path] = "fewer than two rows of the performer"
    return collection
