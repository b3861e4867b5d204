"""Training: what is learned from, what is held out, and a model that plays what it was taught."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impsy.data.datasets import Dataset, load_dataset
from impsy.errors import NotEnoughData
from impsy.model.litert import LiteRtPredictor
from impsy.training.fit import Recipe
from impsy.training.lessons import GAP, batches, prepare
from impsy.training.train import train

RECORDED = Path(__file__).parents[1] / ".." / "shared" / "data" / "recorded-9d.npz"


def _take(length, start=0.0):
    """Rows that can be told apart: x counts."""
    return np.column_stack([np.full(length, 0.02), (start + np.arange(length)) / 50_000]).astype(np.float32)


def _circles(length=900, performances=2):
    """A hand that goes round and round, 40 times a second."""
    phase = np.arange(length) * 0.1
    rows = np.column_stack([np.full(length, 0.025), 0.5 + 0.3 * np.cos(phase), 0.5 + 0.3 * np.sin(phase)])
    return Dataset(tuple(np.roll(rows, 50 * n, axis=0).astype(np.float32) for n in range(performances)), 3)


def test_too_little_is_refused_and_says_how_much_more_to_play():
    with pytest.raises(NotEnoughData, match=r"150 interactions .* play 50 more, at your pace about 1 s"):
        prepare([_take(100), _take(50)], np.random.default_rng(1))

    with pytest.raises(NotEnoughData, match="0 interactions are too few"):
        prepare([], np.random.default_rng(1))


def test_whole_performances_are_held_out():
    performances = [_take(100, start=1000 * n) for n in range(10)]
    lessons = prepare(performances, np.random.default_rng(1))

    assert len(lessons.learned) == 9
    assert len(lessons.held_out) == 1
    assert {len(table) for table in (*lessons.learned, *lessons.held_out)} == {100}


def test_a_single_performance_gives_its_last_tenth_after_a_gap():
    lessons = prepare([_take(1000)], np.random.default_rng(1))

    (learned,), (held_out,) = lessons.learned, lessons.held_out
    assert (len(learned), len(held_out)) == (1000 - 100 - GAP, 100)
    assert np.array_equal(held_out, (_take(1000)[-100:] * 10))


def test_long_pauses_are_capped_and_what_the_network_sees_is_ten_times_as_large():
    take = _take(300)
    take[7] = [434.0, 0.5]
    lessons = prepare([take], np.random.default_rng(1))

    assert lessons.learned[0][7].tolist() == [50.0, 5.0]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=6).filter(lambda lengths: sum(lengths) >= 200),
    st.integers(1, 8),
    st.integers(2, 64),
    st.booleans(),
)
def test_for_any_performances_everything_is_learned_or_held_out_once(lengths, lanes, steps, shuffled):
    starts = itertools.accumulate(lengths, initial=0)
    performances = [_take(length, start) for length, start in zip(lengths, starts, strict=False)]
    lessons = prepare(performances, np.random.default_rng(1))
    rng = np.random.default_rng(2) if shuffled else None

    wanted = sorted(x for table in lessons.learned for x in table[1:, 1].tolist())
    seen = []
    for batch in batches(lessons.learned, lanes, steps, rng):
        heard = batch.weights > 0
        seen += batch.targets[heard][:, 1].tolist()
        assert np.allclose((batch.targets - batch.inputs)[heard][:, 1], 10 / 50_000, atol=2e-6)
    assert sorted(seen) == wanted


def test_lanes_run_on_from_one_batch_to_the_next():
    table = _take(200) * 10
    first, second, *_ = batches([table], 4, 64)

    assert (first.carried.tolist(), second.carried.tolist()) == ([[0.0]], [[1.0]])
    assert np.array_equal(second.inputs[0, 0], first.targets[0, -1])


@pytest.mark.slow
class TestTrained:
    @pytest.fixture(autouse=True)
    def _needs_tensorflow(self):
        pytest.importorskip("tensorflow", reason="the extra train is not installed")
        pytest.importorskip("keras_mdn_layer", reason="the extra train is not installed")

    def test_it_goes_on_round_the_circle_that_it_was_taught(self, tmp_path):
        trained = train(_circles(), "xs", Recipe(epochs=120, patience=None), tmp_path, 1, lambda epoch: None)
        predictor = LiteRtPredictor(trained.lite_path)

        state, rng = predictor.initial_state(), np.random.default_rng(1)
        for row in _circles().performances[0][:100]:
            mixture, state = predictor.step(row, state)
        played = []
        for _ in range(60):  # about one round
            row = np.clip(mixture.sample(rng, 0.1, 0.0), [0.001, 0, 0], [9, 1, 1])
            played.append(row)
            mixture, state = predictor.step(row, state)
        played = np.array(played)
        radius = np.hypot(played[:, 1] - 0.5, played[:, 2] - 0.5)

        assert np.allclose(played[:, 0], 0.025, atol=0.01)
        assert np.all((radius > 0.2) & (radius < 0.4))
        assert all(played[:, axis].min() < 0.35 and played[:, axis].max() > 0.65 for axis in (1, 2))

    def test_the_same_seed_gives_the_same_file_and_the_older_one_is_kept(self, tmp_path):
        recipe = Recipe(epochs=2)
        one = train(_circles(), "xxs", recipe, tmp_path, 7, lambda epoch: None)
        first = one.lite_path.read_bytes()
        os.utime(one.lite_path, (time.time() - 86400,) * 2)
        two = train(_circles(), "xxs", recipe, tmp_path, 7, lambda epoch: None)

        assert two.lite_path == one.lite_path
        assert two.lite_path.read_bytes() == first
        assert len(list(tmp_path.glob("*.tflite"))) == len(list(tmp_path.glob("*.keras"))) == 2
        assert not list(tmp_path.glob(".*"))

    def test_the_best_weights_are_kept_and_patience_ends_it(self, tmp_path):
        told = []
        trained = train(_circles(150), "xxs", Recipe(epochs=400, patience=3, rate=0.05), tmp_path, 1, told.append)

        assert trained.best.held_out == min(epoch.held_out for epoch in told)
        assert len(told) == min(400, trained.best.number + 3)

    def test_the_keras_file_opens_with_standard_layers_and_the_mixture_layer_alone(self, tmp_path):
        import keras
        from keras_mdn_layer import MDN

        trained = train(_circles(), "xxs", Recipe(epochs=1), tmp_path, 1, lambda epoch: None)
        model = keras.saving.load_model(trained.keras_path, custom_objects={"MDN": MDN})

        assert [tensor.name for tensor in model.inputs] == [
            *("inputs", "state_h_0", "state_c_0", "state_h_1", "state_c_1")
        ]
        assert [tuple(tensor.shape) for tensor in model.inputs] == [(1, 1, 3)] + [(1, 16)] * 4
        assert [tuple(tensor.shape) for tensor in model.outputs] == [(1, 35)] + [(1, 16)] * 4

    def test_a_few_epochs_on_the_recorded_performances_learn_something(self, tmp_path):
        if not RECORDED.exists():
            pytest.skip("the recorded performances are not beside this checkout")
        told = []
        train(load_dataset(RECORDED), "xs", Recipe(epochs=4), tmp_path, 1, told.append)

        assert told[-1].loss < told[0].loss - 2.0
        assert min(epoch.held_out for epoch in told) < -6.0


def test_importing_the_training_folder_imports_no_framework():
    code = "import impsy.training.train, sys; print([m for m in ('tensorflow', 'keras', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
