"""The score against probabilities that are known: closed forms, slow exact sums, and by hand."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from players import Echo, Metronome

from impsy.evaluation.listening import listen, takes
from impsy.evaluation.normal import cdf, log_mass
from impsy.evaluation.score import CONTROL_CELL, DT_CELL, Forecasts, score

ROOT_2_PI = math.sqrt(2.0 * math.pi)


def slowly(lower: float, upper: float) -> float:
    """log(Φ(upper) − Φ(lower)) by Gauss' rule over short pieces, or the library where 0 lies inside."""
    if lower < 0.0 < upper:
        return math.log(0.5 * (math.erf(upper / math.sqrt(2)) + math.erf(-lower / math.sqrt(2))))
    near, far = sorted((abs(lower), abs(upper)))
    far = min(far, near + 40.0 / max(near, 1.0))  # beyond, nothing is left
    points, weights = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(0.0, far - near, 201)
    halves = 0.5 * np.diff(edges)[:, None]
    t = edges[:-1, None] + halves * (1.0 + points)
    whole = float((weights * halves * np.exp(-near * t - 0.5 * t * t)).sum())
    return math.log(whole / ROOT_2_PI) - 0.5 * near * near


@given(st.floats(-1e3, 1e3), st.floats(1e-8, 50.0))
def test_for_any_interval_the_mass_is_that_of_a_slow_exact_sum(lower, width):
    upper = lower + width

    (found,) = log_mass(np.array([lower]), np.array([upper]))

    assert found == pytest.approx(slowly(lower, upper), rel=1e-9, abs=1e-9 + 4e-16 * lower**2 / min(width, 1.0))


@pytest.mark.parametrize(
    ("z", "log_tail"),
    [(0.0, math.log(0.5)), (1.0, math.log(NormalDist().cdf(-1.0))), (30.0, -454.32124395634246)],
)
def test_a_half_line_has_the_mass_of_its_tail_on_either_side(z, log_tail):
    left = log_mass(np.array([-np.inf]), np.array([-z]))
    right = log_mass(np.array([z]), np.array([np.inf]))

    assert left[0] == right[0] == pytest.approx(log_tail, rel=1e-9)


@given(st.floats(-8.0, 8.0))
def test_for_any_number_the_distribution_function_is_that_of_the_library(x):
    assert cdf(np.array([x]))[0] == pytest.approx(0.5 * math.erfc(-x / math.sqrt(2)), rel=1e-13)


def test_far_out_a_tail_is_given_by_its_asymptotic_series():
    z = 1e4
    series = math.log1p(-1 / z**2 + 3 / z**4) - math.log(z * ROOT_2_PI) - 0.5 * z * z

    assert log_mass(np.array([z]), np.array([np.inf]))[0] == pytest.approx(series, rel=1e-14)


def test_a_very_wide_forecast_costs_what_its_density_says():
    (found,) = log_mass(np.array([-1e-13]), np.array([1e-13]))

    assert found == pytest.approx(math.log(2e-13 / ROOT_2_PI))


def one(dt: float, dt_deviation: float, x: float, x_deviation: float, events: int = 1) -> Forecasts:
    """The same single normal for each event of one control."""
    means = np.tile([[[dt, x]]], (events, 1, 1))
    return Forecasts(means, np.tile([[[dt_deviation, x_deviation]]], (events, 1, 1)), np.zeros((events, 1)))


def test_an_event_costs_the_mass_of_its_cell_worked_out_by_hand():
    dt, x = NormalDist(0.1, 0.02), NormalDist(0.4, 0.1)
    mass_of_dt = dt.cdf(0.12 + 0.0005) - dt.cdf(0.12 - 0.0005)
    mass_of_x = x.cdf(0.5 + 1 / 254) - x.cdf(0.5 - 1 / 254)

    scores = score(np.array([[0.12, 0.5]]), one(0.1, 0.02, 0.4, 0.1))

    assert scores.parts[0] == pytest.approx([-math.log(mass_of_dt), -math.log(mass_of_x)])
    assert scores.joint[0] == pytest.approx(-math.log(mass_of_dt * mass_of_x))


