"""Logs are written to the digit and read with patience."""

import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.core.actions import Origin
from impsy.data.logs import (
    BAD_NUMBER,
    BAD_TIMESTAMP,
    FEW_VALUES,
    format_row,
    log_dimension,
    log_name,
    read_log,
)
from impsy.errors import LogError

START = datetime(2026, 1, 31, 20, 15, 0)


def _stamp(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def _log(folder: Path, *lines: str) -> Path:
    path = folder / log_name(START, 3)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_a_name_that_is_taken_gets_a_number_before_the_dimension():
    first = log_name(START, 9)
    second = log_name(START, 9, {first})
    third = log_name(START, 9, {first, second})

    assert first == "2026-01-31T20-15-00-9d-mdrnn.log"
    assert second == "2026-01-31T20-15-00-2-9d-mdrnn.log"
    assert third == "2026-01-31T20-15-00-3-9d-mdrnn.log"


def test_the_dimension_is_read_from_a_name():
    assert log_dimension(log_name(START, 17, {log_name(START, 17)})) == 17
    assert log_dimension("notes.txt") is None
    assert log_dimension("2026-01-31T20-15-00-9d-mdrnn.jsonl") is None


def test_only_the_performer_is_read(tmp_path):
    log = _log(
        tmp_path,
        format_row(_stamp(0), Origin.PERFORMER, [0.1, 0.2]),
        format_row(_stamp(1), Origin.MODEL, [0.9, 0.9]),
        format_row(_stamp(2.5), Origin.PERFORMER, [0.3, 0.4]),
    )

    assert read_log(log, 2).rows.tolist() == [[2.5, 0.3, 0.4]]


def test_unusable_rows_are_skipped_and_counted_and_dt_runs_between_those_that_remain(tmp_path):
    log = _log(
        tmp_path,
        f"{_stamp(0)},interface,0.1,0.2\n",
        f"{_stamp(1)},interface,0.1\n",
        "yesterday,interface,0.1,0.2\n",
        f"{_stamp(2)},interface,nan,0.2\n",
        f"{_stamp(2)},interface,0.1,inf\n",
        f"{_stamp(2)},interface,0.1,loud\n",
        "\n",
        f"{_stamp(3)},interface,0.5,0.6,0.7\n",
        _stamp(4)[:9],
    )

    reading = read_log(log, 2)

    assert reading.rows.tolist() == [[3.0, 0.5, 0.6]]
    assert reading.skipped == {FEW_VALUES: 2, BAD_TIMESTAMP: 1, BAD_NUMBER: 3}


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-01-31",
        "20260131T201500",
        "2026-W05-6T20:15:00",
        "2026-01-31T20",
        "2026-01-31T20:15:00+01:00",
        "²026-01-31",
    ],
)
def test_a_timestamp_is_a_date_and_a_naive_time(tmp_path, stamp):
    log = _log(tmp_path, f"{stamp},interface,0.1,0.2\n", "2026-01-31 20:15:00,interface,0.1,0.2\n")

    reading = read_log(log, 2)

    assert (len(reading.values), reading.skipped) == (1, {BAD_TIMESTAMP: 1})


@pytest.mark.parametrize("number", ["1_0", "0.1_5", "", "0x1", "1e999"])
def test_a_number_is_written_in_full_and_nothing_else(tmp_path, number):
    assert read_log(_log(tmp_path, f"{_stamp(0)},interface,{number},0.2\n"), 2).skipped == {BAD_NUMBER: 1}


def test_values_are_clipped_and_a_clock_that_went_back_gives_zero_both_counted(tmp_path):
    log = _log(
        tmp_path,
        f"{_stamp(5)},interface,-1,0.2\n",
        f"{_stamp(4)},interface,0.5,7\n",
        f"{_stamp(6)},interface,0.5,1.0\n",
    )

    reading = read_log(log, 2)

    assert reading.rows.tolist() == [[0.0, 0.5, 1.0], [2.0, 0.5, 1.0]]
    assert (reading.clipped, reading.negative_dts) == (2, 1)


def test_an_empty_log_gives_no_interaction(tmp_path):
    assert read_log(_log(tmp_path), 2).rows.shape == (0, 3)
    assert read_log(_log(tmp_path, f"{_stamp(0)},interface,0,1\n"), 2).rows.shape == (0, 3)


def test_a_log_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(LogError, match=r"missing\.log"):
        read_log(tmp_path / "missing.log", 2)


values = st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=20)


@given(values, st.lists(st.integers(0, 10**9), min_size=20, max_size=20))
def test_what_is_written_is_read_back_to_the_digit(tmp_path_factory, rows, microseconds):
    stamps = [START + timedelta(microseconds=total) for total in sorted(microseconds)]
    lines = [
        format_row(stamp.isoformat(timespec="microseconds"), Origin.PERFORMER, row)
        for stamp, row in zip(stamps, rows, strict=False)
    ]
    reading = read_log(_log(tmp_path_factory.mktemp("log"), *lines), 3)

    assert reading.values.tolist() == [list(row) for row in rows]
    assert math.isclose(reading.seconds[-1], (stamps[len(rows) - 1] - stamps[0]).total_seconds())


@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("noise") / log_name(START, 3)
    path.write_bytes(noise + b"\n" + f"{_stamp(0)},interface,0.5,0.5\n".encode())

    assert read_log(path, 2).values.shape[1] == 2
