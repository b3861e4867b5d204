"""A `.tflite` file as a function of its input tensors; the only module that touches ai-edge-litert."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.model.quiet import quiet

_TRAINED_AGAIN = "train it again on its dataset with `impsy train DATASET`"


class NeedsConversion(ModelError):
    """A model that `impsy convert` makes a file of that plays."""


class Tensor(Struct, frozen=True):
    """An input or an output of a network, by its index in the file."""

    index: int
    shape: tuple[int, ...]
    name: str  # what the file's signature calls it; empty where it has none


class Network:
    """An open `.tflite` file; `put` copies a value in, `invoke` runs, `take` copies a result out.

    By numbers it is the quickest public way (two layers of 64 units: 9 µs, of which 3-4 are the network; tensor
    views and signature runners take 11), and what is taken out is nobody else's. One thread at a time uses it.
    """

    put: Callable[[int, NDArray[np.float32]], None]
    invoke: Callable[[], None]
    take: Callable[[int], NDArray[np.float32]]

    def __init__(self, path: Path) -> None:
        """Read and prepare the file; raises `ModelError` where it is missing or no network that LiteRT runs."""
        self.path = path
        content = read_content(
            path
        )  # not mapped: a file that is overwritten while it is played must not change the music
        from ai_edge_litert.interpreter import Interpreter

        try:
            with quiet():
                interpreter = Interpreter(model_content=content, num_threads=1)
                interpreter.allocate_tensors()
                names = _names(interpreter)
        except (RuntimeError, ValueError) as error:
            raise _why(path, error) from error
        details = interpreter.get_input_details(), interpreter.get_output_details()
        self.inputs, self.outputs = map(_tensors, details, names)
        if any(detail["dtype"] is not np.float32 for side in details for detail in side):
            raise ModelError(path, f"its inputs and outputs must be 32-bit floats; {_TRAINED_AGAIN}")
        self.put = interpreter.set_tensor
        self.invoke = interpreter.invoke
        self.take = interpreter.get_tensor

    def run(self, values: Sequence[NDArray[np.float32]]) -> dict[int, NDArray[np.float32]]:
        """All outputs by index, for values in the order of `inputs`."""
        for tensor, value in zip(self.inputs, values, strict=True):
            self.put(tensor.index, value)
        self.invoke()
        return {tensor.index: self.take(tensor.index) for tensor in self.outputs}


def read_content(path: Path) -> bytes:
    """The bytes of a `.tflite` file; raises `ModelError` for a file that is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(path, f"no such file{_neighbours(path)}") from error
    except OSError as error:
        raise ModelError(path, f"cannot be read: {error.strerror}") from error
    if content[4:8] != b"TFL3":
        raise _what_it_is(path, content)
    return content


def _neighbours(path: Path) -> str:
    """The models that lie where one was looked for, to choose from."""
    found = sorted(other.name for other in path.parent.glob("*.tflite"))
    return f"; in {path.parent} are: {', '.join(found)}" if found else ""


def _what_it_is(path: Path, content: bytes) -> ModelError:
    if content.startswith(b"PK\x03\x04"):
        return _what_is_zipped(path)
    if content.startswith(b"\x89HDF"):
        return NeedsConversion(path, f"an .h5 holds weights only; a .tflite is played: {_play_instead(path)}")
    if content.startswith(b"version https://git-lfs"):
        return ModelError(path, "only a Git LFS pointer: fetch the file itself with `git lfs pull`")
    what = "not a .tflite file: its first bytes do not say TFL3" if content else "empty: copy the model again"
    return ModelError(path, what)


def _what_is_zipped(path: Path) -> ModelError:
    """A zip may be a model of Keras, a dataset, or anything."""
    import zipfile  # only a mistake needs it

    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        names = set()
    if path.suffix == ".npz" or any(name.endswith(".npy") for name in names):
        return ModelError(path, f"a dataset, and no model yet: make one of it with `impsy train {path}`")
    if path.suffix == ".keras" or "model.weights.h5" in names:
        return NeedsConversion(path, f"a Keras model is for training; a .tflite is played: {_play_instead(path)}")
    return ModelError(path, "a zip, and no model: a .tflite is played")


def _play_instead(path: Path) -> str:
    twin = path.with_suffix(".tflite")
    return f"play {twin} beside it" if twin.is_file() else f"make it with `impsy convert {path}`"


def _why(path: Path, error: Exception) -> ModelError:
    text = str(error)
    if "Flex" in text or "Select TensorFlow op" in text:
        what = f"needs TensorFlow operations (Flex): `impsy convert {path}` makes a file that plays without"
        return NeedsConversion(path, what)
    what = f"LiteRT cannot run it: {text.strip().splitlines()[0] if text.strip() else type(error).__name__}"
    return ModelError(path, what)


def _names(interpreter: Any) -> tuple[dict[int, str], dict[int, str]]:
    """The names of inputs and outputs by index, as the usual or else the first signature of the file has them."""
    signatures = list(interpreter.get_signature_list())
    if not signatures:
        return {}, {}
    runner = interpreter.get_signature_runner("serving_default" if "serving_default" in signatures else signatures[0])
    sides = runner.get_input_details(), runner.get_output_details()
    inputs, outputs = ({int(detail["index"]): str(name) for name, detail in side.items()} for side in sides)
    return inputs, outputs


def _tensors(details: list[dict[str, Any]], names: dict[int, str]) -> tuple[Tensor, ...]:
    indices = [int(detail["index"]) for detail in details]
    shapes = [tuple(map(int, detail["shape"])) for detail in details]
    return tuple(Tensor(index, shape, names.get(index, "")) for index, shape in zip(indices, shapes, strict=True))
