"""What a model has to be better than: three forecasters that know only the last event, fitted to a performer.

- *repeat*: everything stays as it was, dt included, give or take what it usually changes by.
- *walk*: a random walk; each control goes on from where it is by a normal step, after a dt that is normal too.
- *mixture*: what a mixture density network is without its memory. Normals over the last event and the step from it
  together, fitted by expectation and maximisation (Dempster, Laird & Rubin 1977); the step is forecast given the event.

All of them are a `FirstOrder`, which is a `Predictor`: they are heard, scored and played like any model.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impsy.core.mixture import Mixture
from impsy.core.predictor import FloatArray, ModelSpec, Predictor, State
from impsy.errors import NotEnoughData
from impsy.evaluation.score import CONTROL_CELL, DT_CELL

Take: TypeAlias = NDArray[np.float64]  # (length, dimension), rows [dt, x_1 … x_n]

COMPONENTS = 16
_NARROWEST = 1.0 / 3.0  # of half a cell: the least deviation, with which a cell that is certain costs next to nothing
_MOST = 50_000  # events to fit it to, drawn from all there are: more only take longer
_ROUNDS = 60
_GAIN = 1e-4  # nats an event; a round that wins less is the last
_FEWEST = 2  # events with one before them


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """Normals for the step from the last event, weighed by how well the event itself fits each of them.

    Its state is the empty tuple: it remembers nothing.
    """

    kept: NDArray[np.float64]  # (D,): 1 where the step is counted from the last value, 0 where it is the new value
    steps: NDArray[np.float64]  # (K, D), the means
    deviations: NDArray[np.float64]  # (K, D)
    log_weights: NDArray[np.float64]  # (K,)
    places: NDArray[np.float64]  # (K, D), where the last event is likely for each
    widths: NDArray[np.float64]  # (K, D), and how far around; infinity where it tells nothing

    @property
    def spec(self) -> ModelSpec:
        components, dimension = self.steps.shape
        return ModelSpec(dimension, layers=0, units=0, mixtures=components)

    def initial_state(self) -> State:
        return ()

    def step(self, sample: FloatArray, state: State) -> tuple[Mixture, State]:
        scores = (sample - self.places) / self.widths  # (K, D)
        logits = self.log_weights - 0.5 * np.einsum("kd,kd->k", scores, scores)
        return Mixture(self.steps + self.kept * sample, self.deviations, logits), state


def fit_repeat(takes: Iterable[Take]) -> FirstOrder:
    """Repeat the last event; the deviations are the roots of the mean squares of its changes."""
    before, after = _pairs(takes)
    changes = after - before
    return _single(np.ones(changes.shape[1]), np.zeros(changes.shape[1]), np.sqrt((changes * changes).mean(axis=0)))


def fit_walk(takes: Iterable[Take]) -> FirstOrder:
    """A random walk: mean and deviation of dt, and of the steps of each control."""
    before, after = _pairs(takes)
    kept = _controls_kept(before.shape[1])
    steps = after - kept * before
    return _single(kept, steps.mean(axis=0), steps.std(axis=0))


def fit_mixture(takes: Iterable[Take], components: int = COMPONENTS, seed: int = 0) -> FirstOrder:
    """Event and step together, fitted by EM from seeded starting points; a step's spread is never under a cell's."""
    before, after = _pairs(takes)
    dimension = before.shape[1]
    kept = _controls_kept(dimension)
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(before))[:_MOST]
    rows = np.hstack([before, after - kept * before])[drawn]  # (T, 2 D)
    log_weights, means, deviations = _expectation_maximisation(rows, components, rng)
    widths = deviations[:, :dimension]
    return FirstOrder(
        kept,
        means[:, dimension:],
        deviations[:, dimension:],
        log_weights - np.log(widths).sum(axis=1),
        means[:, :dimension],
        widths,
    )


def _of_performances(fit: Callable[[Iterable[Take]], Predictor]) -> Callable[[Sequence[Sequence[Take]]], Predictor]:
    return lambda performances: fit(take for takes in performances for take in takes)


BASELINES = {  # each is fitted to performances, the takes of each
    "repeat": _of_performances(fit_repeat),
    "walk": _of_performances(fit_walk),
    "mixture": _of_performances(fit_mixture),
}


def _pairs(takes: Iterable[Take]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every event that has one before it in the same take, and that one."""
    listed = [take for take in takes if len(take) > 1]
    found = sum(len(take) - 1 for take in listed)
    if found < _FEWEST:
        raise NotEnoughData(found, _FEWEST, "there is too little to fit a baseline to: two takes of two interactions")
    return np.concatenate([take[:-1] for take in listed]), np.concatenate([take[1:] for take in listed])


def _controls_kept(dimension: int) -> NDArray[np.float64]:
    kept = np.ones(dimension)
    kept[0] = 0.0
    return kept


def _narrowest(dimension: int) -> NDArray[np.float64]:
    least = np.full(dimension, CONTROL_CELL * _NARROWEST)
    least[0] = DT_CELL * _NARROWEST
    return least


def _single(kept: NDArray[np.float64], step: NDArray[np.float64], deviation: NDArray[np.float64]) -> FirstOrder:
    dimension = len(kept)
    deviation = np.maximum(deviation, _narrowest(dimension))
    nowhere = np.zeros((1, dimension))
    return FirstOrder(kept, step[np.newaxis], deviation[np.newaxis], np.zeros(1), nowhere, nowhere + np.inf)


def _expectation_maximisation(
    rows: NDArray[np.float64], components: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Log weights (K,), means and deviations (K, F) of diagonal normals over `rows` (T, F)."""
    least = np.tile(_narrowest(rows.shape[1] // 2), 2)
    squares = rows * rows
    means = _spread_out(rows, components, rng)
    deviations = np.tile(np.maximum(rows.std(axis=0), least), (components, 1))
    log_weights = np.full(components, -np.log(components))
    reached = -np.inf
    for _ in range(_ROUNDS):
        precisions = deviations**-2.0
        logs = (
            log_weights
            - np.log(deviations).sum(axis=1)
            - 0.5 * (squares @ precisions.T - 2.0 * rows @ (means * precisions).T + (means**2 * precisions).sum(axis=1))
        )  # (T, K)
        highest = logs.max(axis=1, keepdims=True)
        shares = np.exp(logs - highest)
        sums = shares.sum(axis=1, keepdims=True)
        shares /= sums
        counts = shares.sum(axis=0) + 1e-9
        means = shares.T @ rows / counts[:, np.newaxis]
        variances = shares.T @ squares / counts[:, np.newaxis] - means**2
        deviations = np.maximum(np.sqrt(np.maximum(variances, 0.0)), least)
        log_weights = np.log(counts / counts.sum())
        likelihood = float((highest + np.log(sums)).mean())
        gained, reached = likelihood - reached, likelihood
        if gained < _GAIN:
            break
    return log_weights, means, deviations


def _spread_out(rows: NDArray[np.float64], components: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rows far from one another to start from (k-means++, Arthur & Vassilvitskii 2007), in deviations."""
    scaled = rows / np.maximum(rows.std(axis=0), 1e-9)
    chosen = [int(rng.integers(len(rows)))]
    nearest = np.full(len(rows), np.inf)
    while len(chosen) < components:
        nearest = np.minimum(nearest, ((scaled - scaled[chosen[-1]]) ** 2).sum(axis=1))
        total = nearest.sum()
        chosen.append(int(rng.choice(len(rows), p=nearest / total if total > 0.0 else None)))
    return rows[chosen]
