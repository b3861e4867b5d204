"""What the made-up corpora have in common: how hands get from place to place, and how it is written down.

A stroke follows the minimum-jerk profile (Flash and Hogan, 1985), and its time grows with its length (Fitts, 1954).
Every performance becomes a log, as `impsy run` would have written it, so that `impsy dataset` and `impsy train` can
take over.
"""

import argparse
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np

from impsy.core.actions import Origin
from impsy.data.logs import format_row, log_name

FIRST = datetime.fromisoformat("2026-01-01T20:00:00")  # logs are in naive local time

Row: TypeAlias = tuple[float, tuple[float, ...]]  # seconds from the start, the controls
Perform: TypeAlias = Callable[[float, np.random.Generator], Iterator[Row]]  # for so many seconds


def minimum_jerk(t: float) -> float:
    """How far a stroke has come after the part `t` of its time, both 0 to 1.

    >>> minimum_jerk(0.0), minimum_jerk(0.5), minimum_jerk(1.0)
    (0.0, 0.5, 1.0)
    """
    return t**3 * (10.0 - 15.0 * t + 6.0 * t * t)


def folded(value: float, edge: float) -> float:
    """`value`, reflected `edge` before 0 and 1 as a billiard ball is.

    >>> folded(0.5, 0.25), folded(1.0, 0.25), folded(1.5, 0.25)
    (0.5, 0.5, 0.5)
    """
    width = 1.0 - 2.0 * edge
    beyond = (value - edge) % (2.0 * width)
    return edge + (beyond if beyond <= width else 2.0 * width - beyond)


def main(title: str, dimension: int, perform: Perform) -> None:
    """Write a corpus, as the command line asks for."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0, help="of playing, in all")
    parser.add_argument("--performances", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(arguments.seed)
    for number in range(arguments.performances):
        rows = perform(60.0 * arguments.minutes / arguments.performances, rng)
        _write(arguments.folder, FIRST + timedelta(days=number), dimension, rows)


def _write(folder: Path, start: datetime, dimension: int, rows: Iterator[Row]) -> None:
    path = folder / log_name(start, dimension, {log.name for log in folder.iterdir()})
    with path.open("w", encoding="utf-8", newline="\n") as log:
        for at, values in rows:
            stamp = (start + timedelta(seconds=at)).isoformat(timespec="microseconds")
            log.write(format_row(stamp, Origin.PERFORMER, values))
