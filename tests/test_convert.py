"""Converting: whatever file the weights were in, the `.tflite` that is written says the same.

The little files are made by tests/data/make_models.py, most of them of the same weights.
"""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from impsy.cli.convert import command
from impsy.cli.opening import open_model
from impsy.core.predictor import ModelSpec
from impsy.data.datasets import save_dataset
from impsy.errors import ImpsyError, ModelError
from impsy.model.agreement import TOLERANCE, difference, played
from impsy.model.flatbuffer import read_file
from impsy.model.litert import LiteRtPredictor
from impsy.model.single_step import single_step
from impsy.model.weights import Dense, Weights
from impsy.training.convert import convert, read_source
from impsy.training.export import write_lite
from impsy.training.keras_files import read_weights

DATA = Path(__file__).parent / "data"
SIGNED = DATA / "tiny-signed.tflite"
NAME = "musicMDRNN-dim3-layers2-units4-mixtures2-scale10.tflite"
STARTER = next((Path(__file__).parents[1] / "impsy" / "starters").glob("*.tflite"))


def drawn(spec: ModelSpec, seed: int, around: bool) -> Weights:
    """Random weights, large enough that every state moves."""
    rng = np.random.default_rng(seed)

    def dense(inputs: int, outputs: int) -> Dense:
        return Dense(rng.normal(0, 0.5, (inputs, outputs)).astype(np.float32), rng.normal(0, 0.5, outputs).astype("f4"))

    d, u, size = spec.dimension, spec.units, spec.mixtures * spec.dimension
    cells = tuple(dense((u if layer else d) + u, 4 * u) for layer in range(spec.layers))
    whole = dense(d, 2 * size + spec.mixtures)
    floor = Dense(whole.kernel, np.abs(whole.bias))
    return Weights(cells, dense(u, size), dense(u, size), dense(u, spec.mixtures), floor if around else None)


def written(path: Path, weights: Weights, *, half: bool = False) -> Path:
    path.write_bytes(single_step(weights, half=half))
    return path


def converted(*arguments: object) -> tuple[str, str]:
    """What `impsy convert` says on its standard output and error."""
    done = CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)
    return done.stdout, done.stderr


