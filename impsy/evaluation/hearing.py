"""Hearing out: a forecaster listens to whole performances; kept is what each event cost, and for its calibration."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impsy.core.predictor import Predictor
from impsy.errors import NotEnoughData
from impsy.evaluation.baselines import Fit, Take
from impsy.evaluation.calibration import transforms
from impsy.evaluation.listening import listen
from impsy.evaluation.score import score

FOLDS = 5
_PIECES = 5  # that a single performance is cut into

Performances: TypeAlias = Sequence[Sequence[Take]]  # the takes of each


@dataclass(frozen=True, slots=True)
class Heard:
    """For each performance, what its scored events cost: nats, and transforms for the calibration."""

    joint: tuple[NDArray[np.float64], ...]  # (events,) each
    parts: tuple[NDArray[np.float64], ...]  # (events, D) each, dt first
    pits: tuple[NDArray[np.float64], ...]  # (events, D) each


def hear_out(predictor: Predictor, performances: Performances, seed: int = 0) -> Heard:
    """Listen to every take with a blank state."""
    rng = np.random.default_rng(seed)
    return Heard(*zip(*(_performance(predictor, takes, rng) for takes in performances), strict=True))


def hear_out_others(fit: Fit, performances: Performances, folds: int = FOLDS, seed: int = 0) -> Heard:
    """The same for a forecaster that is fitted anew for each fold, to the performances that are not in it.

    With as many folds as performances, each is left out once. `fit` makes a predictor of takes.
    """
    rng = np.random.default_rng(seed)
    heard: dict[int, tuple[NDArray[np.float64], ...]] = {}
    for fold in _deal([sum(map(len, takes)) for takes in performances], folds):
        predictor = fit(take for index, takes in enumerate(performances) if index not in fold for take in takes)
        heard |= {index: _performance(predictor, performances[index], rng) for index in fold}
    return Heard(*zip(*(heard[index] for index in range(len(performances))), strict=True))


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


def _deal(sizes: Sequence[int], folds: int) -> list[list[int]]:
    """Performances into folds of about the same size, the largest first."""
    hands: list[list[int]] = [[] for _ in range(min(folds, len(sizes)))]
    for index in sorted(range(len(sizes)), key=lambda index: -sizes[index]):
        min(hands, key=lambda hand: sum(sizes[other] for other in hand)).append(index)
    return hands
