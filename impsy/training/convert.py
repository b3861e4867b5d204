"""Any model file into the one that plays best: a `.tflite` of single steps with a signature (formats §4).

The weights are read wherever they are: in the HDF5 of Keras, or among the constants of a `.tflite` that needs
TensorFlow's operations (Flex) or holds loops. What is written is compared with the original, step by step.
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from impsy import __version__
from impsy.core.predictor import ModelSpec
from impsy.data.files import make_way, written_whole
from impsy.errors import FileError, ModelError
from impsy.model.agreement import Step, run_by
from impsy.model.card import Card, Conversion, card_path, encode_card, now, read_card
from impsy.model.flatbuffer import File, read_file
from impsy.model.interpreter import Interpreter
from impsy.model.litert import file_hash
from impsy.model.names import model_name
from impsy.model.network import Network, read_content
from impsy.model.recover import recover
from impsy.model.weights import Weights
from impsy.model.wiring import Runs, find_wiring
from impsy.training import keras_files
from impsy.training.export import write_lite

_KERAS = (b"PK\x03\x04", b"\x89HDF")  # what a .keras and an .h5 begin with


@dataclass(frozen=True, slots=True)
class Source:
    """What was found in a file, and what it can be compared with."""

    path: Path
    weights: Weights
    original: Step | None
    against: str  # what runs the original, in words
    is_quantised: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written."""

    path: Path
    older: Path | None  # what a file of that name is called now
    difference: float  # from the original, at most


def read_source(path: Path) -> Source:
    """Read a `.keras`, an `.h5` or a `.tflite`; raises `ModelError` and `MissingExtra`."""
    if path.suffix != ".tflite" and _begins_like_keras(path):
        weights = keras_files.read_weights(path)
        original = keras_files.original(path, weights) if path.suffix == ".keras" else None
        against = "the original, run by Keras" if original else "the equations: it holds weights that nothing runs here"
        return Source(path, weights, original, against)
    return _read_lite(read_file(path, read_content(path)))


def _begins_like_keras(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in _KERAS and path.suffix != ".npz"
    except OSError:
        return False  # who reads it next tells why


def _read_lite(file: File) -> Source:
    """LiteRT runs the original if it can, and as it was meant: 8-bit files calculate with 8 bits, and so are not."""
    ways: dict[str, Callable[[], Runs]] = {"NumPy": lambda: Interpreter(file), "LiteRT": lambda: Network(file.path)}
    refusals = []
    for runner in ways if file.is_quantised else reversed(ways):
        try:
            network = ways[runner]()
            wiring = find_wiring(network)
            weights = recover(network, wiring, file)
        except ModelError as error:
            refusals.append(error)
        else:
            return Source(
                file.path, weights, run_by(network, wiring), f"the original, run by {runner}", file.is_quantised
            )
    raise refusals[-1]


def convert(source: Source, wanted: Path | None = None, *, half: bool = False) -> Converted:
    """Write the `.tflite` and its card, into the folder or as the file that is `wanted`, or beside the source.

    An older file of that name is renamed after its date. With `half`, weights are kept as 16-bit floats, and the name
    says so. Raises `ModelError`, and then nothing has changed.
    """
    target = _target(source.path, source.weights.spec, wanted, half)
    card = card_path(target)
    try:
        with written_whole(card) as card_part, written_whole(target) as part:
            found = write_lite(part, source.weights, source.original, half=half)
            card_part.write_bytes(encode_card(_card(source, target.stem, file_hash(part), found, half=half)))
            older = make_way(target, card)
    except OSError as error:
        raise ModelError(target, f"cannot be written: {error.strerror or error}") from error
    return Converted(target, older, found)


def _card(source: Source, name: str, sha256: str, difference: float, *, half: bool) -> Card:
    """The card of what is written; what the source's own card tells of its training holds on."""
    source_sha256 = file_hash(source.path)
    files = {f"{name}.tflite": sha256}
    if source.path.stem == name and source.path.suffix != ".tflite":
        files[source.path.name] = source_sha256  # which lies beside it, under the same card
    try:
        older = read_card(source.path, source_sha256)
    except FileError:
        older = None
    conversion = Conversion(
        source.path.name, source_sha256, "float16" if half else "float32", source.against, difference
    )
    versions = {"impsy": __version__, "python": platform.python_version(), "numpy": np.__version__}
    training = older.training if older else None
    return Card(name, now(), source.weights.spec, files, versions, training, conversion)


def _target(path: Path, spec: ModelSpec, wanted: Path | None, half: bool) -> Path:
    if wanted is not None and wanted.suffix == ".tflite":
        return wanted
    return (wanted or path.parent) / f"{model_name(spec)}{'-float16' if half else ''}.tflite"
