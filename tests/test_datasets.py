"""Datasets: round trips, files of older tools, and files that mean harm."""

import io
import os
import pickle
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from impsy.data.datasets import load_dataset, save_dataset
from impsy.errors import DatasetError

RECORDED = Path(__file__).parents[1] / ".." / "shared" / "data" / "recorded-9d.npz"

tables = st.integers(0, 6).flatmap(
    lambda length: arrays(np.float32, (length, 4), elements=st.floats(0, 1, width=32)),
)


def _takes(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.random((length, 4)).astype(np.float32) for length in lengths]


def _with_member(path: Path, contents: bytes, name: str = "perfs.npy") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, contents)
    return path


def _npy(shape: str, descr: str, body: bytes) -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


@settings(max_examples=50)
@given(st.lists(tables, min_size=1, max_size=5))
def test_any_performances_come_back_as_they_were(tmp_path_factory, performances):
    path = tmp_path_factory.mktemp("data") / "set.npz"
    save_dataset(path, performances)

    loaded = load_dataset(path).performances
    assert [take.tolist() for take in loaded] == [take.tolist() for take in performances]


def test_the_same_performances_give_the_same_bytes(tmp_path):
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    save_dataset(one, _takes(5, 5, 0, 7))
    save_dataset(two, load_dataset(one).performances)

    assert one.read_bytes() == two.read_bytes()
    assert sorted(tmp_path.iterdir()) == [one, two]


def test_older_tools_find_their_object_array(tmp_path):
    takes = _takes(5, 5)
    save_dataset(tmp_path / "set.npz", takes)

    perfs = np.load(tmp_path / "set.npz", allow_pickle=True)["perfs"]
    assert perfs.shape == (2,)
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(takes, perfs, strict=True))


def test_rows_and_lengths_open_without_pickle(tmp_path):
    save_dataset(tmp_path / "set.npz", _takes(3, 4))

    with np.load(tmp_path / "set.npz", allow_pickle=False) as plain:
        assert plain["rows"].shape == (7, 4)
        assert plain["rows"].dtype == np.float32
        assert plain["lengths"].tolist() == [3, 4]
        assert plain["lengths"].dtype == np.int64


def test_the_recorded_performances_load():
    if not RECORDED.exists():
        pytest.skip("the recorded performances are not beside this checkout")
    dataset = load_dataset(RECORDED)

    theirs = np.load(RECORDED, allow_pickle=True)["perfs"]
    assert len(dataset.performances) == 46
    assert dataset.interactions == 94603
    assert all(np.array_equal(mine, their) for mine, their in zip(dataset.performances, theirs, strict=True))


@pytest.mark.parametrize("takes", [1, 3])
@pytest.mark.parametrize("kind", [object, np.float64, np.float32])
def test_takes_of_equal_length_may_stand_as_one_array(tmp_path, takes, kind):
    one = np.random.default_rng(1).random((takes, 6, 4))
    np.savez_compressed(tmp_path / "set.npz", perfs=one.astype(kind))

    loaded = load_dataset(tmp_path / "set.npz").performances
    assert np.array_equal(np.stack(loaded), one.astype(np.float32))


@pytest.mark.parametrize("protocol", [3, 4])  # those that np.save has written
@pytest.mark.parametrize("kind", ["<f4", ">f8", object])
def test_every_pickle_protocol_and_byte_order_loads(tmp_path, protocol, kind):
    perfs = np.empty(2, object)
    perfs[0], perfs[1] = np.zeros((0, 4), kind), np.asfortranarray(np.arange(8.0).reshape(2, 4).astype(kind))
    path = _with_member(tmp_path / "set.npz", _npy("(2,)", "|O", pickle.dumps(perfs, protocol=protocol)))

    assert [take.tolist() for take in load_dataset(path).performances] == [[], [[0, 1, 2, 3], [4, 5, 6, 7]]]


