"""CSV lines of a serial port: whole vectors or reasons, in any pieces, after any damage."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.wire.lines import LONGEST, LineSplitter, Unreadable, Vector, decode, encode

NUMBERS = st.floats(0, 1).map(lambda value: round(value, 4))
VECTORS = st.tuples(NUMBERS, NUMBERS)
LINES = VECTORS.map(encode) | st.sampled_from(
    [b"nan,1\n", b"\xff\n", b"1,2,3\r\n", b"\n", b"0.5,", b"x" * 5000, b"1\r2\n"]
)
STREAMS = st.binary(max_size=60) | st.lists(LINES, max_size=12).map(b"".join)


def read(data: bytes, lines: LineSplitter | None = None) -> list[Vector | Unreadable]:
    return [decode(line, 2) for line in (lines or LineSplitter()).feed(data)]


def test_a_vector_is_written_with_four_decimals() -> None:
    assert encode([0, 1, 1 / 3, 0.99999]) == b"0.0000,1.0000,0.3333,1.0000\n"


@pytest.mark.parametrize("line", [b"0.5,0.25", b"0.5,0.25\r", b" 0.5, 0.25 ", b"+.5,25e-2", b"0.5\t,0.25"])
def test_what_sketches_print_is_read(line: bytes) -> None:
    assert decode(line, 2) == (0.5, 0.25)


def test_values_out_of_range_are_the_sessions_to_clip() -> None:
    assert decode(b"-3,1e30", 2) == (-3.0, 1e30)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"0.5", Unreadable.WRONG_COUNT),
        (b"0.5,0.5,0.5", Unreadable.WRONG_COUNT),
        (b"nan,0.5", Unreadable.NOT_FINITE),
        (b"0.5,-inf", Unreadable.NOT_FINITE),
        (b"0.5,1e999", Unreadable.NOT_FINITE),
        (b"0.5,0.5,", Unreadable.NO_NUMBERS),
        (b"0.5;0.5", Unreadable.NO_NUMBERS),
        (b"1_0,0.5", Unreadable.NO_NUMBERS),
        ("٣,0.5".encode(), Unreadable.NO_NUMBERS),
        (b"\xff\xfe,0.5", Unreadable.NO_TEXT),
        (b"0.5,\x000.5", Unreadable.NO_NUMBERS),
        (b"9" * 4000 + b",0.5", Unreadable.NOT_FINITE),
        (b"9" * 5000 + b",0.5", Unreadable.TOO_LONG),
        (b"hello, I am a sketch", Unreadable.NO_NUMBERS),
    ],
)
def test_a_line_that_is_no_vector_is_refused_with_a_reason(line: bytes, why: Unreadable) -> None:
    assert decode(line, 2) is why


def test_reading_goes_on_with_the_next_line() -> None:
    said = read(b"ets Jun  8 2016\n0.5,0.25\n\r\nnan,1\n1,0\r\n")

    assert said == [Unreadable.NO_NUMBERS, (0.5, 0.25), Unreadable.NOT_FINITE, (1.0, 0.0)]


def test_a_line_without_end_is_refused_once_and_kept_short() -> None:
    lines = LineSplitter()

    refused = [why for _ in range(1000) for why in read(b"0.5," * 100, lines)]

    assert refused == [Unreadable.TOO_LONG]
    assert len(lines._begun) < LONGEST
    assert read(b"\n0.5,0.25\n", lines) == [(0.5, 0.25)]


def test_the_longest_line_has_four_kilobytes() -> None:
    padded = b"0.5,".ljust(LONGEST - 4) + b"0.5"

    assert read(padded + b"\n") == [(0.5, 0.5)]
    assert read(b" " + padded + b"\n") == [Unreadable.TOO_LONG]


def test_a_line_that_we_came_in_the_middle_of_is_passed_over() -> None:
    lines = LineSplitter()
    lines.skip()

    assert read(b"5,0.25", lines) == []
    assert read(b"\n0.75,0.25\n", lines) == [(0.75, 0.25)]


@given(VECTORS)
def test_any_vector_comes_back(vector: tuple[float, float]) -> None:
    assert read(encode(vector)) == [vector]


@given(STREAMS, st.lists(st.integers(0, 6000), max_size=10))
def test_any_bytes_mean_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    lines = LineSplitter()

    pieces = [said for start, end in pairwise(edges) for said in read(data[start:end], lines)]

    assert pieces == read(data)
    for said in pieces:
        assert isinstance(said, Unreadable) or all(map(math.isfinite, said))


@given(STREAMS, VECTORS)
def test_after_any_bytes_the_next_line_is_read(data: bytes, vector: tuple[float, float]) -> None:
    lines = LineSplitter()
    read(data, lines)

    assert read(b"\n" + encode(vector), lines)[-1] == vector
