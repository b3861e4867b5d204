"""Weights in the files of Keras: `.keras`, whole or checkpoints, and `.h5` weights of Keras 2 and 3.

All of them keep arrays by path in HDF5, and every version has its own paths. So layers are known by the shapes of what
lies side by side: an LSTM has a kernel (I, 4 U), a recurrent kernel (U, 4 U) and a bias (4 U); a dense layer a kernel
and a bias, whose names or outputs tell which part of the mixture layer it is.
"""

import io
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from impsy.errors import MissingExtra, ModelError
from impsy.model.agreement import Step
from impsy.model.weights import Dense, Floats, Weights
from impsy.training.backend import hushed, load_backend

_INSIDE = "model.weights.h5"  # of a .keras, which is a zip
_MOST = 1 << 26  # numbers in an array; the largest named size has 2 million
_LARGEST = 1 << 29  # bytes of a .keras unpacked; the largest named size has 30 million, with its optimizer's notes
_PARTS = {"means": "mus?", "deviations": "sigmas?", "logits": "pis?"}
_DAMAGE = (  # what zipfile and h5py, and Keras with them, raise on bytes that are not what they say
    *(OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError),
    *(KeyError, ValueError, RuntimeError),
)


def read_weights(path: Path) -> Weights:
    """The weights in a file of Keras; raises `ModelError`, and `MissingExtra` where h5py is not installed."""
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra("train", "the files of Keras need h5py") from error
    try:
        with h5py.File(_hdf5(path)) as file:
            layers = _layers(file, h5py.Dataset)
    except _DAMAGE as error:
        raise ModelError(path, f"cannot be read: {str(error) or 'it ends too early'}") from error
    cells = [cell for name in _in_order(layers) if (cell := _cell(layers[name])) is not None]
    dense = {name: layer for name in _in_order(layers) if (layer := _dense(layers[name])) is not None}
    return _assembled(path, cells, dense)


def _hdf5(path: Path) -> Any:
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return path
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if (size := sum(entry.file_size for entry in entries)) > _LARGEST:
            raise ModelError(path, f"would unpack to {size >> 20:,} MiB; the limit is {_LARGEST >> 20} MiB")
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            raise ModelError(path, "is packed as no file of Keras is")
        inside = archive.getinfo(_INSIDE)
        with archive.open(inside) as member:
            return io.BytesIO(member.read(inside.file_size))


def _layers(file: Any, dataset: Any) -> dict[str, dict[str, Floats]]:
    """The arrays by the path that they share and their last name; what an optimizer noted is no weight."""
    found: dict[str, dict[str, Floats]] = defaultdict(dict)

    def visit(name: str | bytes, entry: Any) -> None:
        if not isinstance(name, str) or name.startswith("optimizer"):  # bytes are a name that is damaged
            return
        if isinstance(entry, dataset) and 0 < entry.size <= _MOST:
            folder, _, last = name.rpartition("/")
            found[folder][last] = np.asarray(entry[()], np.float32)

    file.visititems(visit)
    return found


def _in_order(names: dict[str, Any]) -> list[str]:
    """As a person counts: lstm, lstm_2, lstm_10."""
    return sorted(names, key=lambda name: [(part.isdigit(), part.zfill(9)) for part in re.split(r"(\d+)", name)])


def _cell(arrays: dict[str, Floats]) -> Dense | None:
    if len(arrays) != 3:
        return None
    ordered = sorted(arrays, key=lambda name: (name.startswith("bias"), name.startswith("recurrent"), name))
    kernel, recurrent, bias = (arrays[name] for name in ordered)
    units = len(recurrent) if recurrent.ndim == 2 else 0
    if kernel.ndim != 2 or recurrent.shape[1:] != (4 * units,) or bias.shape != (4 * units,):
        return None
    return Dense(np.concatenate([kernel, recurrent]), bias) if kernel.shape[1] == 4 * units else None


def _dense(arrays: dict[str, Floats]) -> Dense | None:
    if len(arrays) != 2:
        return None
    kernel, bias = sorted(arrays.values(), key=lambda array: -array.ndim)
    return Dense(kernel, bias) if kernel.ndim == 2 and bias.shape == kernel.shape[1:] else None


def _assembled(path: Path, cells: Sequence[Dense], dense: dict[str, Dense]) -> Weights:
    parts = {
        part: [name for name in dense if re.search(rf"(^|[_/]){pattern}(/|$)", name)]
        for part, pattern in _PARTS.items()
    }
    if not cells or any(len(names) != 1 for names in parts.values()):
        raise ModelError(path, "holds no weights of LSTM layers and a mixture layer")
    means, deviations, logits = (dense[names[0]] for names in parts.values())
    rest = [layer for name, layer in dense.items() if [name] not in parts.values()]
    weights = Weights(tuple(cells), means, deviations, logits, rest[0] if rest else None)
    if len(rest) > 1 or not _fit(weights):
        raise ModelError(path, "its layers do not fit each other as LSTM layers and a mixture layer would")
    return weights


def _fit(weights: Weights) -> bool:
    spec = weights.spec
    size = spec.mixtures * spec.dimension
    inputs = [spec.dimension + spec.units, *[2 * spec.units] * (spec.layers - 1)]
    wanted = [
        *((cell, (length, 4 * spec.units)) for cell, length in zip(weights.cells, inputs, strict=True)),
        *((layer, (spec.units, size)) for layer in (weights.means, weights.deviations)),
    ]
    if weights.around is not None:
        wanted.append((weights.around, (spec.dimension, 2 * size + spec.mixtures)))
    return spec.dimension > 1 and all(layer.kernel.shape == shape for layer, shape in wanted)


def original(path: Path, weights: Weights) -> Step | None:
    """The steps of a `.keras`, run by Keras; None where Keras cannot open it, or it is no model of single steps.

    A checkpoint of training is such a one, and so are files of Keras 2.
    """
    load_backend()
    import keras
    from keras_mdn_layer import MDN

    try:
        with hushed():
            model = keras.saving.load_model(path, custom_objects={"MDN": MDN}, compile=False)
    except (*_DAMAGE, TypeError, AttributeError, ImportError):
        return None
    shapes = [(1, weights.spec.dimension), *[(weights.spec.units,)] * 2 * weights.spec.layers]
    return steps_of(model) if [tuple(each.shape)[1:] for each in model.inputs] == shapes else None


def steps_of(model: Any) -> Step:
    """The steps of a Keras model with the inputs and outputs of formats §4."""

    def step(interaction: Floats, states: Sequence[Floats]) -> tuple[Floats, list[Floats]]:
        given = [interaction[np.newaxis, np.newaxis], *(state[np.newaxis] for state in states)]
        said, *after = (np.asarray(output).ravel() for output in model.predict_on_batch(given))
        return said, after

    return step
