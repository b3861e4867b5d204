"""The WebSocket text dialect: exact frames, and silence about everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.core.midi import ControlChange, MidiMessage, NoteOff, NoteOn, PitchBend
from impsy.wire.text import decode, encode

CHANNELS = st.integers(0, 15)
DATA = st.integers(0, 127)
MESSAGES = (
    st.builds(NoteOn, CHANNELS, DATA, st.integers(1, 127))
    | st.builds(NoteOff, CHANNELS, DATA, DATA)
    | st.builds(ControlChange, CHANNELS, DATA, DATA)
    | st.builds(PitchBend, CHANNELS, st.integers(0, 16383))
)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("/channel/1/noteon/60/127", NoteOn(0, 60, 127)),
        ("/channel/16/noteoff/0/0", NoteOff(15, 0, 0)),
        ("/channel/2/cc/7/64", ControlChange(1, 7, 64)),
        ("/channel/10/pitchbend/16383", PitchBend(9, 16383)),
    ],
)
def test_channels_count_from_one_in_the_text(frame: str, message: MidiMessage) -> None:
    assert decode(frame) == message
    assert encode(message) == frame


def test_a_note_on_without_velocity_is_a_note_off() -> None:
    assert decode("/channel/1/noteon/60/0") == NoteOff(0, 60)


@given(MESSAGES)
def test_any_message_comes_back(message: MidiMessage) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "/",
        "/channel/0/noteon/60/127",
        "/channel/17/noteon/60/127",
        "/channel/1/noteon/128/0",
        "/channel/1/noteon/60/128",
        "/channel/1/noteon/60",
        "/channel/1/noteon/60/127/1",
        "/channel/1/noteon/60/-1",
        "/channel/1/noteon/60/1.0",
        "/channel/1/noteon/60/127\n",
        "/channel/1/noteon/٦٠/127",  # digits, but not ASCII ones
        "/channel/1/cc/7/200",
        "/channel/1/pitchbend/16384",
        "/channel/1/pitchbend/1/2",
        "/channel/1/aftertouch/60/1",
        "/channel/1/noteon/" + "9" * 5000 + "/1",  # int() of this would raise
    ],
)
def test_malformed_and_out_of_range_frames_are_no_message(frame: str) -> None:
    assert decode(frame) is None


@given(st.text(max_size=60) | st.text("0123456789/-. \n", max_size=30).map("/channel/1".__add__))
def test_any_text_is_read_or_passed_over(frame: str) -> None:
    message = decode(frame)

    assert message is None or decode(encode(message)) == message
