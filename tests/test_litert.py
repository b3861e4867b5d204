"""Model files played: whatever the converter named them, the same weights say the same.

The little files are made by tests/data/make_models.py.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from impsy.core.predictor import ModelSpec, Predictor, State
from impsy.errors import ModelError
from impsy.model.litert import LiteRtPredictor, file_hash

DATA = Path(__file__).parent / "data"
SIGNED = DATA / "tiny-signed.tflite"
HEARD = np.random.default_rng(5).random((20, 3))


def played(predictor: Predictor, samples: NDArray[np.float64] = HEARD) -> tuple[NDArray[np.float64], State]:
    """What the predictor says to each sample, (len, everything), and its state at the end."""
    said = []
    state = predictor.initial_state()
    for sample in samples:
        mixture, state = predictor.step(sample, state)
        said.append(np.concatenate([mixture.means.ravel(), mixture.deviations.ravel(), mixture.logits]))
    return np.array(said), state


def test_the_shape_is_read_from_the_file() -> None:
    assert LiteRtPredictor(SIGNED).spec == ModelSpec(dimension=3, layers=2, units=4, mixtures=2)


@pytest.mark.parametrize("name", ["unsigned", "shuffled", "nameless", "misnamed"])
def test_names_and_order_of_the_tensors_do_not_matter(name: str) -> None:
    said, state = played(LiteRtPredictor(DATA / f"tiny-{name}.tflite"))

    expected, expected_state = played(LiteRtPredictor(SIGNED))
    np.testing.assert_allclose(said, expected, atol=1e-5)
    np.testing.assert_allclose(state, expected_state, atol=1e-5)


@pytest.mark.parametrize("name", ["signed", "unsigned"])
def test_parameters_that_look_like_a_state_are_found(name: str) -> None:
    predictor = LiteRtPredictor(DATA / f"alike-{name}.tflite")
    expected, expected_state = _by_hand(HEARD, units=14)

    said, state = played(predictor)

    assert predictor.spec == ModelSpec(dimension=3, layers=2, units=14, mixtures=2)
    np.testing.assert_allclose(said, expected, atol=1e-4)
    np.testing.assert_allclose(np.concatenate(state), expected_state, atol=1e-4)


def test_it_says_what_the_equations_of_an_lstm_say() -> None:
    expected, expected_state = _by_hand(HEARD)

    said, state = played(LiteRtPredictor(SIGNED))

    np.testing.assert_allclose(said, expected, atol=1e-5)
    np.testing.assert_allclose(np.concatenate(state), expected_state, atol=1e-5)  # h, c of each layer from the lowest


def test_a_state_that_was_handed_out_never_changes() -> None:
    predictor = LiteRtPredictor(SIGNED)
    mixture, state = predictor.step(HEARD[0], predictor.initial_state())
    kept = [array.copy() for array in (*state, mixture.means)]
    for sample in HEARD:
        predictor.step(sample, state)

    assert all(np.array_equal(a, b) for a, b in zip(kept, (*state, mixture.means), strict=True))
    assert not any(array.any() for array in predictor.initial_state())


def test_a_step_depends_on_sample_and_state_alone() -> None:
    predictor = LiteRtPredictor(SIGNED)
    _, state = played(predictor)
    first, _ = predictor.step(HEARD[0], state)
    played(predictor, HEARD[::-1])
    again, _ = predictor.step(HEARD[0], state)

    assert np.array_equal(first.means, again.means)


def test_a_file_that_is_overwritten_while_it_plays_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "model.tflite"
    copy.write_bytes(SIGNED.read_bytes())
    predictor = LiteRtPredictor(copy)
    before, _ = played(predictor)
    copy.write_bytes(bytes(8000))

    assert np.array_equal(played(predictor)[0], before)


def test_what_is_drawn_is_in_data_units_and_wide_floats() -> None:
    mixture, _ = LiteRtPredictor(SIGNED).step(HEARD[0], (np.zeros((1, 4), np.float32),) * 4)
    drawn = mixture.sample(np.random.default_rng(1), 1.0, 0.0)

    assert drawn.dtype == np.float64
    assert any(np.allclose(drawn, mean) for mean in mixture.means)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.tflite", b"", "empty"),
        ("m.tflite", b"no model at all", "not a .tflite"),
        ("m.tflite", b"\x1c\0\0\0TFL3" + bytes(range(200)), "LiteRT cannot run it"),
        ("m.tflite", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        ("m.keras", b"PK\x03\x04" + bytes(30), "Keras model .* `impsy convert .*m.keras`"),
        ("m.npz", b"PK\x03\x04" + bytes(30), "a dataset, .* `impsy train .*m.npz`"),
        ("m.zip", b"PK\x03\x04" + bytes(30), "a zip, and no model"),
        ("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(30), "holds weights only; .* `impsy convert .*m.h5`"),
    ],
)
def test_what_is_no_model_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ModelError, match=said):
        LiteRtPredictor(path)


@pytest.mark.parametrize("kept", [9, 100, 2000, 7000])
def test_a_truncated_model_is_an_error_and_no_crash(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(SIGNED.read_bytes()[:kept])

    with pytest.raises(ModelError):
        LiteRtPredictor(path)


def test_a_dataset_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", perfs=np.zeros(3))
    (tmp_path / "data.npz").rename(tmp_path / "data.tflite")

    with pytest.raises(ModelError, match="a dataset"):
        LiteRtPredictor(tmp_path / "data.tflite")


def test_a_keras_file_points_to_its_twin(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    (tmp_path / "mine.tflite").write_bytes(SIGNED.read_bytes())

    with pytest.raises(ModelError, match=r"play .*mine\.tflite"):
        LiteRtPredictor(tmp_path / "mine.keras")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (DATA / "not-an-mdrnn.tflite", r"no impsy model.*\(1, 3\)"),
        (DATA / "gated.tflite", "not those of LSTM layers"),
        (DATA / "needs-flex.tflite", "Flex"),
        (DATA / "nothing.tflite", "no such file; .*tiny-signed.tflite"),
        (DATA, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_played_says_why(path: Path, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        LiteRtPredictor(path)


def test_the_greeting_of_the_library_stays_off_the_terminal_and_nothing_else_does() -> None:
    script = (
        "import os, sys; from pathlib import Path; from impsy.model.litert import LiteRtPredictor\n"
        "from impsy.model.quiet import quiet\n"
        "LiteRtPredictor(Path(sys.argv[1]))\n"
        "with quiet(): os.write(2, b'INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\nkept\\n')\n"
        "print('after', file=sys.stderr)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", script, str(SIGNED)]
    done = subprocess.run(command, capture_output=True, text=True, env=_with_package(), check=True)

    assert done.stderr == "kept\nafter\n"


def test_it_loads_without_any_stderr() -> None:
    script = (
        "import os, sys; from pathlib import Path; from impsy.model.litert import LiteRtPredictor\n"
        "os.close(2); print(LiteRtPredictor(Path(sys.argv[1])).spec.dimension)"
    )
    command = [sys.executable, "-c", script, str(SIGNED)]
    done = subprocess.run(command, capture_output=True, text=True, env=_with_package(), check=True)

    assert done.stdout == "3\n"


def test_a_hash_tells_models_apart() -> None:
    assert len(file_hash(SIGNED)) == 64
    assert file_hash(SIGNED) != file_hash(DATA / "tiny-unsigned.tflite")


def _with_package() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}


def _by_hand(samples: NDArray[np.float64], units: int = 4) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The network of tests/data/make_models.py again, by NumPy: what it says, and its states, in data units."""
    dimension, layers, mixtures = 3, 2, 2
    rng = np.random.default_rng(1)

    def dense(inputs: int, outputs: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return rng.normal(0.0, 0.7, (outputs, inputs)), rng.normal(0.0, 0.7, outputs)

    cells = [dense((units if layer else dimension) + units, 4 * units) for layer in range(layers)]
    size = mixtures * dimension
    (means, deviations, logits) = [dense(units, outputs) for outputs in (size, size, mixtures)]
    h, c = np.zeros((layers, units)), np.zeros((layers, units))
    said = []
    for sample in samples:
        x = sample * 10.0
        for layer, (weights, biases) in enumerate(cells):
            i, f, g, o = np.split(weights @ np.concatenate([x, h[layer]]) + biases, 4)
            c[layer] = c[layer] / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            x = h[layer] = np.tanh(c[layer]) / (1 + np.exp(-o))
        z = deviations[0] @ x + deviations[1]
        elu = np.where(z > 0, z, np.expm1(z)) + 1.0 + 1e-7
        said.append(np.concatenate([(means[0] @ x + means[1]) / 10.0, elu / 10.0, logits[0] @ x + logits[1]]))
    return np.array(said), np.stack([h, c], axis=1).reshape(-1, units)