@settings(max_examples=20)
@given(
    st.builds(ModelSpec, st.integers(2, 12), st.integers(1, 3), st.integers(1, 24), st.integers(1, 6)),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
@example(spec=ModelSpec(3, 2, 14, 2), seed=1, around=True)  # parameters look like a state
def test_for_any_weights_the_file_says_what_the_equations_say(tmp_path_factory, spec, seed, around):
    weights = drawn(spec, seed, around)
    path = written(tmp_path_factory.mktemp("model") / "m.tflite", weights)

    predictor = LiteRtPredictor(path)

    assert predictor.spec == spec == weights.spec
    assert difference(played(predictor), weights.step, spec) <= TOLERANCE


@settings(max_examples=10)
@given(st.integers(2, 9), st.integers(1, 3), st.integers(2, 20), st.integers(0, 2**32 - 1), st.booleans())
def test_for_any_file_of_ours_its_weights_are_found_again(tmp_path_factory, dimension, layers, units, seed, around):
    weights = drawn(ModelSpec(dimension, layers, units, 2), seed, around)
    path = written(tmp_path_factory.mktemp("model") / "m.tflite", weights)

    found = read_source(path).weights

    for one, other in zip(weights.cells, found.cells, strict=True):
        assert np.array_equal(one.kernel, other.kernel)
        assert np.array_equal(one.bias, other.bias)
    assert difference(weights.step, found.step, weights.spec) < 1e-5


def test_a_network_that_amplifies_rounding_is_not_refused_and_another_network_is(tmp_path):
    restless = drawn(ModelSpec(3, 2, 14, 2), 1, True)
    restless = replace(restless, cells=tuple(replace(cell, kernel=20 * cell.kernel) for cell in restless.cells))
    rng = np.random.default_rng(1)

    def rounded(interaction, states):
        said, after = restless.step(interaction, states)
        return said, [(state * (1 + rng.normal(0, 1e-6, state.shape))).astype(np.float32) for state in after]

    assert difference(restless.step, rounded, restless.spec) > 0.01
    assert write_lite(tmp_path / "m.tflite", restless, rounded) > 0.01
    with pytest.raises(ModelError, match="its weights do not say what the original says"):
        write_lite(tmp_path / "other.tflite", restless, drawn(restless.spec, 2, True).step)


def test_the_same_weights_give_the_same_bytes_and_16_bits_half_of_them():
    weights = drawn(ModelSpec(9, 2, 64, 5), 1, True)

    assert single_step(weights) == single_step(weights)
    assert len(single_step(weights, half=True)) < 0.6 * len(single_step(weights))


def test_constants_lie_where_a_processor_reads_them_best():
    content = single_step(drawn(ModelSpec(9, 2, 64, 5), 1, True))

    kernel = drawn(ModelSpec(9, 2, 64, 5), 1, True).cells[0].kernel.T
    assert content.index(np.ascontiguousarray(kernel).tobytes()) % 16 == 0


@pytest.mark.parametrize("name", ["legacy-flex", "legacy-loop", "tiny-nameless", "tiny-misnamed", "tiny-unsigned"])
def test_a_file_of_any_converter_becomes_one_that_says_the_same(tmp_path, name):
    path, says = DATA / f"{name}.tflite", played(LiteRtPredictor(SIGNED))

    made = convert(read_source(path), tmp_path)

    predictor = LiteRtPredictor(made.path)
    assert made.path == tmp_path / NAME
    assert made.difference < 1e-4
    assert difference(played(predictor), says, predictor.spec) < 1e-4


def test_what_converters_make_of_loops_is_gone_and_tensors_have_names(tmp_path):
    path = DATA / "legacy-flex.tflite"
    made = convert(read_source(path), tmp_path)

    file = read_file(made.path, made.path.read_bytes())
    assert len(file.graphs) == 1
    assert not any("Flex" in operator.name or operator.name == "WHILE" for operator in file.graphs[0].operators)
    assert [*file.input_names.values()] == ["inputs", "state_h_0", "state_c_0", "state_h_1", "state_c_1"]
    assert [*file.output_names.values()] == ["mdn_outputs", "lstm_0", "lstm_0_1", "lstm_1", "lstm_1_1"]


def test_states_sorted_by_name_are_in_their_order():
    """IMPSY up to 1.2.1 takes them so: with other names it would exchange h and c."""
    file = read_file(Path("m.tflite"), single_step(drawn(ModelSpec(3, 3, 4, 2), 1, False)))

    numbers = [file.graphs[0].outputs.index(tensor) for tensor in sorted(file.output_names, key=file.output_names.get)]
    assert numbers == [1, 2, 3, 4, 5, 6, 0]


def test_an_older_file_of_that_name_is_kept_even_if_it_is_the_one_converted(tmp_path):
    old = shutil.copy(DATA / "legacy-flex.tflite", tmp_path / NAME)
    os.utime(old, (time.time() - 86400,) * 2)

    told, talk = converted(old)

    (kept,) = (file for file in tmp_path.glob("*.tflite") if file.name != NAME)
    assert told == f"{tmp_path / NAME}\n"
    assert str(kept) in talk
    assert "original, run by NumPy" in talk
    assert kept.read_bytes() == (DATA / "legacy-flex.tflite").read_bytes()
    assert LiteRtPredictor(tmp_path / NAME).spec.units == 4


def test_16_bits_tell_what_they_cost(tmp_path):
    rng = np.random.default_rng(1)
    save_dataset(tmp_path / "set.npz", [np.column_stack([rng.exponential(0.1, 80), rng.random((80, 2))])])
    save_dataset(tmp_path / "other.npz", [rng.random((80, 5))])

    told, talk = converted(STARTER, "-o", tmp_path, "--quantise", "float16", "--data", tmp_path / "set.npz")
    assert Path(told.strip()).name == f"{STARTER.stem}-float16.tflite"
    assert "apart at most" in talk
    assert "nats an event (" in talk

    with pytest.raises(ImpsyError, match="dimension 3, but the data has 5"):
        converted(STARTER, "-o", tmp_path / "a", "--quantise", "float16", "--data", tmp_path / "other.npz")
    assert not (tmp_path / "a").exists()
    assert "belongs to --quantise" in converted(STARTER, "--data", tmp_path / "set.npz")[1]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (DATA / "nothing.keras", "no such file"),
        (DATA / "needs-flex.tflite", "does not know .FlexErf"),
        (DATA / "not-an-mdrnn.tflite", "no impsy model"),
        (DATA / "gated.tflite", "not those of LSTM layers|does not know"),
        (Path(__file__), "not a .tflite file"),
    ],
)
def test_what_cannot_be_converted_is_told_and_nothing_is_written(tmp_path, path, said):
    with pytest.raises(ModelError, match=said):
        converted(path, "-o", tmp_path / "made")

    assert not (tmp_path / "made").exists()


@settings(max_examples=60)
@given(st.binary(min_size=1, max_size=40), st.integers(0, 20_000), st.booleans())
def test_for_any_damage_there_is_an_error_in_words_or_a_model(tmp_path_factory, damage, at, cut):
    content = (DATA / "legacy-flex.tflite").read_bytes()
    path = tmp_path_factory.mktemp("damaged") / "m.tflite"
    path.write_bytes(content[: at + 8] if cut else content[: at + 8] + damage + content[at + 8 + len(damage) :])

    with contextlib.suppress(ModelError):  # anything else fails
        read_source(path)


