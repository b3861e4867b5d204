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

from impsy.core.predictor import ModelSpec
from impsy.data.datasets import Dataset, load_dataset
from impsy.errors import ModelError, NotEnoughData
from impsy.evaluation.score import CONTROL_CELL, DT_CELL, Forecasts, score
from impsy.model.card import read_card
from impsy.model.litert import LiteRtPredictor, file_hash
from impsy.training.augment import augmented, noisy
from impsy.training.backend import load_backend
from impsy.training.fit import Recipe
from impsy.training.lessons import GAP, batches, overlapping, prepare, windows
from impsy.training.likelihood import log_mass, nats
from impsy.training.network import build
from impsy.training.recurrence import run
from impsy.training.size import fitting_size
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
    assert {len(table) for table in lessons.phrases(lessons.learned) + lessons.phrases(lessons.held_out)} == {100}


def test_what_a_pause_has_cut_is_held_out_together():
    phrases = [_take(20, start=20 * n) for n in range(100)]

    for seed in range(5):
        held_out = prepare(phrases, np.random.default_rng(seed))
        first = [round(rows[0, 1] * 5000 / 20) for rows in held_out.phrases(held_out.held_out)]
        assert first == list(range(first[0], first[0] + 10))


def test_a_single_performance_gives_its_last_tenth_after_a_gap():
    lessons = prepare([_take(1000)], np.random.default_rng(1))

    (learned,), (held_out,) = lessons.phrases(lessons.learned), lessons.phrases(lessons.held_out)
    assert (len(learned), len(held_out)) == (1000 - 100 - GAP, 100)
    assert np.array_equal(held_out, (_take(1000)[-100:] * 10))


def test_a_long_silence_ends_a_phrase_and_what_the_network_sees_is_ten_times_as_large():
    take = _take(300)
    take[7] = [434.0, 0.5]
    lessons = prepare([take], np.random.default_rng(1))

    assert [len(phrase) for phrase in lessons.phrases(lessons.learned)] == [7, 300 - 8 - 30 - GAP]
    assert np.array_equal(lessons.phrases(lessons.learned)[0], take[:7] * 10)


def test_silences_alone_are_nothing_to_learn_from():
    take = _take(300)
    take[:, 0] = 60.0

    with pytest.raises(NotEnoughData, match="silences longer than 5 s leave no phrase"):
        prepare([take], np.random.default_rng(1))


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=6).filter(lambda lengths: sum(lengths) >= 200),
    st.integers(1, 8),
    st.integers(2, 64),
    st.booleans(),
)
def test_for_any_performances_everything_is_learned_or_judged_once(lengths, lanes, steps, learning):
    starts = itertools.accumulate(lengths, initial=0)
    performances = [_take(length, start) for length, start in zip(lengths, starts, strict=False)]
    lessons = prepare(performances, np.random.default_rng(1))
    spans = lessons.learned if learning else lessons.held_out
    drawn = windows(spans, steps, np.random.default_rng(2)) if learning else overlapping(spans, steps, 7)

    wanted = sorted(x for table in lessons.phrases(spans) for x in table[1:, 1].tolist())
    seen = []
    for batch in batches(lessons.rows, drawn, lanes, steps if learning else steps + 7):
        foreseen = batch.weights > 0
        seen += batch.targets[foreseen][:, 1].tolist()
        assert np.allclose((batch.targets - batch.inputs)[foreseen][:, 1], 10 / 50_000, atol=2e-6)
    assert sorted(seen) == wanted


def test_windows_begin_elsewhere_in_every_epoch():
    lessons, rng = prepare([_take(1000)], np.random.default_rng(1)), np.random.default_rng(2)
    one, other = (set(windows(lessons.learned, 32, rng).starts.tolist()) for _ in range(2))

    assert len(one & other) < 0.2 * len(one)


