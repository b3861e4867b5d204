"""How sure a mean is: intervals by a block bootstrap (Künsch 1989; Efron & Tibshirani 1993).

Events that follow one another are much alike, and so are phrases of one evening. So what is drawn again is neither, but
long blocks, which are nearly independent: neighbouring performances joined until they have enough events, and where
that makes too few of them, pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
_RESAMPLES = 4000
_ENOUGH = 10  # blocks of whole performances, below which pieces of them are drawn
_BLOCK = 500  # events of a block, where that makes as many blocks as below
_FEWEST, _MOST = 20, 40  # from fewer nobody can tell how sure a mean is; more are shorter, and less independent


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
    beyond = _beyond(len(blocks))
    lows, highs = np.quantile(means, [beyond, 1.0 - beyond], axis=0)
    columns = zip(sums.sum(axis=0) / counts.sum(), lows, highs, strict=True)
    return tuple(Interval(float(mean), float(low), float(high)) for mean, low, high in columns)


def _beyond(blocks: int) -> float:
    """The share of resamples below an interval, and above: smaller where blocks are few, which are never all there is.

    So that an interval of a normal mean is as wide as Student's (expanded percentile interval, Hesterberg 2015; the
    quantile of t by Cornish and Fisher).
    """
    z, nu = NormalDist().inv_cdf(0.5 + LEVEL / 2), max(blocks - 1, 1)
    t = z + (z**3 + z) / (4 * nu) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * nu**2)
    return NormalDist().cdf(-t * sqrt((nu + 1) / nu))


def drawn(values: Sequence[NDArray[np.floating]]) -> str:
    """What is drawn again: `35 performances`, `28 blocks of neighbouring performances` or `28 blocks of 500 events`."""
    parts = [np.asarray(part, np.float64) for part in values if len(part)]
    length = _length(parts)
    joined = len(_joined(parts, length))
    if joined < _ENOUGH:
        return f"{len(_blocks(parts))} blocks of {length:,} events"
    return f"{joined} performances" if joined == len(parts) else f"{joined} blocks of neighbouring performances"


def _blocks(parts: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Whole performances, or where those are few, pieces of about as many events of each."""
    length = _length(parts)
    joined = _joined(parts, length)
    if len(joined) >= _ENOUGH:
        return joined
    return [piece for block in joined for piece in np.array_split(block, max(round(len(block) / length), 1))]


def _joined(parts: list[NDArray[np.float64]], length: int) -> list[NDArray[np.float64]]:
    """Neighbours together, until they have so many events; what is left at the end goes with those before it."""
    blocks: list[list[NDArray[np.float64]]] = []
    for part in parts:
        if blocks and sum(map(len, blocks[-1])) < length:
            blocks[-1].append(part)
        else:
            blocks.append([part])
    if len(blocks) > 1 and sum(map(len, blocks[-1])) < length:
        last = blocks.pop()
        blocks[-1] += last
    return [np.concatenate(block) for block in blocks]


def _length(parts: list[NDArray[np.float64]]) -> int:
    """Of a block, in events."""
    events = sum(map(len, parts))
    return max(min(_BLOCK, events // _FEWEST), events // _MOST, 1)
