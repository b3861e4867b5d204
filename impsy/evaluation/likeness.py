"""Likeness: how alike a model's playing, when nobody plays with it, is to the performer's.

Each trait is compared by a distance that is 0 where both are the same. No single one tells much; what matters is how
they stand beside those of other models, and of the performer with himself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.core.session import SHORTEST_DT
from impsy.evaluation.rollout import Rollout
from impsy.evaluation.score import CONTROL_CELL

LAGS = 1, 2, 5, 10, 20, 50  # events
TOGETHER = 4  # ways to count controls that move at once: none, one, two, more
_SPAN = 0.05, 0.95  # quantiles between which a control's range is taken
_RUNAWAY = 0.9  # the share of events at the shortest dt, or of values at an end, beyond which nobody is playing


@dataclass(frozen=True, slots=True)
class Traits:
    """What is typical of some playing of n controls."""

    dts: NDArray[np.float64]  # in seconds, ascending: of what was foreseen, or played
    values: NDArray[np.float64]  # (T, n), each control ascending
    spans: NDArray[np.float64]  # (n,): how wide the range is that each control mostly stays in
    together: NDArray[np.float64]  # (TOGETHER,): shares of events that move no control, one, two, more
    correlations: NDArray[np.float64]  # (lags, n): of each control with itself so many events later


@dataclass(frozen=True, slots=True)
class Likeness:
    """Distances between the traits of two ways of playing; all but `span` are 0 for the same."""

    dt_ks: float  # Kolmogorov-Smirnov, 0 to 1
    dt_wasserstein: float  # seconds
    value_wasserstein: float  # of the range, mean over the controls
    span: float  # the width of the model's range by the performer's, mean over the controls; 1 for the same
    correlation: float  # mean absolute difference of autocorrelations
    together: float  # total variation, 0 to 1, of how many controls move at once


def traits(takes: Sequence[NDArray[np.floating]]) -> Traits:
    """The traits of a performer's takes, rows `[dt, x_1 … x_n]` each; what is between two takes does not count.

    Nor does the first dt of each: it is of a silence, or from an event that is not there, and nobody foresees it.
    """
    return _traits(takes, np.concatenate([take[1:, 0] for take in takes]))


def traits_alone(rollouts: Sequence[Rollout]) -> Traits:
    """The same of what a model played alone, where it chose every dt; at least one of them has an event."""
    pieces = [rollout.events for rollout in rollouts]
    return _traits(pieces, np.concatenate(pieces)[:, 0])


def _traits(pieces: Sequence[NDArray[np.floating]], dts: NDArray[np.floating]) -> Traits:
    values = np.concatenate(pieces)[:, 1:]
    moved = np.concatenate([(np.abs(np.diff(piece[:, 1:], axis=0)) > CONTROL_CELL).sum(axis=1) for piece in pieces])
    counts = np.bincount(np.minimum(moved, TOGETHER - 1), minlength=TOGETHER)
    low, high = np.quantile(values, _SPAN, axis=0)
    correlations = [_correlation(pieces, lag, values.mean(axis=0)) for lag in LAGS]
    return Traits(
        np.sort(dts), np.sort(values, axis=0), high - low, counts / max(counts.sum(), 1), np.array(correlations)
    )


def likeness(model: Traits, performer: Traits) -> Likeness:
    """How far a model's traits are from a performer's; controls that the performer never moved have no correlation."""
    both = np.isfinite(model.correlations) & np.isfinite(performer.correlations)
    differences = np.abs(model.correlations - performer.correlations)[both]
    used = performer.spans > CONTROL_CELL
    pairs = zip(model.values.T, performer.values.T, strict=True)
    return Likeness(
        dt_ks=_ks(model.dts, performer.dts),
        dt_wasserstein=_wasserstein(model.dts, performer.dts),
        value_wasserstein=float(np.mean([_wasserstein(*pair) for pair in pairs])),
        span=float((model.spans[used] / performer.spans[used]).mean()) if used.any() else float("nan"),
        correlation=float(differences.mean()) if len(differences) else float("nan"),
        together=float(0.5 * np.abs(model.together - performer.together).sum()),
    )


def is_stuck(rollout: Rollout) -> bool:
    """Whether no control leaves its cell in the second half; nothing played at all is stuck too."""
    half = rollout.values[len(rollout.values) // 2 :]
    return len(half) < 2 or bool((np.ptp(half, axis=0) <= 2.0 * CONTROL_CELL).all())


def is_runaway(rollout: Rollout) -> bool:
    """Whether the second half nearly always waits the shortest time, or stands at the ends, or was no number."""
    half = rollout.events[len(rollout.values) // 2 :]
    if rollout.unusable or not len(half):
        return bool(rollout.unusable)
    hasty = (half[:, 0] <= SHORTEST_DT * 1.001).mean()
    at_ends = ((half[:, 1:] <= 0.0) | (half[:, 1:] >= 1.0)).mean()
    return bool(max(hasty, at_ends) > _RUNAWAY)


def _correlation(pieces: Sequence[NDArray[np.floating]], lag: int, mean: NDArray[np.floating]) -> NDArray[np.float64]:
    """The autocorrelation of each control, (n,), at a lag in events; NaN where it never moves or plays so long."""
    products, squares = np.zeros(len(mean)), np.zeros(len(mean))
    for piece in pieces:
        centred = piece[:, 1:] - mean
        products += (centred[:-lag] * centred[lag:]).sum(axis=0)
        squares += 0.5 * (centred[:-lag] ** 2 + centred[lag:] ** 2).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(products / squares, np.float64)


def _distributions(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All points of two ascending samples, and how far apart their distribution functions are from each on."""
    points = np.sort(np.concatenate([a, b]))
    apart = np.searchsorted(a, points, "right") / len(a) - np.searchsorted(b, points, "right") / len(b)
    return points, np.abs(apart)


def _ks(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(_distributions(a, b)[1].max())


def _wasserstein(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """How far, on average, one sample has to be moved to be the other (Wasserstein-1)."""
    points, apart = _distributions(a, b)
    return float((apart[:-1] * np.diff(points)).sum())