def test_a_window_that_is_judged_hears_what_came_before_it():
    drawn = overlapping(np.array([[0, 101]]), 40, 16)

    assert drawn.starts.tolist() == [0, 24, 64]
    assert drawn.heard.tolist() == [0, 16, 16]
    assert drawn.foreseen.tolist() == [40, 40, 20]


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_for_any_seed_what_is_augmented_moves_as_it_was_played(seed):
    rng = np.random.default_rng(seed)
    rows = np.column_stack([rng.exponential(0.1, 201), rng.integers(20, 100, (201, 3)) / 127]).astype(np.float32) * 10
    (batch,) = batches(rows, overlapping(np.array([[0, 201]]), 40, 0), 5, 40)
    changed = augmented(batch, rng)

    assert np.array_equal(changed.weights, batch.weights)
    stretches = changed.inputs[..., 0] / batch.inputs[..., 0]
    assert np.allclose(stretches, stretches[:, :1])
    assert ((stretches > 0.79) & (stretches < 1.26)).all()
    moves, were = (np.diff(part.inputs[..., 1:], axis=1) for part in (changed, batch))
    signs = np.sign((moves * were).sum(axis=1, keepdims=True))
    assert np.allclose(moves, signs * were, atol=1e-4)
    assert np.array_equal(changed.inputs[:, 1:], changed.targets[:, :-1])
    assert (changed.inputs[..., 1:] >= 0).all()
    assert (changed.inputs[..., 1:] <= 10).all()


def test_controls_are_heard_with_noise_and_neither_time_nor_what_is_foreseen_is_touched():
    rng = np.random.default_rng(1)
    (batch,) = batches(_take(401) * 10, overlapping(np.array([[0, 401]]), 40, 0), 10, 40)
    heard = noisy(batch, 0.001, rng)

    assert np.std((heard.inputs - batch.inputs)[..., 1:]) == pytest.approx(0.01, rel=0.2)
    assert np.array_equal(heard.inputs[..., 0], batch.inputs[..., 0])
    assert np.array_equal(heard.targets, batch.targets)


@pytest.mark.parametrize(("interactions", "size"), [(200, "xxs"), (5_000_000, "xl")])
def test_the_size_goes_by_how_much_was_played(interactions, size):
    assert fitting_size(interactions)[0] == size


class Told:
    """Who listens to a run."""

    def __init__(self):
        self.epochs = []

    def started(self, run):
        self.run = run

    def epoch(self, epoch):
        self.epochs.append(epoch)

    def learned(self):
        pass


