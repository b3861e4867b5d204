"""How sure a mean is: intervals by a block bootstrap (Künsch 1989; Efron & Tibshirani 1993).

Events that follow one another are much alike, so not events are drawn again, but what is nearly independent: whole
performances, where there are enough of them, else long blocks of events: of 500, or a twentieth of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
_RESAMPLES = 4000
_ENOUGH = 10  # performances, below which blocks of them are drawn
_BLOCK = 500  # events, at most
_FEWEST = 20  # blocks: from fewer nobody can tell how sure a mean is


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and between what it lies in 95 of 100 data sets like this one."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[NDArray[np.floating]], seed: int = 0) -> Interval:
    """The mean of all values, (events,) for each performance, and its interval; without any values all are NaN.

    The same seed draws the same blocks for values of the same lengths: differences of two scores are paired by that.
    """
    (found,) = intervals([np.asarray(part)[:, np.newaxis] for part in values], seed)
    return found


def intervals(values: Sequence[NDArray[np.floating]], seed: int = 0) -> tuple[Interval, ...]:
    """The same for each column of values (events, columns): all are drawn together."""
    blocks = _blocks([np.asarray(part, np.float64) for part in values if len(part)])
    if not blocks:
        return tuple(Interval(np.nan, np.nan, np.nan) for _ in range(values[0].shape[1] if len(values) else 1))
    sums = np.array([block.sum(axis=0) for block in blocks])  # (blocks, columns)
    counts = np.array([len(block) for block in blocks])
    chances = np.full(len(blocks), 1.0 / len(blocks))
    times = np.random.default_rng(seed).multinomial(len(blocks), chances, _RESAMPLES)  # (resamples, blocks)
    means = (times @ sums) / (times @ counts)[:, np.newaxis]
    lows, highs = np.quantile(means, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0)
    columns = zip(sums.sum(axis=0) / counts.sum(), lows, highs, strict=True)
    return tuple(Interval(float(mean), float(low), float(high)) for mean, low, high in columns)


def drawn(values: Sequence[NDArray[np.floating]]) -> str:
    """What is drawn again, in words: `35 performances` or `12 blocks of 500 events`."""
    parts = [np.asarray(part, np.float64) for part in values if len(part)]
    if len(parts) >= _ENOUGH:
        return f"{len(parts)} performances"
    return f"{len(_blocks(parts))} blocks of {_length(parts)} events"


def _blocks(parts: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Performances, or where they are few, pieces of about as many events of each."""
    if len(parts) >= _ENOUGH:
        return parts
    length = _length(parts)
    return [block for part in parts for block in np.array_split(part, max(round(len(part) / length), 1))]


def _length(parts: list[NDArray[np.float64]]) -> int:
    """Of a block, in events."""
    return max(min(_BLOCK, sum(map(len, parts)) // _FEWEST), 1)