def test_the_cells_of_the_ends_take_all_that_lies_beyond():
    x = NormalDist(0.5, 1.0)
    dt = NormalDist(0.0, 0.001)

    scores = score(np.array([[0.0, 0.0], [0.0, 1.0]]), one(0.0, 0.001, 0.5, 1.0, events=2))

    assert scores.parts[:, 1] == pytest.approx(-math.log(x.cdf(1 / 254)))
    assert scores.parts[:, 0] == pytest.approx(-math.log(dt.cdf(0.0005)))


def test_all_cells_of_a_midi_control_add_up_to_one():
    events = np.column_stack([np.full(128, 0.1), np.arange(128) / 127])

    scores = score(events.astype(np.float32), one(0.1, 0.01, 0.9, 0.3, events=128))

    assert np.exp(-scores.parts[:, 1]).sum() == pytest.approx(1.0, abs=1e-6)


def test_components_are_weighed_jointly_and_alone():
    means = np.array([[[0.1, 0.0], [0.1, 1.0]]])
    forecasts = Forecasts(means, np.full_like(means, 1e-6), np.log([[3.0, 1.0]]))

    scores = score(np.array([[0.1, 1.0]]), forecasts)

    assert scores.joint == pytest.approx([math.log(4.0)])
    assert scores.parts[0] == pytest.approx([0.0, math.log(4.0)], abs=1e-12)


def test_dimensions_that_go_together_cost_less_than_their_parts():
    means = np.array([[[0.1, 0.0], [0.2, 1.0]]])

    scores = score(np.array([[0.1, 0.0]]), Forecasts(means, np.full_like(means, 1e-6), np.zeros((1, 2))))

    assert scores.joint == pytest.approx([math.log(2)])
    assert scores.parts.sum() == pytest.approx(2 * math.log(2))


def test_a_true_forecast_costs_the_entropy_that_is_known_in_closed_form():
    rng = np.random.default_rng(1)
    events = np.column_stack([rng.normal(1.0, 0.1, 40_000), rng.normal(0.5, 0.08, 40_000)])
    entropy_of_a_normal = 0.5 * math.log(2 * math.pi * math.e)

    scores = score(events, one(1.0, 0.1, 0.5, 0.08, events=len(events)))

    of_dt = entropy_of_a_normal + math.log(0.1) - math.log(2 * DT_CELL)
    of_x = entropy_of_a_normal + math.log(0.08) - math.log(2 * CONTROL_CELL)
    assert scores.parts.mean(axis=0) == pytest.approx([of_dt, of_x], abs=0.015)
    assert scores.joint.mean() == pytest.approx(of_dt + of_x, abs=0.02)


def test_a_true_mixture_costs_the_entropy_of_its_choice_and_of_what_was_chosen():
    rng = np.random.default_rng(3)
    second = rng.random(40_000) < 0.3
    events = np.where(second[:, None], [3.0, 0.8], [1.0, 0.2]) + rng.normal(0.0, [0.1, 0.03], (40_000, 2))
    means = np.tile([[[1.0, 0.2], [3.0, 0.8]]], (len(events), 1, 1))
    deviations = np.tile([[[0.1, 0.03], [0.1, 0.03]]], (len(events), 1, 1))
    logits = np.tile(np.log([[0.7, 0.3]]), (len(events), 1))

    scores = score(events, Forecasts(means, deviations, logits))

    choice = -0.7 * math.log(0.7) - 0.3 * math.log(0.3)
    of_a_normal = 0.5 * math.log(2 * math.pi * math.e)
    chosen = 2 * of_a_normal + math.log(0.1 / (2 * DT_CELL)) + math.log(0.03 / (2 * CONTROL_CELL))
    assert scores.joint.mean() == pytest.approx(choice + chosen, abs=0.025)
    assert scores.parts.sum(axis=1).mean() == pytest.approx(2 * choice + chosen, abs=0.03)  # the choice counts twice


def test_a_blurred_grid_costs_the_entropy_of_the_masses_of_its_128_cells():
    mean, deviation = 0.4, 0.02
    edges = [-math.inf, *((np.arange(127) + 0.5) / 127), math.inf]
    masses = np.diff([NormalDist(mean, deviation).cdf(edge) for edge in edges])
    rng = np.random.default_rng(4)
    events = np.column_stack([np.full(40_000, 0.1), rng.choice(128, 40_000, p=masses) / 127])

    scores = score(events, one(0.1, 1e-6, mean, deviation, events=len(events)))

    likely = masses[masses > 0.0]
    assert scores.joint.mean() == pytest.approx(-(likely * np.log(likely)).sum(), abs=0.015)


