"""Trimming: stretches of a log become logs of their own, line by line as they were written.

Time runs from the first row and never goes back: where a clock did, it stands still, as dt does (formats §2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from impsy.data.files import written_whole
from impsy.data.logs import log_dimension, log_name, read_stamp
from impsy.errors import LogError


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a log, of the performer's or the model's."""

    at: float  # seconds since the first row
    stamp: datetime
    line: bytes  # as it stands there, with its newline


def read_rows(path: Path) -> tuple[list[Row], int]:
    """The rows of a log, and how many lines have no readable timestamp; raises `LogError`."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise LogError(path, f"cannot be read: {error.strerror or error}") from error
    rows: list[Row] = []
    unreadable = 0
    for line in lines:
        stamp = read_stamp(line.partition(b",")[0].decode("utf-8", "replace"))
        if stamp is None:
            unreadable += bool(line.strip())
            continue
        since = (stamp - rows[-1].stamp).total_seconds() if rows else 0.0
        at = rows[-1].at + max(since, 0.0) if rows else 0.0
        rows.append(Row(at, stamp, line if line.endswith(b"\n") else line + b"\n"))
    return rows, unreadable


def cut(rows: Sequence[Row], edges: Sequence[float]) -> list[list[Row]]:
    """The rows between each two edges, in seconds that rise: from the first on, and before the second."""
    return [[row for row in rows if start <= row.at < stop] for start, stop in pairwise(edges)]


def write_piece(rows: Sequence[Row], target: Path, dimension: int) -> Path:
    """Write rows, at least one, as a log; no file that is there is replaced. Raises `LogError`.

    `target` is the file, if it ends in `.log`, else a folder, in which the log is named by the time of its first row.
    """
    path = target
    try:
        if target.suffix == ".log":
            if log_dimension(target.name) != dimension:
                raise LogError(target, f"is no name for this log: it has to end in -{dimension}d-mdrnn.log")
            if target.exists():
                raise LogError(target, "is there already, and is not replaced")
        else:
            target.mkdir(parents=True, exist_ok=True)
            path = target / log_name(rows[0].stamp, dimension, {file.name for file in target.iterdir()})
        with written_whole(path) as aside:
            aside.write_bytes(b"".join(row.line for row in rows))
    except OSError as error:
        raise LogError(path, f"cannot be written: {error.strerror or error}") from error
    return path
