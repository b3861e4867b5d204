"""Recordings become performances: from several folders, without what is excluded, split at long silences."""

import os
import random
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from impsy.cli.main import impsy
from impsy.core.actions import Origin
from impsy.data.collate import collate
from impsy.data.datasets import load_dataset, save_dataset
from impsy.data.logs import format_row, log_name
from impsy.data.phrases import split
from impsy.data.sources import find_sources
from impsy.errors import DatasetError, LogError

START = datetime(2026, 1, 31, 20, 15, 0)


def write_log(folder: Path, seconds: list[float], start: datetime = START) -> Path:
    """A log of two controls whose rows are stamped so many seconds after its start; x counts."""
    folder.mkdir(exist_ok=True)
    path = folder / log_name(start, 3, {log.name for log in folder.iterdir()})
    stamps = ((start + timedelta(seconds=at)).isoformat(timespec="microseconds") for at in seconds)
    path.write_text(
        "".join(format_row(stamp, Origin.PERFORMER, [n / 1000, 0.5]) for n, stamp in enumerate(stamps)), "utf-8"
    )
    return path


def dataset(folder: Path, *arguments: object) -> Result:
    """`impsy dataset` into the folder."""
    return CliRunner().invoke(impsy, ["dataset", "-O", str(folder), *map(str, arguments)])


def played(folder: Path) -> list[list[float]]:
    """The first control of each performance in the dataset: it counts the rows of its log."""
    performances = load_dataset(folder / "training-dataset-3d.npz").performances
    return [[round(x * 1000) for x in table[:, 1].tolist()] for table in performances]


def test_a_long_silence_ends_a_performance_and_what_follows_it_has_no_dt(tmp_path: Path) -> None:
    write_log(tmp_path / "logs", [0, 1, 2, 8, 9, 10, 70, 71])

    result = dataset(tmp_path, "-S", tmp_path / "logs")

    assert played(tmp_path) == [[1, 2], [4, 5], [7]]
    assert "split      at 2 silences longer than 5 s, 1.1 minutes" in result.output


def test_how_long_a_silence_is_can_be_said(tmp_path: Path) -> None:
    write_log(tmp_path / "logs", [0, 1, 2, 8, 9, 10, 70, 71])

    result = dataset(tmp_path, "-S", tmp_path / "logs", "--max-dt", 6)

    assert played(tmp_path) == [[1, 2, 3, 4, 5], [7]]
    assert "at 1 silence longer than 6 s" in result.output


def test_a_gesture_alone_between_silences_is_counted_and_left_out(tmp_path: Path) -> None:
    write_log(tmp_path / "logs", [0, 10, 20, 21, 31])

    result = dataset(tmp_path, "-S", tmp_path / "logs")

    assert played(tmp_path) == [[3]]
    assert "left out   3 gestures alone between silences" in result.output