def test_a_performer_who_tosses_a_coin_costs_log_2_and_certainty_nothing():
    rng = np.random.default_rng(2)
    sides = rng.integers(0, 2, 1000)
    events = np.column_stack([np.full(1000, 0.1), sides])
    fair = np.tile([[[0.1, 0.0], [0.1, 1.0]]], (1000, 1, 1))

    blind = score(events, Forecasts(fair, np.full_like(fair, 1e-5), np.zeros((1000, 2))))
    knowing = score(events, Forecasts(fair, np.full_like(fair, 1e-5), np.where(sides[:, None] == [0, 1], 0.0, -1e3)))

    assert blind.joint == pytest.approx(math.log(2))
    assert knowing.joint == pytest.approx(0.0, abs=1e-12)


@given(st.floats(-0.2, 1.2), st.floats(-3.0, 3.0))
def test_no_wrong_forecast_is_better_on_average_than_the_true_one(mean, log_deviation):
    grid = np.column_stack([np.full(128, 0.1), np.arange(128) / 127])
    true = np.exp(-score(grid, one(0.1, 0.01, 0.5, 0.2, events=128)).parts[:, 1])

    def expected(x, deviation):
        return float(true @ score(grid, one(0.1, 0.01, x, deviation, events=128)).parts[:, 1])

    assert expected(0.5, 0.2) <= expected(mean, 0.2 * math.exp(log_deviation)) + 1e-12


def test_collapsing_onto_the_grid_wins_no_more_than_certainty():
    still = np.tile([0.1, 64 / 127], (10, 1))

    narrow, narrower = (score(still, one(0.1, width, 64 / 127, width, events=10)).joint for width in (1e-4, 1e-9))

    assert narrow == pytest.approx(0.0, abs=1e-6)
    assert narrower == pytest.approx(narrow, abs=1e-6)


def test_a_hopeless_forecast_costs_a_finite_number_and_no_number_costs_nan():
    hopeless = score(np.array([[5.0, 1.0]]), one(0.0, 1e-9, 0.0, 1e-9))
    nothing = score(np.array([[5.0, 1.0]]), one(math.nan, 1.0, 0.0, 1.0))

    assert 1e12 < hopeless.joint[0] < math.inf
    assert math.isnan(nothing.joint[0])


def test_nothing_to_score_is_no_score():
    scores = score(np.zeros((0, 2)), one(0.1, 1.0, 0.5, 1.0, events=0))

    assert scores.joint.shape == (0,)
    assert scores.parts.shape == (0, 2)


def test_the_event_after_a_long_silence_is_heard_and_not_scored():
    performance = np.array([[60.0, 0.1], [0.1, 0.2], [9.0, 0.3], [0.1, 0.4], [0.2, 0.5], [7.0, 0.6]], np.float32)

    first, second = takes(performance, max_dt=5.0)

    np.testing.assert_allclose(first, [[5.0, 0.1], [0.1, 0.2]], rtol=1e-6)
    np.testing.assert_allclose(second, [[5.0, 0.3], [0.1, 0.4], [0.2, 0.5]], rtol=1e-6)
    assert performance[0, 0] == 60.0


def test_a_model_hears_all_before_an_event_and_not_the_event_itself():
    metronome = Metronome(controls=1)
    take = np.array([[5.0, 0.1], [0.1, 0.2], [0.2, 0.3]])

    forecasts = listen(metronome, take)

    assert len(forecasts) == 2
    assert metronome.heard == [[5.0, 0.1], [0.1, 0.2]]
    assert forecasts.means.shape == forecasts.deviations.shape == (2, 1, 2)


def test_every_take_is_heard_with_a_blank_memory():
    take = np.array([[0.1, 0.1], [0.1, 0.7], [0.2, 0.3]])
    echo = Echo(controls=1)

    once, again = listen(echo, take), listen(echo, take)

    np.testing.assert_array_equal(once.means, again.means)
