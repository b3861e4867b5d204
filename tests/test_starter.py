"""The starter is alive: it roams the pad by itself and never sticks, also where it answers somebody."""

from pathlib import Path

import numpy as np
import pytest

from impsy.model.litert import LiteRtPredictor

STARTER = Path(__file__).parents[1] / "impsy/starters/musicMDRNN-dim3-layers2-units32-mixtures5-scale10.tflite"
SEEDS = range(8)
CELLS = 10  # along each axis
MOVED = 0.01


@pytest.fixture(scope="module")
def starter() -> LiteRtPredictor:
    return LiteRtPredictor(STARTER)


def _play(predictor, seed, seconds, heard):
    """What it plays after `heard`, (length, 3), at the temperatures of the default config, fed back as in battle."""
    rng, state = np.random.default_rng(seed), predictor.initial_state()
    for interaction in heard:
        mixture, state = predictor.step(interaction, state)
    played, spent = [], 0.0
    while spent < seconds:
        interaction = mixture.sample(rng, pi_temperature=1.0, sigma_temperature=0.01)
        interaction = np.clip(interaction, [0.001, 0.0, 0.0], [np.inf, 1.0, 1.0])
        spent += interaction[0]
        played.append(interaction)
        mixture, state = predictor.step(interaction, state)
    return np.array(played)


def _visited(played):
    cells = np.minimum((played[:, 1:] * CELLS).astype(int), CELLS - 1)
    return len(np.unique(cells, axis=0)) / CELLS**2


def _longest_rest(played):
    """Seconds during which it stayed within `MOVED` of where it was."""
    times, longest, rested_at, since = np.cumsum(played[:, 0]), 0.0, played[0, 1:], 0.0
    for at, position in zip(times, played[:, 1:], strict=True):
        if np.abs(position - rested_at).max() >= MOVED:
            longest, rested_at, since = max(longest, at - since), position, at
    return max(longest, times[-1] - since)


def _gesture(seed):
    """A short stroke from somewhere to somewhere, at 50 Hz."""
    rng = np.random.default_rng(seed)
    length = int(rng.integers(2, 50))
    t = np.linspace(0.0, 1.0, length)[:, None]
    profile = t**3 * (10 - 15 * t + 6 * t * t)
    start, end = rng.random(2), rng.random(2)
    return np.hstack([np.full((length, 1), 0.02), start + profile * (end - start)])


@pytest.mark.parametrize("seed", SEEDS)
def test_left_alone_it_roams_the_pad_within_a_minute_and_never_sticks(starter, seed):
    played = _play(starter, seed, 60.0, np.array([[0.01, 0.5, 0.5]]))

    assert _visited(played) >= 0.6
    assert _longest_rest(played) <= 3.0


@pytest.mark.parametrize("seed", SEEDS)
def test_an_answer_to_a_short_gesture_never_sticks(starter, seed):
    played = _play(starter, seed, 20.0, _gesture(seed))

    assert _longest_rest(played) <= 3.0
    assert _visited(played) >= 0.2


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_it_plays_at_the_pace_of_a_pad(starter, seed):
    played = _play(starter, seed, 30.0, np.array([[0.01, 0.5, 0.5]]))

    assert 25.0 <= len(played) / 30.0 <= 60.0
