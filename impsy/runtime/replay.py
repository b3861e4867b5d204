"""Replay: what was recorded, as OSC at its recorded timing.

Every interaction has an absolute time on one schedule, so that a late wake-up never delays the next. Pure but for
`send`, which waits and sends.
"""

import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import load_dataset
from impsy.data.logs import LogReading, log_dimension, read_log
from impsy.errors import FileError, PortError
from impsy.wire.osc import encode

ADDRESS = "/interface"
BETWEEN = 1.0  # seconds between two performances of a dataset, whose distance nobody recorded


@dataclass(frozen=True, slots=True)
class Take:
    """One performance to be played again."""

    seconds: NDArray[np.float64]  # (rows,), from 0, never falling
    values: NDArray[np.float64]  # (rows, controls)


def load_takes(path: Path) -> tuple[list[Take], LogReading | None]:
    """The performances of a dataset, or the performer's rows of a log with what was read; raises `FileError`."""
    if path.suffix == ".npz":
        tables = [table.astype(np.float64) for table in load_dataset(path).performances]
        return [_take(table[:, 0], table[:, 1:]) for table in tables], None
    dimension = log_dimension(path.name)
    if dimension is None or dimension < 2:
        raise FileError(path, "is neither a dataset (.npz) nor a log (…-<dimension>d-mdrnn.log)")
    reading = read_log(path, dimension - 1)
    return [_take(np.diff(reading.seconds, prepend=reading.seconds[:1]), reading.values)], reading


def _take(dts: NDArray[np.float64], values: NDArray[np.float64]) -> Take:
    """The first dt tells of a time before the take: it begins at 0."""
    waits = np.maximum(dts, 0.0)
    waits[:1] = 0.0
    return Take(np.cumsum(waits), values)


def schedule(takes: Sequence[Take], speed: float = 1.0, max_dt: float | None = None) -> list[tuple[float, list[float]]]:
    """When to send what, in seconds from the start: pauses shortened to `max_dt`, then everything `speed` times faster.

    >>> take = Take(np.array([0.0, 1.0, 9.0]), np.array([[0.1], [0.2], [0.3]]))
    >>> schedule([take], speed=2.0, max_dt=4.0)
    [(0.0, [0.1]), (0.5, [0.2]), (2.5, [0.3])]
    """
    longest = np.inf if max_dt is None else max_dt
    played = [take for take in takes if len(take.seconds)]
    waits = [np.minimum(np.diff(take.seconds, prepend=-BETWEEN), longest) for take in played]
    if not played:
        return []
    waits[0][0] = 0.0
    times = np.cumsum(np.concatenate(waits)) / speed
    return list(zip(times.tolist(), np.concatenate([take.values for take in played]).tolist(), strict=True))


def send(plan: Iterable[tuple[float, list[float]]], host: str, port: int) -> Iterator[float]:
    """Send a schedule as `/interface` messages, yielding the time of each as it is sent; raises `PortError`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except OSError as error:
        raise PortError(f"{host}:{port}", f"no such address ({error.strerror or error})") from error
    with socket.socket(family, kind, protocol) as udp:
        start = time.perf_counter()
        for at, values in plan:
            packet = encode(ADDRESS, values)
            wait = start + at - time.perf_counter()
            if wait > 0.0:
                time.sleep(wait)
            try:
                udp.sendto(packet, address)
            except OSError as error:
                raise PortError(f"{host}:{port}", f"cannot be sent to ({error.strerror or error})") from error
            yield at
