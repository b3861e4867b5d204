"""The random walk: it moves, it stays in range, and it keeps the tempo that it hears."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impsy.model.walk import RandomWalk


def walked(seed: int, seconds: float, sigma_temperature: float = 0.01) -> NDArray[np.float64]:
    """What a walk of two controls plays by itself, rows `[dt, x, y]` in range."""
    walk, rng = RandomWalk(2), np.random.default_rng(seed)
    state, sample, rows = walk.initial_state(), np.array([0.01, 0.5, 0.5]), []
    while sum(row[0] for row in rows) < seconds:
        mixture, state = walk.step(sample, state)
        sample = mixture.sample(rng, 1.0, sigma_temperature)
        sample[0] = max(sample[0], 0.001)
        sample[1:] = np.clip(sample[1:], 0.0, 1.0)
        rows.append(sample)
    return np.array(rows)


@pytest.mark.parametrize("seed", range(5))
def test_a_minute_of_it_covers_much_of_the_pad_and_never_sticks(seed: int) -> None:
    rows = walked(seed, 60.0)

    cells = {(int(x * 9.999), int(y * 9.999)) for _, x, y in rows}
    moved = np.abs(np.diff(rows[:, 1:], axis=0)).max(axis=1)
    assert len(cells) >= 40
    assert moved.min() > 0.0
    assert 0.005 < np.median(rows[:, 0]) < 0.4


@given(
    st.lists(st.floats(0.0, 5.0), min_size=1, max_size=30),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12),
)
def test_for_any_playing_the_mixture_is_proper(gaps: list[float], values: list[float]) -> None:
    walk = RandomWalk(len(values))
    state = walk.initial_state()
    for gap in gaps:
        mixture, state = walk.step(np.array([gap, *values]), state)

        assert mixture.means.shape == mixture.deviations.shape == (1, len(values) + 1)
        assert (mixture.deviations > 0.0).all()
        assert (mixture.means > 0.0).all()
        assert (mixture.means <= 1.0).all()


def test_it_takes_up_the_tempo_of_the_performer() -> None:
    walk = RandomWalk(1)
    state = walk.initial_state()
    for _ in range(60):
        mixture, state = walk.step(np.array([0.4, 0.5]), state)

    assert mixture.means[0, 0] == pytest.approx(0.4, rel=0.01)


def test_a_state_that_was_handed_out_never_changes() -> None:
    walk = RandomWalk(1)
    _, state = walk.step(np.array([0.4, 0.5]), walk.initial_state())
    kept = state[0].copy()
    walk.step(np.array([0.9, 0.5]), state)

    assert np.array_equal(state[0], kept)