@pytest.mark.slow
class TestTrained:
    @pytest.fixture(autouse=True)
    def _needs_tensorflow(self):
        pytest.importorskip("tensorflow", reason="the extra train is not installed")
        pytest.importorskip("keras_mdn_layer", reason="the extra train is not installed")

    def test_the_loss_is_the_score_of_the_judge(self):
        load_backend()
        rng = np.random.default_rng(1)
        events = np.column_stack([rng.exponential(0.1, 500) + 0.001, rng.integers(1, 127, (500, 2)) / 127])
        means = events[:, np.newaxis] + rng.normal(0, 0.02, (500, 5, 3))
        deviations, logits = np.exp(rng.uniform(-7, 0, (500, 5, 3))), rng.normal(0, 1, (500, 5))
        half = np.array([DT_CELL, CONTROL_CELL, CONTROL_CELL])
        parts = [part.reshape(500, -1).astype(np.float32) for part in (means * 10, deviations * 10, logits)]

        ours = nats(parts, (events * 10).astype(np.float32), (half * 10).astype(np.float32))
        judged = score(events, Forecasts(means, deviations, logits)).joint

        assert np.allclose(ours, judged, rtol=0.02, atol=0.01)

    def test_a_wrong_forecast_has_a_finite_gradient(self):
        load_backend()
        import tensorflow as tf

        off, deviations = (tf.reshape(part, -1) for part in tf.meshgrid(np.logspace(-6, 3, 45), np.logspace(-4, 3, 45)))
        off, deviations = tf.cast(tf.concat([off, -off], 0), tf.float32), tf.cast(tf.tile(deviations, [2]), tf.float32)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([off, deviations])
            mass = log_mass(off, deviations, np.float32(0.04))

        assert np.isfinite(mass).all()
        assert all(np.isfinite(tape.gradient(mass, part)).all() for part in (off, deviations))

    def test_the_gradient_that_is_written_out_is_that_of_the_mass(self):
        load_backend()
        import tensorflow as tf

        rng = np.random.default_rng(1)
        off, deviations = rng.normal(0, 0.1, 500), np.exp(rng.uniform(-4, 2, 500))
        values = [tf.constant(part, tf.float64) for part in (off, deviations)]
        with tf.GradientTape() as tape:
            tape.watch(values)
            mass = log_mass(*values, np.float64(0.04))
        written = tape.gradient(mass, values)

        for index, gradient in enumerate(written):
            step = [tf.zeros(500, tf.float64)] * 2
            step[index] = tf.fill(500, tf.constant(1e-6, tf.float64))
            up, down = (
                log_mass(*(value + sign * by for value, by in zip(values, step, strict=True)), np.float64(0.04))
                for sign in (1, -1)
            )
            assert np.allclose(gradient, (up - down) / 2e-6, rtol=0.02, atol=1e-3)

    def test_what_learns_over_many_steps_is_what_performs_step_by_step(self):
        load_backend()
        lessons = prepare(_circles().performances, np.random.default_rng(1))
        network = build(ModelSpec(3, 2, 16, 5), lessons, np.random.default_rng(1))
        rows = lessons.rows[:40]

        at_once = network.parameters(np.stack([rows, rows])).numpy()[: len(rows)]
        step, states = network.inference_model(), [np.zeros((1, 16), np.float32)] * 4
        one_by_one = []
        for row in rows:
            parameters, *states = map(np.asarray, step([row.reshape(1, 1, -1), *states]))
            one_by_one.append(parameters[0])

        assert np.allclose(at_once, one_by_one, atol=1e-4)

    def test_what_flows_back_over_many_steps_is_what_keras_lets_flow_back(self):
        load_backend()
        import tensorflow as tf

        rng = np.random.default_rng(1)
        network = build(ModelSpec(3, 2, 16, 5), prepare(_circles().performances, rng), rng)
        weights = [weight for layer in network.recurrent for weight in layer.trainable_weights]
        inputs, counts = (tf.constant(rng.normal(size=(4, 12, size)), tf.float32) for size in (3, 16))

        def by_keras(layers, heard):
            for layer in layers:
                heard, *_ = layer(heard)
            return heard

        found = []
        for forward in (run, by_keras):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                total = tf.reduce_sum(forward(network.recurrent, inputs) * counts)
            found.append(tape.gradient(total, [inputs, *weights]))

        assert all(np.allclose(ours, theirs, rtol=1e-4, atol=1e-4) for ours, theirs in zip(*found, strict=True))

    def test_a_fresh_network_remembers_where_the_controls_were(self):
        load_backend()
        lessons = prepare(_circles().performances, np.random.default_rng(1))
        network = build(ModelSpec(3, 2, 16, 5), lessons, np.random.default_rng(1))
        rows = lessons.rows[:40]

        heard = run(network.recurrent[:1], np.stack([rows, rows])).numpy()[0]  # (steps, U)

        assert np.allclose(heard[:, :2] / 0.02 + 5, rows[:, 1:], atol=0.05)
        assert np.allclose(heard[1:, 2:4], np.tanh(np.tanh(4 * np.diff(rows[:, 1:], axis=0))), atol=0.05)

    def test_it_goes_on_round_the_circle_that_it_was_taught(self, tmp_path):
        trained = train(_circles(), "xs", Recipe(epochs=60, patience=None), tmp_path, 1, Told())
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
        one = train(_circles(), "xxs", recipe, tmp_path, 7, Told())
        first = [path.read_bytes() for path in (one.lite_path, one.keras_path)]
        os.utime(one.lite_path, (time.time() - 86400,) * 2)
        two = train(_circles(), "xxs", recipe, tmp_path, 7, Told())

        assert two.lite_path == one.lite_path
        assert [path.read_bytes() for path in (two.lite_path, two.keras_path)] == first
        assert [len(list(tmp_path.glob(f"*.{kind}"))) for kind in ("tflite", "keras", "json")] == [2, 2, 2]
        card = read_card(two.keras_path, file_hash(two.keras_path))
        assert (card.training.seed, card.training.best_epoch) == (7, two.best.number)
        assert card.training.held_out_nats_dt < card.training.held_out_nats < two.best.held_out  # by MIDI's cells
        assert card == read_card(two.lite_path, file_hash(two.lite_path))
        assert not list(tmp_path.glob(".*"))

    def test_the_best_weights_are_kept_and_patience_ends_it(self, tmp_path):
        told = Told()
        trained = train(_circles(150), "xxs", Recipe(epochs=400, patience=3, rate=0.05), tmp_path, 1, told)

        assert trained.best.held_out == min(epoch.held_out for epoch in told.epochs)
        assert len(told.epochs) == min(400, trained.best.number + 3)

    def test_a_model_learns_further_and_what_it_was_worth_is_told(self, tmp_path):
        one = train(_circles(), "xxs", Recipe(epochs=4), tmp_path / "one", 7, Told())
        told = Told()
        two = train(_circles(), "xs", Recipe(epochs=8), tmp_path / "two", 7, told, begin_with=one.keras_path)
        other = train(_circles(), "xs", Recipe(epochs=1), tmp_path / "other", 7, Told(), begin_with=one.lite_path)

        assert two.lite_path.name == one.lite_path.name
        assert two.before == told.epochs[0]
        assert two.before.held_out == pytest.approx(one.best.held_out, abs=0.01)
        assert two.best.held_out < two.before.held_out
        assert other.before.held_out == pytest.approx(two.before.held_out, abs=0.01)

    def test_a_model_of_another_dimension_is_no_beginning(self, tmp_path):
        one = train(_circles(), "xxs", Recipe(epochs=1), tmp_path / "one", 7, Told())
        other = Dataset(tuple(np.hstack([table, table[:, 1:]]) for table in _circles().performances), 5)

        with pytest.raises(ModelError, match="has dimension 3, but the dataset has 5"):
            train(other, "xxs", Recipe(epochs=1), tmp_path / "two", 7, Told(), begin_with=one.keras_path)

    def test_the_keras_file_opens_with_standard_layers_and_the_mixture_layer_alone(self, tmp_path):
        import keras
        from keras_mdn_layer import MDN

        trained = train(_circles(), "xxs", Recipe(epochs=1), tmp_path, 1, Told())
        model = keras.saving.load_model(trained.keras_path, custom_objects={"MDN": MDN})

        assert [tensor.name for tensor in model.inputs] == [
            *("inputs", "state_h_0", "state_c_0", "state_h_1", "state_c_1")
        ]
        assert [tuple(tensor.shape) for tensor in model.inputs] == [(1, 1, 3)] + [(1, 16)] * 4
        assert [tuple(tensor.shape) for tensor in model.outputs] == [(1, 35)] + [(1, 16)] * 4

    def test_a_few_epochs_on_the_recorded_performances_learn_something(self, tmp_path):
        if not RECORDED.exists():
            pytest.skip("the recorded performances are not beside this checkout")
        told = Told()
        train(load_dataset(RECORDED), "xs", Recipe(epochs=4), tmp_path, 1, told)

        assert told.epochs[-1].loss < told.epochs[0].loss - 2.0
        assert min(epoch.held_out for epoch in told.epochs) < 12.0


def test_importing_the_training_folder_imports_no_framework():
    code = "import impsy.training.train, sys; print([m for m in ('tensorflow', 'keras', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
