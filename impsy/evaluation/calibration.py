"""Calibration: whether what is said to be likely happens as often as that, dimension by dimension.

The probability integral transform of an event is how much of the forecast lay below it; of a true forecast it is
uniform (Dawid 1984). An event here is a cell, which takes a whole stretch of the transform, so a point is drawn from
the stretch: uniform again, where the forecast is true (Czado, Gneiting & Held 2009).
"""

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.normal import cdf
from impsy.evaluation.score import Forecasts, cells

BINS = 20
COVERAGES = 0.5, 0.9


def transforms(events: NDArray[np.floating], forecasts: Forecasts, rng: np.random.Generator) -> NDArray[np.float64]:
    """Randomised transforms of `events` (T, D), in [0, 1]; one uniform number each leaves `rng`."""
    lower, upper = (_below(edge, forecasts) for edge in cells(np.asarray(events, np.float64)))
    drawn: NDArray[np.float64] = lower + rng.random(lower.shape) * (upper - lower)
    return drawn


def histogram(pits: NDArray[np.floating]) -> NDArray[np.float64]:
    """How many times as many transforms (T,) as a true forecast would have fall into each of `BINS`, (BINS,)."""
    counts, _ = np.histogram(pits, BINS, (0.0, 1.0))
    return np.asarray(counts * BINS / max(len(pits), 1), np.float64)


def coverage(pits: NDArray[np.floating], level: float) -> NDArray[np.float64]:
    """The share of events within the central interval of probability `level`, (D,) for transforms (T, D)."""
    return np.asarray((np.abs(pits - 0.5) <= 0.5 * level).mean(axis=0), np.float64)


def ks_from_uniform(pits: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far from uniform: the Kolmogorov-Smirnov distance, 0 to 1, (D,) for transforms (T, D)."""
    count = len(pits)
    ordered = np.sort(pits, axis=0)
    ranks = np.arange(count)[:, np.newaxis]
    return np.asarray(np.maximum(ordered - ranks / count, (ranks + 1) / count - ordered).max(axis=0), np.float64)


def _below(edges: NDArray[np.float64], forecasts: Forecasts) -> NDArray[np.float64]:
    """The probability below each edge (T, D) by itself, (T, D)."""
    below = cdf((edges[:, np.newaxis] - forecasts.means) / forecasts.deviations)  # (T, K, D)
    weights = np.exp(forecasts.log_weights)[:, :, np.newaxis]
    return np.asarray((weights * below).sum(axis=1), np.float64)
