"""MIDI bytes: every message there and back, and a stream that may be cut, interrupted and damaged anywhere."""

from itertools import pairwise

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.core.midi import Aftertouch, ControlChange, MidiMessage, NoteOff, NoteOn, PitchBend, PolyAftertouch
from impsy.wire.midi_bytes import MidiStream, decode, encode

CHANNELS = st.integers(0, 15)
DATA = st.integers(0, 127)
MESSAGES = (
    st.builds(NoteOn, CHANNELS, DATA, st.integers(1, 127))
    | st.builds(NoteOff, CHANNELS, DATA, DATA)
    | st.builds(ControlChange, CHANNELS, DATA, DATA)
    | st.builds(PitchBend, CHANNELS, st.integers(0, 16383))
    | st.builds(Aftertouch, CHANNELS, DATA)
    | st.builds(PolyAftertouch, CHANNELS, DATA, DATA)
)
REAL_TIME = st.integers(0xF8, 0xFF).map(lambda byte: bytes([byte]))
SYSEX = st.lists(DATA | st.integers(0xF8, 0xFF), max_size=20).map(lambda data: b"\xf0" + bytes(data) + b"\xf7")
LIKELY = st.sampled_from([0x80, 0x90, 0x91, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0, 0xF1, 0xF2, 0xF4, 0xF6, 0xF7, 0xF8, 0, 60])
STREAMS = st.binary(max_size=80) | st.lists(LIKELY, max_size=80).map(bytes)


def fed(*pieces: bytes) -> list[MidiMessage]:
    stream = MidiStream()
    return [message for piece in pieces for message in stream.feed(piece)]


@given(MESSAGES)
def test_any_message_comes_back(message: MidiMessage) -> None:
    assert decode(encode(message)) == message
    assert fed(encode(message)) == [message]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (mido.Message("note_on", channel=2, note=60, velocity=1), NoteOn(2, 60, 1)),
        (mido.Message("note_off", channel=15, note=127, velocity=9), NoteOff(15, 127, 9)),
        (mido.Message("control_change", channel=0, control=74, value=127), ControlChange(0, 74, 127)),
        (mido.Message("pitchwheel", channel=9, pitch=-8192), PitchBend(9, 0)),
        (mido.Message("pitchwheel", channel=9, pitch=1), PitchBend(9, 8193)),
        (mido.Message("aftertouch", channel=3, value=64), Aftertouch(3, 64)),
        (mido.Message("polytouch", channel=3, note=60, value=64), PolyAftertouch(3, 60, 64)),
    ],
)
def test_an_independent_writer_means_the_same(written: mido.Message, read: MidiMessage) -> None:
    assert decode(written.bin()) == read
    assert encode(read) == written.bin()


def test_a_note_on_without_velocity_is_a_note_off() -> None:
    assert decode(b"\x90\x3c\x00") == NoteOff(0, 60)
    assert fed(b"\x90\x3c\x40\x3c\x00") == [NoteOn(0, 60, 64), NoteOff(0, 60)]


@pytest.mark.parametrize(
    "other",
    ["", "f8", "fe", "f07e7ff7", "c005", "f10f", "f20102", "3c40", "903c", "903c40f8", "903c40803c40", "90f840"],
)
def test_what_is_not_one_whole_message_is_none(other: str) -> None:
    assert decode(bytes.fromhex(other)) is None


def test_running_status_holds_until_the_next_status() -> None:
    assert fed(bytes.fromhex("90 3c40 3e40 b1 0701 0702 d0 05 06")) == [
        NoteOn(0, 60, 64),
        NoteOn(0, 62, 64),
        ControlChange(1, 7, 1),
        ControlChange(1, 7, 2),
        Aftertouch(0, 5),
        Aftertouch(0, 6),
    ]


def test_a_program_change_is_passed_over_with_all_that_run_after_it() -> None:
    assert fed(bytes.fromhex("c0 05 06 07 90 3c40")) == [NoteOn(0, 60, 64)]


@pytest.mark.parametrize("common", ["f10f", "f20102", "f303", "f4", "f5", "f6", "f7", "f07e01f7"])
def test_system_common_and_sysex_cancel_running_status(common: str) -> None:
    assert fed(bytes.fromhex(f"90 3c40 {common} 3e40 80 3c00")) == [NoteOn(0, 60, 64), NoteOff(0, 60)]


def test_any_status_ends_a_sysex_that_was_cut_off() -> None:
    assert fed(bytes.fromhex("f0 7e 01 02 90 3c40")) == [NoteOn(0, 60, 64)]


def test_data_before_the_first_status_means_nothing() -> None:
    assert fed(bytes.fromhex("3c40 00 7f 90 3c40")) == [NoteOn(0, 60, 64)]


@given(MESSAGES, MESSAGES, st.lists(REAL_TIME, min_size=8, max_size=8), SYSEX)
def test_clocks_may_stand_anywhere_and_sysex_between(
    first: MidiMessage, second: MidiMessage, clocks: list[bytes], sysex: bytes
) -> None:
    pairs = zip(clocks, [*encode(first), *sysex[:1], *sysex[1:], *encode(second)], strict=False)
    interrupted = b"".join(clock + bytes([byte]) for clock, byte in pairs)
    rest = (encode(first) + sysex + encode(second))[len(clocks) :]

    assert fed(interrupted + rest) == [first, second]


@given(STREAMS, st.lists(st.integers(0, 80), max_size=10))
def test_any_bytes_mean_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    pieces = [data[start:end] for start, end in pairwise(edges)]

    assert fed(*pieces) == fed(data) == fed(*(bytes([byte]) for byte in data))


@given(STREAMS, MESSAGES)
def test_after_any_bytes_a_whole_message_is_heard(data: bytes, message: MidiMessage) -> None:
    stream = MidiStream()
    stream.feed(data)

    assert stream.feed(encode(message)) == [message]
    assert len(stream._data) < 2


@given(st.binary(max_size=6) | STREAMS)
def test_any_bytes_are_one_message_or_none(data: bytes) -> None:
    message = decode(data)

    assert message is None or fed(data) == [message]