class _Harm:
    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@pytest.mark.parametrize(
    "harm",
    [
        _Harm(os.system, "touch harmed"),
        _Harm(eval, "open('harmed', 'w')"),
        _Harm(np.ndarray, (2**40,)),
        _Harm(np.zeros, 2**40),
        _Harm(bytearray, 2**40),
        [_Harm(os.mkdir, "harmed")],
    ],
    ids=lambda harm: getattr(getattr(harm, "call", None), "__name__", "nested"),
)
def test_a_pickle_that_would_act_is_refused_and_does_nothing(tmp_path, monkeypatch, harm):
    monkeypatch.chdir(tmp_path)
    perfs = np.empty(1, object)
    perfs[0] = harm
    path = _with_member(tmp_path / "evil.npz", _npy("(1,)", "|O", pickle.dumps(perfs)))

    with pytest.raises(DatasetError):
        load_dataset(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_memo_slot_beyond_all_memory_is_refused(tmp_path):
    body = b"\x80\x02Nr" + struct.pack("<I", 2**32 - 1) + b"."
    with pytest.raises(DatasetError, match="memo"):
        load_dataset(_with_member(tmp_path / "memo.npz", _npy("(1,)", "|O", body)))


def test_reconstruct_allocates_nothing_that_the_file_does_not_hold(tmp_path):
    body = pickle.dumps(_Harm(np._core.multiarray._reconstruct, np.ndarray, (2**45,), b"f"))
    with pytest.raises(DatasetError):
        load_dataset(_with_member(tmp_path / "huge.npz", _npy("(1,)", "|O", body)))


def test_a_zip_bomb_is_refused_before_it_is_inflated(tmp_path):
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("rows.npy", "w") as member:
        for _ in range(600):
            member.write(bytes(2**20))
    with zipfile.ZipFile(bomb, "a") as archive:
        archive.writestr("lengths.npy", b"")

    with pytest.raises(DatasetError, match="limit"):
        load_dataset(bomb)


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_archive_packed_as_no_dataset_is_refused(tmp_path, packing):
    path = tmp_path / "packed.npz"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("perfs.npy", bytes(99))
    path.write_bytes(path.read_bytes().replace(bytes([0x5D, 0, 0]), bytes([0xFF, 0xFF, 0xFF])))

    with pytest.raises(DatasetError, match="packed as no dataset"):
        load_dataset(path)


@pytest.mark.parametrize("shape", ["(1000000000000, 9)", "(-1, 9)", "(2, 9, 99999999999999)", "2", "(3,", "('a', 2)"])
def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path, shape):
    rows = _npy(shape, "<f4", bytes(72))
    lengths = io.BytesIO()
    np.save(lengths, np.array([2]))
    path = tmp_path / "header.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.npy", rows)
        archive.writestr("lengths.npy", lengths.getvalue())

    with pytest.raises(DatasetError):
        load_dataset(path)


@pytest.mark.parametrize("lengths", [[3, 5], [-1, 8], [2**62, 2**62, 2**62, 2**62, 7], [0.5, 6.5], []])
def test_lengths_that_do_not_add_up_are_refused(tmp_path, lengths):
    np.savez(tmp_path / "set.npz", rows=np.zeros((7, 4), np.float32), lengths=np.array(lengths))

    with pytest.raises(DatasetError):
        load_dataset(tmp_path / "set.npz")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_numbers_that_are_not_finite_are_refused(tmp_path, value):
    take = np.full((3, 4), value)
    np.savez(tmp_path / "set.npz", perfs=take[None])

    with pytest.raises(DatasetError, match="finite"):
        load_dataset(tmp_path / "set.npz")


def test_performances_of_different_dimensions_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="dimension"):
        save_dataset(tmp_path / "set.npz", [np.zeros((2, 3)), np.zeros((2, 4))])

    perfs = np.empty(2, object)
    perfs[0], perfs[1] = np.zeros((2, 3)), np.zeros((2, 4))
    np.savez(tmp_path / "set.npz", perfs=perfs)
    with pytest.raises(DatasetError, match="3, 4"):
        load_dataset(tmp_path / "set.npz")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(DatasetError, match="cannot be read"):
            load_dataset(path)


@settings(max_examples=200)
@given(st.data())
def test_damage_anywhere_gives_a_dataset_error_or_a_dataset(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage")
    perfs = np.empty(2, object)
    perfs[0], perfs[1] = _takes(3, 4)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, perfs, allow_pickle=True)
    contents = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))

    with suppress(DatasetError):  # the other legal outcome
        assert load_dataset(_with_member(folder / "set.npz", bytes(contents))).dimension >= 2


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_archive_gives_a_dataset_error_or_a_dataset(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damage") / "set.npz"
    save_dataset(path, _takes(3, 4))
    contents = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(contents[: data.draw(st.integers(0, len(contents)))])

    with suppress(DatasetError):  # the other legal outcome
        assert load_dataset(path).dimension >= 2
