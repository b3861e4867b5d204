"""Object arrays of older datasets, unpickled without trusting them (formats §3).

A pickle is a program. Three measures make this one harmless: only the opcodes that arrays and plain numbers need
may occur at all, the three names that it may ask for are answered with stand-ins of our own (so nothing of NumPy is
ever called with foreign arguments, and nothing is allocated that the file does not hold), and its length is bounded
by the caller before it is inflated.
"""

import io
import pickle
import pickletools

import numpy as np
from numpy.typing import NDArray

MOST_OPCODES = 20_000_000  # a pickle of plain floats needs one each


_OPCODES = frozenset(
    [
        "PROTO",
        "FRAME",
        "STOP",
        "MARK",
        "POP",
        "POP_MARK",
        "GLOBAL",
        "STACK_GLOBAL",
        "REDUCE",
        "BUILD",
        "NONE",
        "NEWTRUE",
        "NEWFALSE",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG1",
        "BINFLOAT",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "EMPTY_TUPLE",
        "TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "EMPTY_LIST",
        "APPEND",
        "APPENDS",
        "BINPUT",
        "LONG_BINPUT",
        "MEMOIZE",
        "BINGET",
        "LONG_BINGET",
    ]
)


class Unwelcome(Exception):
    """The pickle holds what no dataset needs; the text says what."""


class _Token:
    """Stands for `numpy.ndarray`, which is named in a pickle but never called."""


_NDARRAY = _Token()


class _Dtype:
    """Stands for a `numpy.dtype`: a plain number type or «object», of either byte order."""

    def __init__(self, code: object, *_: object) -> None:
        if code not in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1", "O8", "O4", "O"):
            raise Unwelcome(f"an array of type {code!r:.40}")
        self.code = str(code)
        self.numpy: np.dtype[np.generic] = np.dtype("f4")  # of the plain types; its state tells the byte order

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise Unwelcome("an array type of unknown byte order")
        if not self.holds_objects:
            self.numpy = np.dtype(f"{state[1]}{self.code}")

    @property
    def holds_objects(self) -> bool:
        """Whether the items are Python objects, listed one by one."""
        return self.code.startswith("O")


class _Array:
    """Stands for a `numpy.ndarray` while it is rebuilt; `shape` and the contents come with its state."""

    def __init__(self, *_: object) -> None:
        self.shape: tuple[int, ...] = (0,)
        self.contents: bytes | list[object] = b""
        self.dtype: _Dtype | None = None
        self.fortran = False

    def __setstate__(self, state: object) -> None:
        match state:
            case (int(), tuple(shape), _Dtype() as dtype, bool(fortran), (bytes() | list()) as contents) if all(
                type(size) is int and size >= 0 for size in shape
            ):
                self.shape, self.dtype, self.fortran, self.contents = shape, dtype, fortran, contents
            case _:
                raise Unwelcome("an array whose description makes no sense")

    def numbers(self) -> NDArray[np.float32]:
        """The array as float32, where it holds numbers; its shape is checked against what there is."""
        if isinstance(self.contents, list):  # objects are listed in C order, whatever the flag says
            listed = np.array([_number(item) for item in self.contents], dtype=np.float64)
            return _single(listed).reshape(self.shape)
        if self.dtype is None or self.dtype.holds_objects:
            raise Unwelcome("an array without contents")
        flat = np.frombuffer(self.contents, self.dtype.numpy)
        return _single(flat).reshape(self.shape, order="F" if self.fortran else "C")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> object:
        match module_name, global_name:
            case (("numpy.core.multiarray" | "numpy._core.multiarray"), "_reconstruct"):
                return _Array
            case "numpy", "ndarray":
                return _NDARRAY
            case "numpy", "dtype":
                return _Dtype
        raise Unwelcome(f"a call of {module_name}.{global_name:.40}, which no dataset needs")


def unpickle_arrays(pickled: bytes, shape: tuple[int, ...]) -> list[NDArray[np.float32]]:
    """The items of an object array of `shape`, as float32 arrays: one per performance.

    Raises `Unwelcome` or what a damaged pickle raises (`ValueError`, `EOFError`, `pickle.UnpicklingError` …).
    """
    _check_opcodes(pickled)
    top = _Unpickler(io.BytesIO(pickled)).load()
    if not isinstance(top, _Array) or top.shape != shape:
        raise Unwelcome("something else than the array that its header tells of")
    if isinstance(top.contents, list) and all(isinstance(item, _Array) for item in top.contents) and len(shape) == 1:
        if len(top.contents) != shape[0]:
            raise Unwelcome("fewer or more performances than its header tells")
        return [item.numbers() for item in top.contents if isinstance(item, _Array)]
    return list(top.numbers())


def _check_opcodes(pickled: bytes) -> None:
    """Only what arrays need, and no memo slot beyond the length: the C unpickler would make room for it at once."""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(pickled)):
        if opcode.name not in _OPCODES or count > MOST_OPCODES:
            raise Unwelcome(f"instructions that no dataset needs ({opcode.name})")
        if opcode.name == "LONG_BINPUT" and (not isinstance(argument, int) or argument > len(pickled)):
            raise Unwelcome("a memo slot beyond its own length")


def _number(item: object) -> float:
    if isinstance(item, int | float):
        return float(item)
    if isinstance(item, _Array) and item.shape == ():
        return float(item.numbers())
    raise Unwelcome("something else than numbers")


def _single(flat: NDArray[np.generic]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what is too large becomes infinity, which the caller refuses by name
        return flat.astype(np.float32)
