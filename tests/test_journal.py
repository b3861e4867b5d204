"""The log and the session record, on real disks, full ones too."""

import json
import os
import re
import resource
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from impsy.core.actions import Announce, Applied, Origin, Record, Refused, Status
from impsy.core.events import SetMode, SetPredictor
from impsy.core.modes import Mode, Turn
from impsy.data.logs import read_log
from impsy.runtime.clock import WallClock
from impsy.runtime.journal import Journal

STATUS = Status(Mode.BATTLE, Turn.CALL, 0.01, 1.0, 1.0, 0.1, False, 3, "walk", (0.5, 0.5))
WALL = WallClock(100.0, datetime(2026, 1, 31, 20, 15, 0, tzinfo=timezone(timedelta(hours=1))))


def journal(folder: Path, said: list[str] | None = None, sources: frozenset[Origin] = frozenset(Origin)) -> Journal:
    say = (said if said is not None else []).append
    return Journal(folder, 3, WALL, {"seed": 7}, sources=sources, say=say)


def until(true: object, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():  # type: ignore[operator]
            return True
        time.sleep(0.01)
    return False


def test_rows_stand_in_the_log_to_the_digit(tmp_path: Path) -> None:
    j = journal(tmp_path)
    j.perform(Record(100.25, Origin.PERFORMER, (0.1, 1.0)))
    j.perform(Record(101.0, Origin.MODEL, (0.30000000000000004, 0.0)))
    j.close()

    (log,) = tmp_path.glob("*.log")
    assert log.name == "2026-01-31T20-15-00-3d-mdrnn.log"
    assert log.read_text() == (
        "2026-01-31T20:15:00.250000,interface,0.1,1.0\n2026-01-31T20:15:01.000000,rnn,0.30000000000000004,0.0\n"
    )


def test_no_file_is_made_before_the_first_row(tmp_path: Path) -> None:
    j = journal(tmp_path)
    j.perform(Announce(100.5, Applied(SetMode(Mode.BATTLE, "osc"), STATUS)))
    j.close()

    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "2026-01-31T20-15-00-3d-mdrnn.jsonl").touch()
    j = journal(tmp_path)
    j.perform(Record(100.0, Origin.PERFORMER, (0.0, 0.0)))
    j.close()

    assert [path.name for path in tmp_path.glob("*.log")] == ["2026-01-31T20-15-00-2-3d-mdrnn.log"]


def test_the_record_tells_what_the_log_cannot(tmp_path: Path) -> None:
    j = journal(tmp_path)
    j.perform(Announce(100.5, Applied(SetMode(Mode.BATTLE, "osc"), STATUS)))
    j.perform(Record(101.0, Origin.PERFORMER, (0.0, 0.0)))
    j.perform(Announce(101.5, Applied(SetPredictor(object(), "other", "test"), STATUS)))  # type: ignore[arg-type]
    j.perform(Announce(102.0, Refused("osc", "nonsense")))
    j.note(103.0, {"what": "stop", "source": "SIGTERM"})
    j.close()

    (record,) = tmp_path.glob("*.jsonl")
    assert [json.loads(line) for line in record.read_text().splitlines()] == [
        {"what": "start", "wall": "2026-01-31T20:15:00+01:00", "seed": 7},
        {"at": 0.5, "what": "mode", "mode": "battle", "source": "osc"},
        {"at": 1.5, "what": "model", "name": "other", "source": "test"},
        {"at": 2.0, "what": "refused", "source": "osc", "why": "nonsense"},
        {"at": 3.0, "what": "stop", "source": "SIGTERM"},
    ]


def test_rows_reach_the_disk_while_it_plays(tmp_path: Path) -> None:
    j = journal(tmp_path)
    j.perform(Record(100.0, Origin.PERFORMER, (0.0, 0.0)))

    assert until(lambda: j.path is not None and j.path.stat().st_size > 0)
    j.close()


def test_only_what_is_wanted_is_logged(tmp_path: Path) -> None:
    j = journal(tmp_path, sources=frozenset({Origin.MODEL}))
    j.perform(Record(100.0, Origin.PERFORMER, (0.0, 0.0)))
    j.perform(Record(100.1, Origin.MODEL, (0.5, 0.5)))
    j.close()

    (log,) = tmp_path.glob("*.log")
    assert log.read_text().count("\n") == 1
    assert ",rnn," in log.read_text()