def test_nothing_but_lone_gestures_is_no_dataset(tmp_path: Path) -> None:
    write_log(tmp_path / "logs", [0, 10, 20])

    result = dataset(tmp_path / "out", "-S", tmp_path / "logs")

    assert result.exit_code == 1
    assert "nothing of dimension 3 is a performance" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_the_same_logs_give_the_same_bytes_wherever_and_whenever_they_lie(tmp_path: Path) -> None:
    rng = random.Random(1)
    times = [[rng.uniform(0, 60) for _ in range(40)] for _ in range(6)]
    starts = [START + timedelta(minutes=n // 2) for n in range(6)]  # two of each second: the later is called -2
    for folder, order in (("one", [0, 1, 2, 3, 4, 5]), ("two", [4, 5, 2, 3, 0, 1])):
        for n in order:
            write_log(tmp_path / folder, sorted(times[n]), starts[n])
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    for n, log in enumerate(sorted((tmp_path / "one").iterdir())):
        (tmp_path / "xy"[n % 2] / log.name).write_bytes(log.read_bytes())

    dataset(tmp_path / "a", "-S", tmp_path / "one")
    dataset(tmp_path / "b", "-S", tmp_path / "two", "-S", tmp_path / "two")
    dataset(tmp_path / "c", "-S", tmp_path / "y", "-S", tmp_path / "x")

    a, b, c = ((tmp_path / name / "training-dataset-3d.npz").read_bytes() for name in "abc")
    assert a == b == c


def test_what_is_excluded_by_name_or_path_is_left_out_and_said(tmp_path: Path) -> None:
    write_log(tmp_path / "logs", [0, 1])
    write_log(tmp_path / "logs", [0, 1, 2], START + timedelta(days=1))
    write_log(tmp_path / "test", [0, 1, 2, 3], START + timedelta(days=2))
    places = ("-S", tmp_path / "logs", "-S", tmp_path / "test")

    result = dataset(tmp_path, *places, "--exclude", "2026-01-31*", "--exclude", "*/test/*", "--exclude", "none")

    assert played(tmp_path) == [[1, 2]]
    assert "excluded   1 file by 2026-01-31*" in result.output
    assert "excluded   0 files by none" in result.output
    everything = dataset(tmp_path, *places, "--exclude", "*")
    assert "nothing but what --exclude leaves out" in str(everything.exception)


def test_an_older_dataset_is_split_too_and_joins_the_logs(tmp_path: Path) -> None:
    old = [np.zeros((0, 3)), np.array([[434.0, 0.9, 0.5], [0.1, 0.8, 0.5], [0.1, 0.7, 0.5]])]
    save_dataset(tmp_path / "old.npz", old)
    write_log(tmp_path / "logs", [0, 1, 2])

    result = dataset(tmp_path, "-S", tmp_path / "logs", "-S", tmp_path / "old.npz")

    assert result.exit_code == 0
    assert played(tmp_path) == [[1, 2], [800, 700]]


def test_what_no_log_could_give_is_mended_in_an_older_dataset_too_and_counted(tmp_path: Path) -> None:
    save_dataset(tmp_path / "old.npz", [np.array([[0.1, 1.5, 0.5], [-3.0, 0.8, -0.25], [0.1, 1.0, 0.0]])])

    result = dataset(tmp_path, "-S", tmp_path / "old.npz")

    (table,) = load_dataset(tmp_path / "training-dataset-3d.npz").performances
    np.testing.assert_allclose(table, [[0.1, 1.0, 0.5], [0.0, 0.8, 0.0], [0.1, 1.0, 0.0]], rtol=1e-6)
    assert "clipped    2 values outside [0, 1]" in result.output
    assert "mended     1 step back in time, taken as 0 s" in result.output


def test_a_dataset_that_would_be_another_one_is_kept_under_its_date(tmp_path: Path) -> None:
    path = tmp_path / "training-dataset-3d.npz"
    save_dataset(path, [np.full((3, 3), 0.25)])  # whose logs are lost
    lost = path.read_bytes()
    os.utime(path, (datetime(2026, 1, 1, 20, 0, 0).timestamp(),) * 2)
    write_log(tmp_path / "logs", [0, 1, 2])

    result = dataset(tmp_path, "-S", tmp_path / "logs")

    kept = tmp_path / "older" / "training-dataset-3d-2026-01-01T20-00-00.npz"
    assert played(tmp_path) == [[1, 2]]
    assert kept.read_bytes() == lost
    assert f"kept       what had this name is {kept} now" in result.output
    assert list(tmp_path.glob("*.npz")) == [path]  # so that `impsy train` finds the only one


def test_the_same_dataset_is_left_as_it_is(tmp_path: Path) -> None:
    write_log(tmp_path / "logs", [0, 1, 2])
    dataset(tmp_path, "-S", tmp_path / "logs")
    path = tmp_path / "training-dataset-3d.npz"
    os.utime(path, (1e9, 1e9))

    result = dataset(tmp_path, "-S", tmp_path / "logs")

    assert result.exit_code == 0
    assert path.stat().st_mtime == 1e9
    assert not (tmp_path / "older").exists()


@pytest.mark.parametrize("options", [[], ["-F", "training-dataset-3d"]])
def test_what_is_read_is_not_written(tmp_path: Path, options: list[str]) -> None:
    write_log(tmp_path / "logs", [0, 1, 2])
    dataset(tmp_path, "-S", tmp_path / "logs")
    path = tmp_path / "training-dataset-3d.npz"
    before = path.read_bytes()

    result = dataset(tmp_path, "-S", path, "-S", tmp_path / "logs", *options)

    assert result.exit_code == 1
    assert "name another file with -F" in str(result.exception)
    assert path.read_bytes() == before
    assert dataset(tmp_path, "-S", path, "-S", tmp_path / "logs", "-F", "all").exit_code == 0


def test_splitting_while_collecting_is_splitting_afterwards(tmp_path: Path) -> None:
    rng = random.Random(2)
    write_log(tmp_path / "logs", sorted(rng.uniform(0, 900) for _ in range(300)))

    dataset(tmp_path / "split", "-S", tmp_path / "logs")
    dataset(tmp_path / "whole", "-S", tmp_path / "logs", "--max-dt", 1e9)

    whole = load_dataset(tmp_path / "whole" / "training-dataset-3d.npz").performances
    ours = load_dataset(tmp_path / "split" / "training-dataset-3d.npz").performances
    assert len(whole) == 1
    assert [table.tolist() for table in ours] == [phrase.rows.tolist() for phrase in split(whole)]


def test_places_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK")

    with pytest.raises(LogError, match="no such folder"):
        find_sources([tmp_path / "none"])
    with pytest.raises(DatasetError, match="damaged"):
        find_sources([tmp_path / "bad.npz"])
    (tmp_path / log_name(START, 3)).mkdir()
    assert list(collate(find_sources([tmp_path / "."]).by_dimension[3], 3).unused.values()) == [
        "cannot be read: Is a directory"
    ]
