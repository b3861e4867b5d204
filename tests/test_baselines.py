"""The baselines against figures worked out by hand, and the mixture against one that is known."""

import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from impsy.errors import NotEnoughData
from impsy.evaluation.baselines import FirstOrder, fit_mixture, fit_repeat, fit_walk
from impsy.evaluation.listening import listen
from impsy.evaluation.score import CONTROL_CELL, DT_CELL, score

TAKE = np.array([[0.1, 0.5], [0.2, 0.5], [0.1, 0.6], [0.4, 0.4]])


def cost(mean: float, deviation: float, value: float, half: float) -> float:
    normal = NormalDist(mean, deviation)
    return -math.log(normal.cdf(value + half) - normal.cdf(value - half))


def test_repeat_costs_what_is_worked_out_by_hand():
    of_dt = math.sqrt((0.1**2 + 0.1**2 + 0.3**2) / 3)
    of_x = math.sqrt((0.1**2 + 0.2**2) / 3)
    by_hand = [
        [cost(0.1, of_dt, 0.2, DT_CELL), cost(0.5, of_x, 0.5, CONTROL_CELL)],
        [cost(0.2, of_dt, 0.1, DT_CELL), cost(0.5, of_x, 0.6, CONTROL_CELL)],
        [cost(0.1, of_dt, 0.4, DT_CELL), cost(0.6, of_x, 0.4, CONTROL_CELL)],
    ]

    scores = score(TAKE[1:], listen(fit_repeat([TAKE]), TAKE))

    np.testing.assert_allclose(scores.parts, by_hand, rtol=1e-9)
    np.testing.assert_allclose(scores.joint, np.sum(by_hand, axis=1), rtol=1e-9)


def test_the_walk_costs_what_is_worked_out_by_hand():
    dts, steps = [0.2, 0.1, 0.4], [0.0, 0.1, -0.2]
    dt = NormalDist(np.mean(dts), np.std(dts))
    drift, deviation = float(np.mean(steps)), float(np.std(steps))
    by_hand = [
        cost(dt.mean, dt.stdev, row[0], DT_CELL) + cost(before[1] + drift, deviation, row[1], CONTROL_CELL)
        for before, row in pairwise(TAKE)
    ]

    scores = score(TAKE[1:], listen(fit_walk([TAKE]), TAKE))

    np.testing.assert_allclose(scores.joint, by_hand, rtol=1e-9)


def test_the_mixture_costs_what_is_worked_out_by_hand():
    two = FirstOrder(
        kept=np.array([0.0, 1.0]),
        steps=np.array([[0.1, 0.0], [0.3, -0.1]]),
        deviations=np.array([[0.02, 0.01], [0.1, 0.05]]),
        log_weights=np.log([0.6 / (0.1 * 0.2), 0.4 / (0.2 * 0.1)]),  # weight by density at the place itself
        places=np.array([[0.1, 0.5], [0.3, 0.7]]),
        widths=np.array([[0.1, 0.2], [0.2, 0.1]]),
    )
    heard, foreseen = [0.2, 0.6], [0.15, 0.58]
    fits = [
        0.6 * NormalDist(0.1, 0.1).pdf(heard[0]) * NormalDist(0.5, 0.2).pdf(heard[1]),
        0.4 * NormalDist(0.3, 0.2).pdf(heard[0]) * NormalDist(0.7, 0.1).pdf(heard[1]),
    ]
    masses = [
        math.exp(-cost(0.1, 0.02, foreseen[0], DT_CELL) - cost(heard[1], 0.01, foreseen[1], CONTROL_CELL)),
        math.exp(-cost(0.3, 0.1, foreseen[0], DT_CELL) - cost(heard[1] - 0.1, 0.05, foreseen[1], CONTROL_CELL)),
    ]
    by_hand = -math.log(np.dot(fits, masses) / sum(fits))

    take = np.array([heard, foreseen])

    assert score(take[1:], listen(two, take)).joint == pytest.approx([by_hand])


def test_steps_from_one_take_to_the_next_do_not_count():
    apart = fit_walk([TAKE, np.add(TAKE[::-1], [0.0, 0.3])])

    np.testing.assert_allclose(apart.steps[0, 1], (-0.1 + 0.1) / 6, atol=1e-12)


def test_what_never_changes_costs_next_to_nothing():
    still = np.tile([0.1, 0.5], (10, 1))

    for fit in (fit_repeat, fit_walk, fit_mixture):
        assert score(still[1:], listen(fit([still]), still)).joint == pytest.approx(0.0, abs=0.01)


def test_the_mixture_finds_two_ways_of_playing_and_where_each_is_played():
    rng = np.random.default_rng(3)
    low = np.column_stack([rng.normal(0.1, 0.005, 500), rng.normal(0.2, 0.01, 500)])
    high = np.column_stack([rng.normal(0.4, 0.02, 500), rng.normal(0.8, 0.01, 500)])

    model = fit_mixture([low, high], components=2)

    slow, quick = model.step(np.array([0.4, 0.8]), ())[0], model.step(np.array([0.1, 0.2]), ())[0]
    assert slow.means[np.argmax(slow.logits)] == pytest.approx([0.4, 0.8], abs=0.01)
    assert quick.means[np.argmax(quick.logits)] == pytest.approx([0.1, 0.2], abs=0.01)
    assert np.ptp(slow.logits) > 100


def test_the_mixture_of_one_component_is_the_walk():
    rng = np.random.default_rng(4)
    take = np.column_stack([rng.exponential(0.1, 400), rng.random(400)])

    mixture, walk = fit_mixture([take], components=1), fit_walk([take])

    np.testing.assert_allclose(mixture.steps, walk.steps, rtol=1e-6)
    np.testing.assert_allclose(mixture.deviations, walk.deviations, rtol=1e-6)


def test_the_mixture_is_the_better_the_more_there_is_to_tell_apart():
    rng = np.random.default_rng(5)
    take = np.column_stack([np.where(rng.random(2000) < 0.5, 0.02, 0.5), rng.integers(0, 2, 2000)])
    take += rng.normal(0.0, 0.001, take.shape)

    costs = [score(take[1:], listen(fit([take]), take)).joint.mean() for fit in (fit_repeat, fit_walk, fit_mixture)]

    assert costs == sorted(costs, reverse=True)
    assert costs[2] < costs[1] - 5.0


def test_the_same_takes_and_seed_give_the_same_mixture():
    first, second = fit_mixture([TAKE], components=2), fit_mixture([TAKE], components=2)

    np.testing.assert_array_equal(first.steps, second.steps)


def test_too_little_to_fit_to_is_said():
    with pytest.raises(NotEnoughData, match="too little"):
        fit_walk([TAKE[:1]])
