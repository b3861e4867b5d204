"""The judge: all that is to be told of a model beside a performer, and of the baselines beside the model."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.core.predictor import Predictor
from impsy.core.session import Settings
from impsy.evaluation.baselines import Take
from impsy.evaluation.bootstrap import Interval, interval, intervals
from impsy.evaluation.calibration import COVERAGES, coverage, histogram, ks_from_uniform
from impsy.evaluation.hearing import Fold, Heard, Performances
from impsy.evaluation.likeness import Likeness, Traits, is_runaway, is_stuck, likeness, traits, traits_alone
from impsy.evaluation.rollout import Rollout, play_alone

_PRIMED = 50  # events of a take that a rollout goes on from
_STEPS = 500  # that are timed
_WARMING = 50


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the scores of a forecaster come to; arrays have one entry for each dimension, dt first."""

    events: int
    nats: Interval  # for an event
    each: NDArray[np.float64]  # (performances,), nats for an event
    parts: tuple[Interval, ...]  # nats for an event
    worst: float  # nats, of the costliest event
    covered: dict[float, NDArray[np.float64]]  # by level, (D,)
    pit_ks: NDArray[np.float64]  # (D,)
    histograms: NDArray[np.float64]  # (D, bins)


@dataclass(frozen=True, slots=True)
class Played:
    """Some rollouts of a model, and how alike they are to the performer."""

    rollouts: tuple[Rollout, ...]
    traits: Traits | None  # None where nothing was played, as below
    likeness: Likeness | None
    stuck: int  # rollouts in whose second half no control left its cell
    runaway: int  # rollouts whose second half stays at the ends of range or time, or which said what is no number


def judge(heard: Heard, seed: int = 0) -> Judgement:
    """Sum up what each event cost."""
    joint, pits = np.concatenate(heard.joint), np.concatenate(heard.pits)
    return Judgement(
        events=len(joint),
        nats=interval(heard.joint, seed),
        each=np.array([joint.mean() for joint in heard.joint]),
        parts=intervals(heard.parts, seed),
        worst=float(joint.max()),
        covered={level: coverage(pits, level) for level in COVERAGES},
        pit_ks=ks_from_uniform(pits),
        histograms=np.array([histogram(column) for column in pits.T]),
    )


def let_play(
    folds: Sequence[Fold], performances: Performances, count: int, seconds: float, settings: Settings, seed: int = 0
) -> Played:
    """Let a model play alone `count` times, each time on from the beginning of another take, and compare.

    A model that was fitted for each fold goes on from what that fold holds out.
    """
    held_out = [
        (take, fold.predictor) for fold in folds for index in sorted(fold.held_out) for take in performances[index]
    ]
    longest = sorted(held_out, key=lambda pair: len(pair[0]), reverse=True)[:count]
    rollouts = []
    for number in range(count):
        prime, predictor = longest[number % len(longest)]
        rollouts.append(play_alone(predictor, seconds, settings, seed + number, prime[:_PRIMED]))
    takes = [take for performance in performances for take in performance]
    played = [rollout for rollout in rollouts if len(rollout.seconds)]
    found = traits_alone(played) if played else None
    alike = likeness(found, traits(takes)) if found else None
    return Played(tuple(rollouts), found, alike, sum(map(is_stuck, rollouts)), sum(map(is_runaway, rollouts)))


def performer_alike(performances: Performances) -> Likeness | None:
    """How alike every other performance of a performer is to the rest: no model can be expected to come closer."""
    some, others = ([take for takes in performances[start::2] for take in takes] for start in (0, 1))
    return likeness(traits(some), traits(others)) if some and others else None


def time_steps(predictor: Predictor, take: Take) -> float:
    """Seconds that a step of the model takes on this machine, the median of many."""
    state, seconds = predictor.initial_state(), []
    for number in range(_WARMING + _STEPS):
        start = time.perf_counter()
        _, state = predictor.step(take[number % len(take)], state)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[_WARMING:]))
