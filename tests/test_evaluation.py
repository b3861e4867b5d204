"""Calibration, intervals, rollouts and likeness: what must hold where the truth is known."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from players import Metronome

from impsy.core.mixture import Mixture
from impsy.core.session import Settings
from impsy.errors import ImpsyError, NotEnoughData
from impsy.evaluation.baselines import fit_mixture, fit_walk
from impsy.evaluation.bootstrap import drawn, interval, intervals
from impsy.evaluation.calibration import BINS, coverage, histogram, ks_from_uniform, transforms
from impsy.evaluation.evaluation import AS_IT_IS, check_numbers
from impsy.evaluation.hearing import Fold, dealt, fitted, hear_out, hear_out_folds, parted
from impsy.evaluation.judge import judge, let_play, performer_alike
from impsy.evaluation.likeness import LAGS, is_runaway, is_stuck, likeness, traits, traits_alone
from impsy.evaluation.listening import takes
from impsy.evaluation.rollout import Rollout, play_alone
from impsy.evaluation.score import Forecasts

FAITHFUL = Settings(sigma_temperature=1e-12)


def mixed(events: int) -> Forecasts:
    """Two components of one control, overlapping, of uneven weight."""
    means = np.tile([[[0.2, 0.3], [0.5, 0.6]]], (events, 1, 1))
    deviations = np.tile([[[0.04, 0.1], [0.05, 0.2]]], (events, 1, 1))
    return Forecasts(means, deviations, np.tile(np.log([[0.7, 0.3]]), (events, 1)))


def played_by(forecasts: Forecasts, rng: np.random.Generator, grid: bool = False) -> np.ndarray:
    """Events drawn from forecasts, clipped as they are when they are played; on a grid, like those of MIDI."""
    mixture = Mixture(forecasts.means[0], forecasts.deviations[0], forecasts.logits[0])
    events = np.array([mixture.sample(rng) for _ in range(len(forecasts))])
    events[:, 0] = np.maximum(events[:, 0], 0.0)
    events[:, 1:] = np.clip(events[:, 1:], 0.0, 1.0)
    if grid:
        events[:, 1:] = np.round(127 * events[:, 1:]) / 127
    return events


@pytest.mark.parametrize("grid", [False, True])
def test_the_transforms_of_a_true_forecast_are_flat(grid):
    rng = np.random.default_rng(1)
    forecasts = mixed(5000)
    pits = transforms(played_by(forecasts, rng, grid), forecasts, rng)

    one_in_a_hundred_is_worse = 1.63 / math.sqrt(5000)
    assert ks_from_uniform(pits) == pytest.approx([0.0, 0.0], abs=one_in_a_hundred_is_worse)
    assert histogram(pits[:, 1]) == pytest.approx(np.ones(BINS), abs=0.3)
    assert coverage(pits, 0.5) == pytest.approx([0.5, 0.5], abs=0.03)
    assert coverage(pits, 0.9) == pytest.approx([0.9, 0.9], abs=0.02)


def test_a_forecast_that_is_too_sure_covers_too_little_and_one_too_wide_too_much():
    rng = np.random.default_rng(2)
    events = rng.normal(0.5, 0.1, (2000, 2))

    def covered(deviation):
        forecasts = Forecasts(np.full((2000, 1, 2), 0.5), np.full((2000, 1, 2), deviation), np.zeros((2000, 1)))
        return coverage(transforms(events, forecasts, rng), 0.5)

    assert covered(0.03) == pytest.approx([0.16, 0.16], abs=0.04)
    assert covered(0.3) == pytest.approx([0.96, 0.96], abs=0.04)


@pytest.mark.parametrize(
    ("mean", "deviation", "shape"),
    [(0.5, 0.03, "hills at the ends"), (0.5, 0.3, "a hill in the middle"), (0.45, 0.1, "a slope")],
)
def test_the_transforms_of_a_wrong_forecast_are_not_flat_and_show_how_it_is_wrong(mean, deviation, shape):
    rng = np.random.default_rng(2)
    events = rng.normal(0.5, 0.1, (5000, 2))
    forecasts = Forecasts(np.full((5000, 1, 2), mean), np.full((5000, 1, 2), deviation), np.zeros((5000, 1)))

    pits = transforms(events, forecasts, rng)

    heights = histogram(pits[:, 1])
    low, middle, high = heights[:3].mean(), heights[8:12].mean(), heights[-3:].mean()
    seen = {
        "hills at the ends": min(low, high) > 1.5 > 0.7 > middle,
        "a hill in the middle": middle > 1.5 > 0.7 > max(low, high),
        "a slope": high > 1.5 > middle > 0.7 > low,
    }
    assert [words for words, found in seen.items() if found] == [shape]
    assert (ks_from_uniform(pits) > 3 * 1.63 / math.sqrt(5000)).all()


def test_an_interval_covers_the_mean_of_independent_values_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    trials = [interval([rng.normal(1.0, 1.0, 30) for _ in range(20)]) for _ in range(200)]

    assert np.mean([found.low <= 1.0 <= found.high for found in trials]) == pytest.approx(0.95, abs=0.06)


def test_an_interval_is_wider_where_performances_differ_than_where_only_events_do():
    rng = np.random.default_rng(4)
    events = rng.normal(0.0, 1.0, (20, 100))
    alike = interval(list(events))
    different = interval(list(events + rng.normal(0.0, 1.0, (20, 1))))

    assert different.high - different.low > 3 * (alike.high - alike.low)


@given(st.lists(st.integers(0, 900), min_size=1, max_size=14))
def test_for_any_lengths_of_performances_a_difference_of_nothing_is_none(lengths):
    found = interval([np.zeros(length) for length in lengths])

    assert (found.mean, found.low, found.high) == (0.0, 0.0, 0.0) or not sum(lengths)


def test_a_few_performances_are_drawn_in_blocks():
    assert drawn([np.zeros(10_000), np.zeros(4000)]) == "28 blocks of 500 events"
    assert drawn([np.zeros(1000), np.zeros(400)]) == "20 blocks of 70 events"
    assert drawn([np.zeros(5)] * 12) == "12 performances"


def test_phrases_are_drawn_with_their_neighbours_and_one_long_take_is_not_outvoted_by_short_ones():
    assert drawn([np.zeros(100)] * 100) == "20 blocks of neighbouring performances"
    assert drawn([np.zeros(100)] * 2000) == "40 blocks of neighbouring performances"
    assert drawn([np.zeros(10_000), *[np.zeros(2)] * 30]) == "20 blocks of 500 events"


def test_an_interval_covers_the_mean_of_phrases_that_are_like_their_neighbours_about_as_often_as_it_says():
    rng = np.random.default_rng(5)

    def evening():
        mood, phrases = 0.0, []
        for _ in range(400):
            mood = 0.8 * mood + rng.normal(0.0, 1.0)
            phrases.append(mood + rng.normal(0.0, 1.0, 20))
        return phrases

    trials = [interval(evening()) for _ in range(150)]

    assert np.mean([found.low <= 0.0 <= found.high for found in trials]) == pytest.approx(0.95, abs=0.06)


def test_a_mean_of_a_single_short_performance_is_not_sure():
    found = interval([np.random.default_rng(1).normal(1.0, 1.0, 40)])

    assert found.low < found.mean - 0.1
    assert found.high > found.mean + 0.1


def test_a_performance_is_scored_by_what_is_fitted_to_the_others():
    seen = []

    def fit(performances):
        seen.append(sorted(float(take[0, 1]) for takes in performances for take in takes))
        return Metronome(controls=1, deviation=0.1)

    performances = [[np.full((3 + index, 2), index / 10)] for index in range(4)]

    heard = hear_out_folds(fitted(fit, performances, folds=4), performances)

    assert sorted(seen) == [[0.0, 0.1, 0.2], [0.0, 0.1, 0.3], [0.0, 0.2, 0.3], [0.1, 0.2, 0.3]]
    assert list(map(len, heard.joint)) == [2, 3, 4, 5]


@given(st.lists(st.integers(2, 60), min_size=2, max_size=40), st.integers(2, 50))
def test_for_any_performances_each_is_in_one_fold_beside_its_neighbours(lengths, folds):
    performances = [[np.zeros((length, 2))] for length in lengths]

    found = dealt(performances, folds)

    assert [index for fold in found for index in fold] == list(range(len(lengths)))
    assert 2 <= len(found) <= min(folds, len(lengths))


def test_what_was_fitted_for_a_fold_plays_on_from_what_that_fold_holds_out():
    performances = [[np.full((4, 3), 0.1 * (index + 1))] for index in range(3)]
    players = [Metronome() for _ in performances]
    folds = [Fold((index,), player) for index, player in enumerate(players)]

    let_play(folds, performances, 3, 1.0, FAITHFUL)

    for player, (take,) in zip(players, performances, strict=True):
        np.testing.assert_allclose(player.heard[:4], take)


def test_a_single_performance_is_cut_into_pieces_that_hold_all_of_it():
    takes = [np.arange(40.0).reshape(20, 2), np.arange(180.0).reshape(90, 2)]

    pieces = parted([takes])

    assert len(pieces) == 5
    np.testing.assert_array_equal(np.concatenate([piece for part in pieces for piece in part]), np.concatenate(takes))
    assert parted([takes, takes]) == [takes, takes]


def test_a_single_performance_that_is_too_short_for_that_is_refused():
    with pytest.raises(NotEnoughData, match="single performance of 3 interactions"):
        parted([[np.full((3, 2), 0.5)]])


def test_the_parts_of_a_score_have_intervals_like_those_of_each_alone():
    values = [np.random.default_rng(seed).normal(seed, 1.0, (40, 2)) for seed in range(12)]

    together = intervals(values, seed=3)

    alone = [interval([part[:, column] for part in values], seed=3) for column in range(2)]
    assert [astuple(found) for found in together] == [pytest.approx(astuple(found)) for found in alone]


def test_what_no_number_can_score_is_refused_by_name():
    heard = hear_out(Metronome(value=math.nan), [[np.full((5, 3), 0.5)]])

    with pytest.raises(ImpsyError, match="mine: 4 of its 4"):
        check_numbers("mine", heard)


def test_a_rollout_plays_what_the_model_says_at_its_time():
    rollout = play_alone(Metronome(dt=0.25, value=0.75), 1.1, FAITHFUL, seed=1)

    np.testing.assert_allclose(rollout.seconds, [0.25, 0.5, 0.75, 1.0], atol=1e-6)
    np.testing.assert_allclose(rollout.values, np.full((4, 2), 0.75), atol=1e-6)
    assert rollout.unusable == 0


def test_a_rollout_goes_on_from_what_it_is_primed_with():
    metronome = Metronome(dt=0.25)
    prime = np.array([[0.5, 0.1, 0.2], [0.125, 0.3, 0.4]])

    rollout = play_alone(metronome, 0.6, FAITHFUL, seed=1, prime=prime)

    np.testing.assert_allclose(metronome.heard[:2], prime)
    np.testing.assert_allclose(rollout.seconds, [0.25, 0.5], atol=1e-6)


def test_the_same_seed_plays_the_same_and_another_another():
    walk = fit_walk([np.random.default_rng(1).random((50, 3))])

    first, again, other = (play_alone(walk, 20.0, AS_IT_IS, seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first.events, again.events)
    assert first.values.tolist() != other.values.tolist()


def test_a_rollout_of_a_model_that_runs_away_ends():
    rollout = play_alone(Metronome(dt=-1.0), 60.0, FAITHFUL, seed=1, most=300)

    assert len(rollout.seconds) == 300
    assert is_runaway(rollout)


def test_a_model_that_says_what_is_no_number_is_a_runaway():
    rollout = play_alone(Metronome(value=math.nan), 5.0, FAITHFUL, seed=1)

    assert rollout.unusable
    assert is_runaway(rollout)


def test_a_model_that_no_longer_moves_is_stuck_and_one_that_moves_is_not():
    still = play_alone(Metronome(), 10.0, FAITHFUL, seed=1)
    moving = Rollout(np.arange(20.0), np.linspace(0.1, 0.9, 20)[:, np.newaxis], 0)

    assert is_stuck(still)
    assert not is_stuck(moving)
    assert not is_runaway(still)


def test_playing_is_wholly_like_itself():
    piece = np.random.default_rng(1).random((200, 4))
    mine = traits([piece])

    alike = likeness(mine, mine)

    assert (alike.dt_ks, alike.dt_wasserstein, alike.value_wasserstein, alike.correlation, alike.together) == (0,) * 5
    assert alike.span == 1.0


def test_distances_are_those_worked_out_by_hand():
    slow = np.array([[0.1, 0.0], [0.1, 0.0], [0.1, 1.0], [0.1, 1.0]])
    quick = slow * [0.5, 0.5]

    alike = likeness(traits([quick]), traits([slow]))

    assert alike.dt_ks == 1.0
    assert alike.dt_wasserstein == pytest.approx(0.05)
    assert alike.value_wasserstein == pytest.approx(0.25)
    assert alike.span == pytest.approx(0.5)
    assert alike.together == 0.0


def test_the_dt_with_which_a_take_begins_is_of_no_event_that_anybody_foresees():
    coffee, going_on = np.array([[5.0, 0.1], [0.1, 0.2], [0.3, 0.3]]), np.array([[0.2, 0.5], [0.1, 0.6], [0.3, 0.7]])

    found = traits([coffee, going_on])

    assert found.dts.tolist() == [0.1, 0.1, 0.3, 0.3]
    assert len(found.values) == 6


def test_the_first_dt_of_a_rollout_is_the_models_and_counts_beside_those_of_a_performer():
    played = Rollout(np.array([0.5, 0.75]), np.array([[0.1], [0.2]]), 0)
    performer = np.array([[5.0, 0.1], [0.25, 0.2], [0.25, 0.3]])

    alike = likeness(traits_alone([played]), traits([performer]))

    assert traits_alone([played]).dts.tolist() == [0.25, 0.5]
    assert alike.dt_ks == 0.5
    assert alike.dt_wasserstein == pytest.approx(0.125)


def test_long_silences_do_not_make_a_metronome_unlike_a_performer_of_the_same_pulse():
    rows = np.column_stack([np.full(60, 0.25), np.full((60, 2), 0.5)])
    rows[::6, 0] = 60.0
    performance = takes(rows)

    played = let_play([Fold((0,), Metronome(dt=0.25))], [performance], 1, 10.0, FAITHFUL)

    assert played.likeness.dt_wasserstein == pytest.approx(0.0, abs=1e-5)


def test_how_many_controls_move_at_once_is_counted_within_pieces():
    both = np.array([[0.1, 0.0, 0.0], [0.1, 1.0, 1.0], [0.1, 1.0, 1.0]])

    assert traits([both, both]).together.tolist() == [0.5, 0.0, 0.5, 0.0]


def test_a_slow_wave_is_like_itself_a_little_later_and_noise_is_not():
    time = np.arange(4000)
    wave = np.column_stack([np.full(4000, 0.1), 0.5 + 0.4 * np.sin(time / 40)])
    noise = np.column_stack([np.full(4000, 0.1), np.random.default_rng(1).random(4000)])

    assert traits([wave]).correlations[:, 0] == pytest.approx([math.cos(lag / 40) for lag in LAGS], abs=0.02)
    assert traits([noise]).correlations[:, 0] == pytest.approx(0.0, abs=0.06)


def test_a_model_fitted_to_a_performer_plays_more_like_him_than_a_metronome():
    rng = np.random.default_rng(6)
    steps = rng.normal(0.0, 0.05, (3, 400, 2))
    performances = [[np.column_stack([rng.exponential(0.1, 400), np.abs(step.cumsum(axis=0)) % 1])] for step in steps]
    mixture = fit_mixture([take for takes in performances for take in takes], components=4)

    close, far = (
        let_play([Fold((0, 1, 2), model)], performances, 4, 20.0, AS_IT_IS) for model in (mixture, Metronome(dt=0.5))
    )

    assert close.likeness is not None
    assert far.likeness is not None
    assert close.likeness.dt_ks < far.likeness.dt_ks
    assert close.likeness.together < far.likeness.together
    assert (close.stuck, far.stuck) == (0, 4)
    assert performer_alike(performances) is not None


def test_a_model_that_never_plays_has_no_likeness():
    played = let_play([Fold((0,), Metronome(dt=4.0))], [[np.full((5, 3), 0.5)]], 1, 1.0, FAITHFUL)

    assert played.likeness is None
    assert played.stuck == 1


@settings(max_examples=20)
@given(st.integers(1, 2**31))
def test_a_true_model_is_judged_to_be_true(seed):
    rng = np.random.default_rng(seed)
    events = np.column_stack([rng.normal(0.5, 0.1, 600), rng.normal(0.5, 0.1, 600)])

    judgement = judge(hear_out(Metronome(dt=0.5, value=0.5, deviation=0.1, controls=1), [[events]]))

    entropy = 0.5 * math.log(2 * math.pi * math.e) + math.log(0.1)
    dt, x = (part.mean for part in judgement.parts)
    assert (dt, x) == pytest.approx((entropy - math.log(0.001), entropy - math.log(1 / 127)), abs=0.2)
    assert judgement.covered[0.9] == pytest.approx([0.9, 0.9], abs=0.08)
