"""Hearing out: a forecaster listens to whole performances; kept is what each event cost, and for its calibration."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impsy.core.predictor import Predictor
from impsy.errors import NotEnoughData
from impsy.evaluation.baselines import Take
from impsy.evaluation.calibration import transforms
from impsy.evaluation.listening import listen
from impsy.evaluation.score import score

FOLDS = 5
_PIECES = 5  # that a single performance is cut into

Performances: TypeAlias = Sequence[Sequence[Take]]  # the takes of each
Fit: TypeAlias = Callable[[Performances], Predictor]


@dataclass(frozen=True, slots=True)
class Heard:
    """For each performance, what its scored events cost: nats, and transforms for the calibration."""

    joint: tuple[NDArray[np.float64], ...]  # (events,) each
    parts: tuple[NDArray[np.float64], ...]  # (events, D) each, dt first
    pits: tuple[NDArray[np.float64], ...]  # (events, D) each


@dataclass(frozen=True, slots=True)
class Fold:
    """Performances that are held out, by their indices, and a forecaster that was fitted without them."""

    held_out: tuple[int, ...]
    predictor: Predictor


def hear_out(predictor: Predictor, performances: Performances, seed: int = 0) -> Heard:
    """Listen to every take with a blank state."""
    return hear_out_folds([Fold(tuple(range(len(performances))), predictor)], performances, seed)


def hear_out_folds(folds: Sequence[Fold], performances: Performances, seed: int = 0) -> Heard:
    """The same, each performance by the forecaster of the fold that holds it out."""
    rng = np.random.default_rng(seed)
    heard = {index: _performance(fold.predictor, performances[index], rng) for fold in folds for index in fold.held_out}
    return Heard(*zip(*(heard[index] for index in range(len(performances))), strict=True))


def fitted(fit: Fit, performances: Performances, folds: int = FOLDS) -> list[Fold]:
    """A forecaster for each fold, fitted to the performances that are not in it.

    With as many folds as performances, each is left out once.
    """
    return [
        Fold(held_out, fit([takes for index, takes in enumerate(performances) if index not in held_out]))
        for held_out in dealt(performances, folds)
    ]


def dealt(performances: Performances, folds: int) -> list[tuple[int, ...]]:
    """The indices of performances, dealt into folds of about the same size.

    What follows one another stays together: it may be of one sitting, and one half of it would tell of the other.
    """
    if folds >= len(performances):
        return [(index,) for index in range(len(performances))]
    sizes = np.array([sum(map(len, takes)) for takes in performances])
    middles = np.cumsum(sizes) - 0.5 * sizes
    chosen = (folds * middles / sizes.sum()).astype(int)
    return [tuple(np.flatnonzero(chosen == fold).tolist()) for fold in np.unique(chosen)]


def parted(performances: Performances) -> Performances:
    """Where there is only one performance, pieces of it, so that one can be scored by what the others tell.

    Raises `NotEnoughData` where it is too short for that.
    """
    if len(performances) != 1:
        return performances
    rows, at = sum(map(len, performances[0])), 0
    cuts = [number * rows // _PIECES for number in range(1, _PIECES)]
    pieces: list[list[Take]] = [[] for _ in range(_PIECES)]
    for take in performances[0]:
        for piece in np.split(take, [cut - at for cut in cuts if at < cut < at + len(take)]):
            pieces[bisect_right(cuts, at)].append(piece)
            at += len(piece)
    kept = [found for part in pieces if (found := [piece for piece in part if len(piece) > 1])]
    if len(kept) < 2:
        needed = 2 * _PIECES
        what = f"a single performance of {rows} interactions is too little to judge by: at least {needed} are needed"
        raise NotEnoughData(rows, needed, what)
    return kept


def _performance(
    predictor: Predictor, takes: Sequence[Take], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    joint, parts, pits = [], [], []
    for take in takes:
        forecasts = listen(predictor, take)
        scores = score(take[1:], forecasts)
        joint.append(scores.joint)
        parts.append(scores.parts)
        pits.append(transforms(take[1:], forecasts, rng))
    return np.concatenate(joint), np.concatenate(parts), np.concatenate(pits)
