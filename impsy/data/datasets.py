"""Datasets: performances in a compressed `.npz` (formats §3).

Ours hold them twice: `rows` and `lengths`, plain arrays, are what we read; `perfs`, a pickled object array, is for
older tools. Files of older tools have `perfs` alone, which is unpickled without trusting it (`pickled.py`).
Sizes are bounded before anything is inflated or allocated.
"""

import io
import math
import pickle
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from impsy.data.files import make_way, written_whole
from impsy.data.pickled import Unwelcome, unpickle_arrays
from impsy.errors import DatasetError

LARGEST = 512 * 2**20  # bytes of one array: a hundred hours of eight faders
_OLDER = "older"  # the folder for what was replaced: `impsy train` looks for the only dataset in the one above
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time in the archive, so that the same logs give the same bytes

Performance: TypeAlias = NDArray[np.float32]  # (length, dimension), rows [dt, x_1 … x_n]


class _Damaged(Exception):
    """The file is not what it says; the text says how."""


# what zipfile, the npy header and the pickle machine raise on bytes that are not what they say
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, tokenize.TokenError, SyntaxError, UnicodeError),
    *(NotImplementedError, RuntimeError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(OverflowError, MemoryError, RecursionError),
)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Performances of one dimension; some may be empty."""

    performances: tuple[Performance, ...]
    dimension: int  # dt counted

    @property
    def interactions(self) -> int:
        """How many interactions there are in all."""
        return sum(len(performance) for performance in self.performances)

    @property
    def seconds(self) -> float:
        """How long all performances last together."""
        return float(sum(performance[:, 0].sum(dtype=np.float64) for performance in self.performances))


def dataset_name(dimension: int) -> str:
    """The usual file name."""
    return f"training-dataset-{dimension}d.npz"


def save_dataset(path: Path, performances: Iterable[NDArray[np.floating]]) -> Path | None:
    """Write performances, (length, dimension) each, under `path`; the same ones give the same bytes.

    A file that holds just these stays as it is. Another one that is there goes to `older/<name>-<its date>`, which is
    returned. Raises `DatasetError`, and then nothing is lost.
    """
    copies = [np.array(performance, dtype=np.float32, order="C") for performance in performances]
    if not copies or any(copy.ndim != 2 or copy.shape[1] != copies[0].shape[1] for copy in copies):
        raise DatasetError(path, "would hold no performance, or performances of different dimensions")
    perfs = np.empty(len(copies), dtype=object)
    for index, copy in enumerate(copies):  # one by one: np.array would flatten takes of equal length
        perfs[index] = copy
    members: dict[str, NDArray[Any]] = {
        "rows": np.concatenate(copies),
        "lengths": np.array([len(copy) for copy in copies], np.int64),
        "perfs": perfs,
    }
    try:
        content = _archive(members)
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return None
        with written_whole(path) as aside:
            aside.write_bytes(content)
            return make_way(path, folder=path.parent / _OLDER)
    except OSError as error:
        raise DatasetError(path, f"cannot be written: {error.strerror or error}") from error


def _archive(members: dict[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in members.items():
            _write_member(archive, name, array)
    return buffer.getvalue()


def _write_member(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
    buffer = io.BytesIO()
    npy.write_array(buffer, array, allow_pickle=True)
    archive.writestr(entry, buffer.getvalue(), compresslevel=6)


def load_dataset(path: Path) -> Dataset:
    """Read a dataset of ours or of an older tool; raises `DatasetError` on whatever is damaged or hostile."""
    try:
        with _decoding():
            archive = zipfile.ZipFile(path)
        with archive:
            return _checked(_read(archive))
    except OSError as error:
        raise DatasetError(path, f"cannot be read: {error.strerror or error}") from error
    except Unwelcome as error:
        raise DatasetError(path, f"is refused: it holds {error}") from error
    except _Damaged as error:
        raise DatasetError(path, f"is damaged, or no dataset ({error})") from error


@contextmanager
def _decoding() -> Iterator[None]:
    """Around each call that looks into foreign bytes, and around nothing of ours: its mistakes shall show."""
    try:
        yield
    except _DAMAGE as error:
        raise _Damaged(str(error) or type(error).__name__) from error


def _read(archive: zipfile.ZipFile) -> list[NDArray[np.floating]]:
    names = set(archive.namelist())
    if {"rows.npy", "lengths.npy"} <= names:
        rows, lengths = _read_plain(archive, "rows.npy"), _read_plain(archive, "lengths.npy")
        if rows.ndim != 2 or lengths.ndim != 1 or lengths.dtype.kind not in "iu":
            raise _Damaged("rows or lengths have the wrong shape")
        if any(length < 0 for length in lengths) or sum(lengths.tolist()) != len(rows):
            raise _Damaged("lengths do not add up to the rows")
        return np.split(rows, np.cumsum(lengths)[:-1]) if len(lengths) else []
    if "perfs.npy" in names:
        return _read_perfs(archive)
    raise _Damaged("neither rows and lengths nor perfs are in it")


def _read_plain(archive: zipfile.ZipFile, name: str) -> NDArray[np.floating]:
    shape, fortran, dtype, contents = _open_member(archive, name)
    if dtype.kind not in "fiu" or dtype.hasobject:
        raise _Damaged(f"{name} does not hold numbers")
    with _decoding():
        return np.frombuffer(contents, dtype, count=math.prod(shape)).reshape(shape, order="F" if fortran else "C")


def _read_perfs(archive: zipfile.ZipFile) -> list[NDArray[np.floating]]:
    shape, _, dtype, contents = _open_member(archive, "perfs.npy")
    if dtype.kind != "O":
        return list(_read_plain(archive, "perfs.npy"))
    with _decoding():
        return list(unpickle_arrays(contents, shape))


def _open_member(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic], bytes]:
    """Shape, Fortran order, type and contents of an array: never more bytes than the archive's own list says."""
    entry = archive.getinfo(name)
    if entry.file_size > LARGEST:
        raise Unwelcome(f"{entry.file_size / 2**20:.0f} MiB in {name}; the limit is {LARGEST // 2**20} MiB")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unwelcome(f"{name} packed as no dataset is")
    with _decoding():
        with archive.open(entry) as member:
            data = member.read(entry.file_size)
        file = io.BytesIO(data)
        version = npy.read_magic(file)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read_header(file)
    if any(length < 0 or length > LARGEST for length in shape) or (
        not dtype.hasobject and math.prod(shape) * dtype.itemsize != len(data) - file.tell()
    ):
        raise _Damaged(f"the header of {name} does not fit its contents")
    return shape, fortran, dtype, data[file.tell() :]


def _checked(performances: list[NDArray[np.floating]]) -> Dataset:
    """Float32 copies of one dimension, all finite; an empty performance may have lost its own dimension."""
    dimensions = {performance.shape[1] for performance in performances if performance.ndim == 2 and len(performance)}
    dimensions = dimensions or {performance.shape[1] for performance in performances if performance.ndim == 2}
    if len(dimensions) != 1 or min(dimensions) < 2:
        found = ", ".join(map(str, sorted(dimensions))) or "none"
        raise _Damaged(f"performances need one common dimension of 2 or more; found: {found}")
    dimension = dimensions.pop()
    if any(performance.ndim != 2 and performance.size for performance in performances):
        raise _Damaged("a performance is not a table of interactions")
    with np.errstate(over="ignore"):  # becomes infinity, refused below
        tables = tuple(np.array(table, np.float32, order="C").reshape(-1, dimension) for table in performances)
    if not all(np.isfinite(table).all() for table in tables):
        raise _Damaged("it holds numbers that are not finite")
    return Dataset(tables, dimension)