def test_a_second_close_does_nothing(tmp_path: Path) -> None:
    j = journal(tmp_path)
    j.close()
    j.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small disk here: it needs root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_said_once_tears_no_line_and_is_written_to_again(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(48 * 1024))
    said: list[str] = []
    j = journal(small_disk, said)
    for i in range(2000):  # about 100 kB
        j.perform(Record(100.0 + i / 1000, Origin.PERFORMER, (i / 2000, 0.123456789)))

    assert until(lambda: said)
    full = next(small_disk.glob("*.log")).read_bytes()
    assert full.endswith(b"\n")
    assert all(re.fullmatch(rb"[^,]+,interface,[0-9.e-]+,0.123456789", line) for line in full.splitlines())

    subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)
    assert until(lambda: len(said) > 1)
    j.close()
    reading = read_log(next(small_disk.glob("*.log")), 2)
    assert len(reading.rows) == 1999  # the first gives no dt
    assert len(said) == 2
    assert "No space left" in said[0]


def test_what_a_full_disk_cost_is_said_at_the_end(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(60 * 1024))
    said: list[str] = []
    j = journal(small_disk, said)
    for i in range(2000):
        j.perform(Record(100.0 + i / 1000, Origin.PERFORMER, (0.5, 0.5)))
    assert until(lambda: said)

    j.close()

    assert re.search(r"\d+ lines could not be written", said[-1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a folder that goes away under an open file")
def test_a_log_folder_that_vanished_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    j = journal(folder)
    j.perform(Record(100.0, Origin.PERFORMER, (0.0, 0.0)))
    j.close()

    assert len(list(folder.glob("*.log"))) == 1


def test_an_entry_that_a_full_disk_refused_stands_in_the_record_once(small_disk: Path) -> None:
    said: list[str] = []
    j = journal(small_disk, said)
    j.perform(Record(100.0, Origin.PERFORMER, (0.5, 0.5)))
    assert until(lambda: j.path is not None)
    for i in range(3000):  # more than the disk holds
        j.perform(Announce(100.0 + i, Refused("osc", "nonsense")))
    assert until(lambda: said)

    subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)
    assert until(lambda: len(said) > 1)
    j.close()

    (record,) = small_disk.glob("*.jsonl")
    times = [json.loads(line).get("at") for line in record.read_text().splitlines()[1:]]
    assert times == [float(i) for i in range(3000)]


def test_a_record_that_cannot_be_made_leaves_no_log_behind(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    said: list[str] = []
    (tmp_path / "2026-01-31T20-15-00-3d-mdrnn.jsonl").mkdir()
    j = journal(folder, said)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files) + 1, hard))  # room for none
    os.close(files[0])  # room for one, which listing the folder also takes
    try:
        j.perform(Record(100.0, Origin.PERFORMER, (0.5, 0.5)))
        assert until(lambda: said)
        left = list(folder.iterdir())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for file in files[1:]:
            os.close(file)
    assert left == []
    assert "Too many open files" in said[0]

    assert until(lambda: len(said) > 1)
    j.close()
    assert sorted(path.suffix for path in folder.iterdir()) == [".jsonl", ".log"]


def test_before_the_first_row_a_flood_of_entries_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impsy.runtime.journal.MOST_WAITING", 100)
    said: list[str] = []
    j = journal(tmp_path, said)
    for _ in range(3):
        for i in range(80):
            j.perform(Announce(100.0 + i, Refused("osc", "nonsense")))
        assert until(j._queue.empty)
    j.perform(Record(500.0, Origin.PERFORMER, (0.0, 0.0)))
    j.close()

    (record,) = tmp_path.glob("*.jsonl")
    *kept, last = record.read_text().splitlines()
    assert len(kept) == 100
    assert json.loads(last) == {"what": "lost", "lines": 141}  # whoever reads it knows that it has holes
    assert said == ["log: 141 lines could not be written"]


def test_a_file_name_that_is_no_text_stands_in_the_record_as_escapes(tmp_path: Path) -> None:
    j = Journal(tmp_path, 3, WALL, {"file": "\udcff.tflite"}, sources=frozenset(Origin), say=print)
    j.perform(Record(100.0, Origin.PERFORMER, (0.0, 0.0)))
    j.close()

    (record,) = tmp_path.glob("*.jsonl")
    assert json.loads(record.read_text())["file"] == "\udcff.tflite"
