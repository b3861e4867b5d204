"""The score: how many nats a performer's next event cost the model that was to foresee it. Lower is better.

Recorded controls lie on a grid and mostly stand still: a density is then best where it collapses onto the points of
the grid, by as much as one likes, and says nothing about playing. So not the density is scored but the probability of
a cell around the event: x ± 1/254, the cell of a MIDI value, and dt ± 0.5 ms. It is −log of that mass, a logarithmic
score, which no forecast but the true one can better on average (Gneiting & Raftery, «Strictly Proper Scoring Rules,
Prediction, and Estimation», 2007).

What lies beyond an end is played as the end (formats §5), so a cell that reaches 0 goes on to −∞, also that of dt,
and one that reaches 1 goes on to +∞.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.normal import log_mass

CONTROL_CELL = 1.0 / 254.0  # half of a cell of a control, of its range
DT_CELL = 0.0005  # half of a cell of dt, in seconds
_AT_ONCE = 2048  # events: what lies between fits the cache of a processor


@dataclass(frozen=True, slots=True)
class Forecasts:
    """What was expected of each of T events: mixtures of diagonal normals, in data units, seconds and [0, 1]."""

    means: NDArray[np.floating]  # (T, K, D)
    deviations: NDArray[np.floating]  # (T, K, D), above 0
    logits: NDArray[np.floating]  # (T, K), before the softmax

    def __len__(self) -> int:
        return len(self.logits)

    def __getitem__(self, events: slice) -> "Forecasts":
        return Forecasts(self.means[events], self.deviations[events], self.logits[events])

    @property
    def log_weights(self) -> NDArray[np.float64]:
        """Logarithms of the weights of the components, (T, K)."""
        logits = np.asarray(self.logits, np.float64)
        weights: NDArray[np.float64] = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        return weights


@dataclass(frozen=True, slots=True)
class Scores:
    """Nats for each of T events: of the event as a whole, and of dt and of each control as if they came alone.

    What dimensions have to do with one another counts in `joint` only, so the parts need not add up to it.
    """

    joint: NDArray[np.float64]  # (T,)
    parts: NDArray[np.float64]  # (T, D), dt first


def cells(events: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lower and the upper ends of the cells around `events` (T, D), rows `[dt, x_1 … x_n]`.

    >>> lower, upper = cells(np.array([[1.0, 0.0, 1.0]]))
    >>> print(lower.round(4), upper.round(4))
    [[0.9995   -inf 0.9961]] [[1.0005 0.0039    inf]]
    """
    half = np.full(events.shape[1], CONTROL_CELL)
    half[0] = DT_CELL
    lower, upper = events - half, events + half
    lower[lower <= 0.0] = -np.inf
    upper[:, 1:][upper[:, 1:] >= 1.0] = np.inf
    return lower, upper


def score(events: NDArray[np.floating], forecasts: Forecasts) -> Scores:
    """What `events` (T, D) cost; a forecast that is not a number costs NaN."""
    scored = [_score(events[part], forecasts[part]) for part in _parts(len(events))]
    return Scores(
        np.concatenate([scores.joint for scores in scored] or [np.zeros(0)]),
        np.concatenate([scores.parts for scores in scored] or [np.zeros((0, events.shape[1]))]),
    )


def _score(events: NDArray[np.floating], forecasts: Forecasts) -> Scores:
    lower, upper = (edge[:, np.newaxis] for edge in cells(np.asarray(events, np.float64)))  # (T, 1, D)
    means, deviations = forecasts.means, forecasts.deviations  # (T, K, D)
    masses = log_mass((lower - means) / deviations, (upper - means) / deviations)
    weights = forecasts.log_weights  # (T, K)
    with np.errstate(invalid="ignore"):  # NaN goes through
        joint = np.logaddexp.reduce(weights + masses.sum(axis=2), axis=1)
        parts = np.logaddexp.reduce(weights[:, :, np.newaxis] + masses, axis=1)
    return Scores(-joint, -parts)


def _parts(length: int) -> Iterator[slice]:
    return (slice(start, start + _AT_ONCE) for start in range(0, length, _AT_ONCE))
