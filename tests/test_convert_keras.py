"""Converting what Keras and TensorFlow wrote, compared with what they say themselves."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from server import Server

from impsy.cli.compare import command as compare
from impsy.data.datasets import save_dataset
from impsy.model.agreement import difference, played, run_by
from impsy.model.flatbuffer import read_file
from impsy.model.interpreter import Interpreter
from impsy.model.litert import LiteRtPredictor
from impsy.model.wiring import find_wiring
from impsy.training.backend import load_backend
from impsy.training.convert import convert, read_source
from impsy.training.keras_files import steps_of

DATA = Path(__file__).parent / "data"
SIGNED = DATA / "tiny-signed.tflite"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def maker():
    """tests/data/make_models.py, which makes old files."""
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    pytest.importorskip("keras_mdn_layer", reason="the extra train is not installed")
    load_backend()
    spec = importlib.util.spec_from_file_location("make_models", DATA / "make_models.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def model(maker):
    """A model of Keras with the weights of tiny-signed."""
    return maker.in_keras(maker.Network(seed=1))


@pytest.fixture
def keras_file(model, tmp_path):
    model.save(tmp_path / "mine.keras")
    return tmp_path / "mine.keras"


def test_a_keras_file_becomes_one_that_says_the_same(model, keras_file, tmp_path):
    source = read_source(keras_file)
    made = convert(source)

    predictor = LiteRtPredictor(made.path)
    assert source.against == "the original, run by Keras"
    assert made.path.parent == tmp_path
    assert difference(played(predictor), steps_of(model), predictor.spec) < 1e-4
    assert difference(played(predictor), played(LiteRtPredictor(SIGNED)), predictor.spec) < 1e-4


def test_a_keras_file_whose_graph_is_damaged_still_gives_its_weights(model, keras_file):
    content = bytearray(keras_file.read_bytes())
    content[content.index(b'"class_name"') + 2] ^= 1  # in config.json, whose check sum tells it
    keras_file.write_bytes(content)

    source = read_source(keras_file)

    assert source.original is None
    assert difference(source.weights.step, steps_of(model), source.weights.spec) < 1e-4


def test_weights_alone_tell_all_sizes(model, tmp_path):
    model.save_weights(tmp_path / "new.weights.h5")
    _write_as_keras_2(model, tmp_path / "old.h5")

    for name in ("new.weights.h5", "old.h5"):
        predictor = LiteRtPredictor(convert(read_source(tmp_path / name), tmp_path / "made").path)
        assert difference(played(predictor), steps_of(model), predictor.spec) < 1e-4


def test_a_checkpoint_of_training_holds_the_same_weights_and_more(model, tmp_path):
    import keras

    heard = inputs = keras.Input((20, 3))
    for layer in (layer for layer in model.layers if layer.weights):
        form = {"return_sequences": True, "return_state": False}
        config = layer.get_config()
        fresh = type(layer).from_config({key: form.get(key, value) for key, value in config.items()})
        heard = (fresh if "lstm" in layer.name else keras.layers.TimeDistributed(fresh))(heard)
        fresh.set_weights(layer.get_weights())
    training = keras.Model(inputs, heard)
    training.compile("adam", "mse")
    training.optimizer.build(training.trainable_variables)
    training.save(tmp_path / "checkpoint.keras")

    source = read_source(tmp_path / "checkpoint.keras")

    assert source.original is None
    assert difference(source.weights.step, steps_of(model), source.weights.spec) < 1e-4


def test_an_old_file_of_8_bits_keeps_its_weights(maker, tmp_path):
    large = maker.in_keras(maker.Network(seed=1, units=40))
    (tmp_path / "old.tflite").write_bytes(maker.legacy(large, flex=True, eight_bits=True))

    source = read_source(tmp_path / "old.tflite")
    made = convert(source)

    assert source.is_quantised
    assert made.difference < 1e-4
    kernels = [np.concatenate(layer.get_weights()[:2]) for layer in large.layers if "lstm" in layer.name]
    for cell, kernel in zip(source.weights.cells, kernels, strict=True):
        assert np.abs(cell.kernel - kernel).max() < np.abs(kernel).max() / 127


def test_what_numpy_runs_of_an_old_file_is_what_keras_says(maker, model, tmp_path):
    """TensorFlow itself runs such files no more: its Python has come without Flex since."""
    interpreter = Interpreter(read_file(tmp_path / "flex.tflite", maker.legacy(model, flex=True)))
    wiring = find_wiring(interpreter)

    assert difference(run_by(interpreter, wiring), steps_of(model), wiring.spec) < 1e-5


def test_impsy_run_plays_a_keras_file_and_never_holds_keras(keras_file, tmp_path):
    server = Server(tmp_path, model={"file": str(keras_file)})
    server.start()
    try:
        server.wait_until_ready(60.0)
        model = server.osc().ask("/impsy/model")
        maps = Path(f"/proc/{server.process.pid}/maps")
        loaded = maps.read_text() if maps.exists() else ""
        assert server.stop() == 0
    finally:
        server.__exit__(None, None, None)

    assert model == "mine"
    assert f"{keras_file} was converted in" in server.stderr
    assert "tensorflow" not in loaded


def test_a_keras_file_is_judged_as_its_twin_is(keras_file, tmp_path):
    rng = np.random.default_rng(1)
    save_dataset(tmp_path / "set.npz", [np.column_stack([rng.exponential(0.1, 80), rng.random((80, 2))])])

    done = CliRunner().invoke(compare, [str(keras_file), str(SIGNED), "--data", str(tmp_path / "set.npz"), "--json"])

    assert abs(json.loads(done.stdout)["all"]["difference"]) < 1e-3
    assert "`impsy convert" in done.stderr


def _write_as_keras_2(model, path):
    """Weights by the paths that IMPSY 0.5.0 wrote."""
    import h5py

    layers = [layer for layer in model.layers if layer.weights]
    with h5py.File(path, "w") as file:
        for number, layer in enumerate(layers[:-1]):
            for name, value in zip(("kernel:0", "recurrent_kernel:0", "bias:0"), layer.get_weights(), strict=True):
                file[f"lstm{number}/lstm{number}/lstm_cell/{name}"] = value
        for name, part in (("mus", "mdn_mus"), ("sigmas", "mdn_sigmas"), ("pis", "mdn_pi")):
            kernel, bias = getattr(layers[-1], part).get_weights()
            file[f"td_mdn/td_mdn/{name}/kernel:0"] = kernel
            file[f"td_mdn/td_mdn/{name}/bias:0"] = bias
