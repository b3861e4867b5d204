"""The starters are alive: by themselves they go everywhere and never stick, also where they answer somebody."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from impsy.cli.stage import STARTERS
from impsy.core.session import Settings
from impsy.evaluation.rollout import Rollout, play_alone
from impsy.model.card import liveliest, read_card
from impsy.model.litert import LiteRtPredictor, file_hash

ROOT = Path(__file__).parents[1]
SEEDS = range(8)
CELLS = 10  # along each axis, or the way of a fader
MOVED = 0.01
FADERS = 8
END = 0.01  # of the way, from an end of it


def _file(name):
    return ROOT / "impsy" / "starters" / STARTERS[name]


def _play(name, seed, seconds, heard=None) -> Rollout:
    """What a starter plays at the temperature of its card: by itself as in a battle, or after what it has heard."""
    settings = replace(Settings(), sigma_temperature=liveliest(_file(name)))
    return play_alone(LiteRtPredictor(_file(name)), seconds, settings, seed, heard, most=10**6)


@pytest.fixture(scope="module")
def pad() -> list[Rollout]:
    """A minute of the pad for each seed."""
    return [_play("starter:pad", seed, 60.0) for seed in SEEDS]


@pytest.fixture(scope="module")
def faders() -> list[Rollout]:
    """Five minutes of the faders for each seed."""
    return [_play("starter:faders", seed, 300.0) for seed in SEEDS]


def _visited(played):
    """The share of the cells of a pad that it was in."""
    cells = np.minimum((played.values * CELLS).astype(int), CELLS - 1)
    return len(np.unique(cells, axis=0)) / CELLS**2


def _longest_rest(played, seconds):
    """Seconds, of all that it played, during which it stayed within `MOVED` of where it was."""
    longest, rested_at, since = 0.0, played.values[0], 0.0
    for at, place in zip(played.seconds, played.values, strict=True):
        if np.abs(place - rested_at).max() >= MOVED:
            longest, rested_at, since = max(longest, at - since), place, at
    return max(longest, seconds - since)


def _longest_at_an_end(times, places):
    """The longest stretch of seconds that one fader stays at one of its ends."""
    longest, since = 0.0, None
    for at, is_there in zip(times, (places <= END) | (places >= 1.0 - END), strict=True):
        since = (at if since is None else since) if is_there else None
        longest = max(longest, at - since) if is_there else longest
    return longest


def _stroke(seed):
    """A short stroke from somewhere to somewhere on the pad, at 50 Hz."""
    rng = np.random.default_rng(seed)
    length = int(rng.integers(2, 50))
    t = np.linspace(0.0, 1.0, length)[:, None]
    profile = t**3 * (10 - 15 * t + 6 * t * t)
    start, end = rng.random(2), rng.random(2)
    return np.hstack([np.full((length, 1), 0.02), start + profile * (end - start)])


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
def test_left_alone_it_roams_the_pad_within_a_minute_at_the_pace_of_a_hand_and_never_sticks(pad, seed):
    played = pad[seed]

    assert _visited(played) >= 0.6
    assert _longest_rest(played, 60.0) <= 3.0
    assert 25.0 <= len(played.seconds) / 60.0 <= 60.0


@pytest.mark.parametrize("seed", SEEDS)
def test_an_answer_to_a_short_stroke_on_the_pad_never_sticks(seed):
    played = _play("starter:pad", seed, 20.0, _stroke(seed))

    assert _longest_rest(played, 20.0) <= 3.0
    assert _visited(played) >= 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_left_alone_it_moves_every_fader_within_a_minute_and_never_sticks(faders, seed):
    played = faders[seed]
    first_minute = played.values[played.seconds <= 60.0]

    assert np.ptp(first_minute, axis=0).min() >= 0.1
    assert _longest_rest(played, 300.0) <= 3.0


@pytest.mark.parametrize("seed", SEEDS)
def test_left_alone_every_fader_goes_nearly_everywhere_and_stays_at_no_end(faders, seed):
    for places in faders[seed].values.T:
        assert len(np.unique(np.minimum((places * CELLS).astype(int), CELLS - 1))) / CELLS >= 0.6
        assert _longest_at_an_end(faders[seed].seconds, places) <= 45.0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_turn_of_a_knob_is_answered_by_more_than_one(seed):
    answer = _play("starter:faders", seed, 20.0, _knob(seed))

    assert _longest_rest(answer, 20.0) <= 3.0
    assert (np.ptp(answer.values, axis=0) > 0.1).sum() >= 3


@pytest.mark.parametrize("name", STARTERS)
def test_the_card_beside_a_starter_is_its_own(name):
    card = read_card(_file(name), file_hash(_file(name)))

    assert card is not None
    assert card.training is not None
    assert not Path(card.training.data).is_absolute()