def keras_bytes(packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A `.keras` with the weights of a little model, and nothing that Keras could open."""
    h5py = pytest.importorskip("h5py", reason="the extra train is not installed")
    weights = drawn(ModelSpec(3, 2, 4, 2), 1, around=False)
    inside, whole = io.BytesIO(), io.BytesIO()
    with h5py.File(inside, "w") as file:
        for number, cell in enumerate(weights.cells):
            parts = (cell.kernel[:-4], cell.kernel[-4:], cell.bias)
            file.update({f"layers/lstm_{number}/cell/vars/{index}": part for index, part in enumerate(parts)})
        for name, layer in (("mus", weights.means), ("sigmas", weights.deviations), ("pi", weights.logits)):
            file.update({f"layers/mdn/mdn_{name}/vars/0": layer.kernel, f"layers/mdn/mdn_{name}/vars/1": layer.bias})
    with zipfile.ZipFile(whole, "w", packing) as archive:
        archive.writestr("model.weights.h5", inside.getvalue())
    return whole.getvalue()


@pytest.mark.slow
@settings(max_examples=100)
@given(
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(min_size=1, max_size=20),
    st.floats(0.0, 1.0),
    st.booleans(),
)
@example(zipfile.ZIP_DEFLATED, bytes(20), 0.5, False)
def test_for_any_damage_to_a_keras_file_there_is_an_error_in_words_or_its_weights(
    tmp_path_factory, packing, damage, where, cut
):
    content = keras_bytes(packing)
    at = 4 + int(where * (len(content) - 4))  # what it begins with tells that it is one
    path = tmp_path_factory.mktemp("damaged") / "m.keras"
    path.write_bytes(content[:at] if cut else content[:at] + damage + content[at + len(damage) :])

    with contextlib.suppress(ModelError):  # anything else fails
        read_weights(path)


@pytest.mark.slow
def test_a_keras_file_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path):
    content = bytearray(keras_bytes())
    size = content.index(b"PK\x01\x02") + 24  # in the list of what is in the archive
    content[size : size + 4] = (3 << 30).to_bytes(4, "little")
    (tmp_path / "m.keras").write_bytes(content)

    with pytest.raises(ModelError, match="3,072 MiB; the limit is 512 MiB"):
        read_weights(tmp_path / "m.keras")


@pytest.mark.slow
def test_a_keras_file_packed_as_keras_packs_none_is_refused(tmp_path):
    (tmp_path / "m.keras").write_bytes(keras_bytes(zipfile.ZIP_LZMA))
    (tmp_path / "usual.keras").write_bytes(keras_bytes(zipfile.ZIP_STORED))

    assert read_weights(tmp_path / "usual.keras").spec == ModelSpec(3, 2, 4, 2)
    with pytest.raises(ModelError, match="packed as no file of Keras is"):
        read_weights(tmp_path / "m.keras")


def test_a_full_disk_leaves_the_old_model_as_it_was(tmp_path):
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
    ignored = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    (tmp_path / NAME).write_bytes(b"old")
    code = f"{limited}{ignored} from impsy.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "convert", str(SIGNED), "-o", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )

    assert done.returncode == 1
    assert "cannot be written: File too large" in done.stderr
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(NAME, b"old")]


def test_an_old_file_plays_at_once_and_says_how_to_make_it_a_new_one():
    predictor, note = open_model(DATA / "legacy-flex.tflite")

    assert difference(played(predictor), played(LiteRtPredictor(SIGNED)), predictor.spec) < 1e-4
    assert note is not None
    assert "`impsy convert" in note


def test_without_the_extra_a_keras_file_tells_two_ways_out(tmp_path, monkeypatch):
    (tmp_path / "m.keras").write_bytes(b"PK\x03\x04" + bytes(30))
    monkeypatch.setattr("impsy.cli.opening.find_spec", lambda name: None)

    with pytest.raises(ModelError, match=r"`impsy convert .*m\.keras`, on a machine with the extra .*pip install"):
        open_model(tmp_path / "m.keras")


@pytest.mark.slow
def test_a_keras_file_that_cannot_be_converted_tells_why(tmp_path):
    pytest.importorskip("h5py", reason="the extra train is not installed")
    (tmp_path / "m.keras").write_bytes(b"PK\x03\x04" + bytes(30))

    with pytest.raises(ModelError, match=r"m\.keras: cannot be converted: .*not a zip"):
        open_model(tmp_path / "m.keras")


def test_converting_an_old_file_imports_no_framework(tmp_path):
    code = (
        "import sys; from pathlib import Path; from impsy.training.convert import convert, read_source\n"
        "path = Path(sys.argv[1]); convert(read_source(path), Path(sys.argv[2]))\n"
        "print([m for m in ('tensorflow', 'keras', 'h5py') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(DATA / "legacy-flex.tflite"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
