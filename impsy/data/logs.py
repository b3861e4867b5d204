"""Logs: one CSV line per interaction, `<timestamp>,<source>,x_1,…,x_n` (formats §2).

A log is written while somebody plays, so writing is cheap and a reading expects the worst: a torn last line, a
number that is none, a clock that went back. What cannot be used is skipped and counted, never guessed.
"""

import math
import re
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impsy.core.actions import Origin
from impsy.errors import LogError

FEW_VALUES = "too few values"
BAD_TIMESTAMP = "unreadable timestamp"
BAD_NUMBER = "unreadable number"

_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?")  # naive, as logs are
_NAME = re.compile(r"-(?P<dimension>[1-9][0-9]{0,4})d-mdrnn\.log$")


def log_name(when: datetime, dimension: int, taken: Container[str] = ()) -> str:
    """The file name of a run that starts at `when`; names in `taken` are passed over (`-2`, `-3` …).

    >>> log_name(datetime(2026, 1, 31, 20, 15, 0), 9, {"2026-01-31T20-15-00-9d-mdrnn.log"})
    '2026-01-31T20-15-00-2-9d-mdrnn.log'
    """
    stamp = when.strftime("%Y-%m-%dT%H-%M-%S")
    name, number = f"{stamp}-{dimension}d-mdrnn.log", 1
    while name in taken:
        number += 1
        name = f"{stamp}-{number}-{dimension}d-mdrnn.log"
    return name


def log_dimension(name: str) -> int | None:
    """The dimension that a log's file name tells, or None where it is not the name of a log.

    >>> log_dimension("2026-01-31T20-15-00-9d-mdrnn.log")
    9
    """
    found = _NAME.search(name)
    return int(found["dimension"]) if found else None


def format_row(timestamp_text: str, source: str, values: Iterable[float]) -> str:
    r"""One line of a log with its newline; `values` are Python floats (or float64), in shortest form.

    >>> format_row("2026-01-31T20:15:00.000000", "interface", [0.1, 1.0])
    '2026-01-31T20:15:00.000000,interface,0.1,1.0\n'
    """
    return f"{timestamp_text},{source},{','.join(map(float.__repr__, values))}\n"


@dataclass(frozen=True, slots=True)
class LogReading:
    """What a log holds of the performer's playing, and what could not be used."""

    seconds: NDArray[np.float64]  # (rows,), since the first row, as stamped: a clock may have gone back
    values: NDArray[np.float64]  # (rows, controls), in [0, 1]
    clipped: int = 0  # values that lay outside [0, 1]
    skipped: Counter[str] = field(default_factory=Counter)  # rows by reason

    @property
    def rows(self) -> NDArray[np.float64]:
        """Interactions `[dt, x_1 … x_n]`, (rows - 1, controls + 1): the first row has no dt and gives none."""
        dts = np.maximum(np.diff(self.seconds), 0.0)
        return np.column_stack([dts, self.values[1:]])

    @property
    def negative_dts(self) -> int:
        """How often the stamps went back; such a dt is taken as 0."""
        return int(np.count_nonzero(np.diff(self.seconds) < 0.0))


def read_log(path: Path, controls: int) -> LogReading:
    """The performer's rows of a log, their first `controls` values each; raises `LogError` if it cannot be opened."""
    stamps: list[datetime] = []
    values: list[list[float]] = []
    skipped: Counter[str] = Counter()
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                match _parse(line, controls):
                    case str(reason):
                        skipped[reason] += 1
                    case (stamp, numbers):
                        stamps.append(stamp)
                        values.append(numbers)
    except OSError as error:
        raise LogError(path, f"cannot be read: {error.strerror or error}") from error
    seconds = np.array([(stamp - stamps[0]).total_seconds() for stamp in stamps], dtype=np.float64)
    raw = np.array(values, dtype=np.float64).reshape(-1, controls)
    clipped = np.clip(raw, 0.0, 1.0)
    return LogReading(seconds, clipped, int(np.count_nonzero(clipped != raw)), skipped)


def _parse(line: str, controls: int) -> tuple[datetime, list[float]] | str | None:
    """A row of the performer's; or why it is skipped; or None, where the line is nothing that concerns us."""
    columns = line.rstrip("\r\n").split(",")
    if columns == [""] or (len(columns) > 1 and columns[1] != Origin.PERFORMER):
        return None
    if len(columns) < 2 + controls:
        return FEW_VALUES
    stamp = read_stamp(columns[0])
    if stamp is None:
        return BAD_TIMESTAMP
    numbers = list(map(_number, columns[2 : 2 + controls]))
    return (stamp, numbers) if all(map(math.isfinite, numbers)) else BAD_NUMBER


def read_stamp(text: str) -> datetime | None:
    """The time that a row is stamped with, or None where that is unreadable."""
    if not _STAMP.fullmatch(text):  # fromisoformat alone takes a bare date, weeks and offsets
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> float:
    """NaN where it is none; Python would take an underscore too, so that a damaged `1.0` became 10."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
