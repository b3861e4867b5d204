"""A long silence ends a phrase, and what follows begins the next."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.data.datasets import load_dataset
from impsy.data.phrases import after_silence, spans, split

RECORDED = Path(__file__).parents[1] / ".." / "shared" / "data" / "recorded-9d.npz"

dts = st.lists(st.floats(0, 12, width=32), max_size=40)


def _rows(dts):
    """Rows that can be told apart: x counts."""
    return np.column_stack([dts, np.arange(len(dts)) / 100]).astype(np.float32).reshape(-1, 2)


def test_the_row_after_a_silence_begins_a_phrase_and_is_in_none():
    phrases = split([_rows([0.5, 0.5]), _rows([0.1, 0.2, 434.0, 0.3, 0.4])], max_dt=5.0)

    assert [(phrase.performance, phrase.start, len(phrase.rows)) for phrase in phrases] == [
        (0, 0, 2),
        (1, 0, 2),
        (1, 3, 2),
    ]
    assert phrases[2].rows[:, 0].tolist() == np.float32([0.3, 0.4]).tolist()


def test_a_dt_as_long_as_is_allowed_is_no_silence():
    assert len(split([_rows([1.0, 5.0, 1.0])], max_dt=5.0)) == 1


def test_lone_gestures_between_silences_give_no_phrase():
    assert split([_rows([9.0, 9.0, 9.0]), _rows([])]) == []
    assert spans(_rows([9.0, 9.0])) == [(0, 0), (1, 1), (2, 2)]
    assert [len(phrase.rows) for phrase in split([_rows([1, 9, 1, 1, 9, 1])], shortest=2)] == [2]


@given(st.lists(dts, max_size=5), st.floats(0.5, 12))
def test_for_any_performances_every_row_is_in_one_phrase_or_follows_a_silence(performances, max_dt):
    tables = [_rows(times) for times in performances]
    phrases = split(tables, max_dt)

    silences = sum(int(after_silence(table, max_dt).sum()) for table in tables)
    assert sum(len(phrase.rows) for phrase in phrases) + silences == sum(map(len, tables))
    for phrase in phrases:
        held = tables[phrase.performance][phrase.start : phrase.start + len(phrase.rows)]
        assert np.array_equal(phrase.rows, held)
        assert held[:, 0].max() <= max_dt
    again = split([phrase.rows for phrase in phrases], max_dt)
    assert [phrase.rows.tolist() for phrase in again] == [phrase.rows.tolist() for phrase in phrases]


def test_the_recorded_performances_lose_their_coffee_breaks_and_little_else():
    if not RECORDED.exists():
        pytest.skip("the recorded performances are not beside this checkout")
    performances = load_dataset(RECORDED).performances

    phrases = split(performances, 5.0)

    assert max(phrase.rows[:, 0].max() for phrase in phrases) <= 5.0
    assert sum(len(phrase.rows) for phrase in phrases) > 0.99 * sum(map(len, performances))
