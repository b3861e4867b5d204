"""The starters are alive: by themselves they go everywhere and never stick, also where they answer somebody."""

from pathlib import Path

import numpy as np
import pytest

from impsy.cli.perform import settings
from impsy.cli.stage import STARTERS
from impsy.config.load import load_config
from impsy.evaluation.rollout import Rollout, play_alone
from impsy.model.litert import LiteRtPredictor

ROOT = Path(__file__).parents[1]
SEEDS = range(8)
CELLS = 10  # along each axis, or the way of a fader
MOVED = 0.01
FADERS = 8
END = 0.01  # of the way, from an end of it


@pytest.fixture(scope="module")
def starter() -> LiteRtPredictor:
    return _starter("starter:pad")


def _starter(name):
    return LiteRtPredictor(ROOT / "impsy" / "starters" / STARTERS[name])


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


def _play_faders(seed: int, seconds: float, heard=None) -> Rollout:
    """What the starter of eight faders plays at the temperatures of the set-up that plays it."""
    config = load_config(ROOT / "configs" / "knobs-to-gm-synth.toml").config
    assert config.model.file == "starter:faders"
    return play_alone(_starter("starter:faders"), seconds, settings(config), seed, heard, most=10**6)


@pytest.fixture(scope="module")
def alone() -> list[Rollout]:
    """Five minutes of the faders for each seed."""
    return [_play_faders(seed, 300.0) for seed in SEEDS]


def _longest_at_an_end(times, places):
    """The longest stretch of seconds that one fader stays at one of its ends."""
    longest, since = 0.0, None
    for at, is_there in zip(times, (places <= END) | (places >= 1.0 - END), strict=True):
        since = (at if since is None else since) if is_there else None
        longest = max(longest, at - since) if is_there else longest
    return longest


def _knob(seed):
    """Half a second of one knob, in the 128 steps of MIDI."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, 1.0, 16)
    gesture = np.full((16, 1 + FADERS), 0.5)
    gesture[:, 0] = 0.03
    way = rng.choice([-0.4, 0.4]) * t**3 * (10 - 15 * t + 6 * t * t)
    gesture[:, 1 + rng.integers(FADERS)] = np.round(127 * (0.5 + way)) / 127
    return gesture


@pytest.mark.parametrize("seed", SEEDS)
def test_left_alone_it_moves_every_fader_within_a_minute_and_never_sticks(alone, seed):
    played = alone[seed]
    first_minute = played.values[played.seconds <= 60.0]

    assert np.ptp(first_minute, axis=0).min() >= 0.1
    assert _longest_rest(played.events) <= 3.0


@pytest.mark.parametrize("seed", SEEDS)
def test_left_alone_every_fader_goes_nearly_everywhere_and_stays_at_no_end(alone, seed):
    for places in alone[seed].values.T:
        assert len(np.unique(np.minimum((places * CELLS).astype(int), CELLS - 1))) / CELLS >= 0.6
        assert _longest_at_an_end(alone[seed].seconds, places) <= 45.0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_turn_of_a_knob_is_answered_by_more_than_one(seed):
    answer = _play_faders(seed, 20.0, _knob(seed))

    assert _longest_rest(answer.events) <= 3.0
    assert (np.ptp(answer.values, axis=0) > 0.1).sum() >= 3
