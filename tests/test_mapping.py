"""Mapping controls to MIDI and back: formats §7, case by case, and what must hold for any history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.core.mapping import (
    AftertouchEntry,
    BendEntry,
    Changes,
    ControlButton,
    ControlEntry,
    FineControlEntry,
    Mapping,
    MidiReceiver,
    NoteButton,
    NoteEntry,
    PolyAftertouchEntry,
    VelocityEntry,
    pressed,
)
from impsy.core.midi import (
    Aftertouch,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    PitchBend,
    PolyAftertouch,
)
from impsy.core.sender import MidiSender

seven_bits = st.integers(0, 127)
few_channels = st.integers(0, 2)  # few, so that entries meet


def changes(mapping: Mapping, message: MidiMessage) -> Changes | None:
    return MidiReceiver(mapping).receive(message)


def test_a_note_sets_pitch_and_velocity_together():
    mapping = (NoteEntry(0), VelocityEntry(0), NoteEntry(1), VelocityEntry(0))

    assert changes(mapping, NoteOn(0, 127, 127)) == ((0, 1.0), (1, 1.0), (3, 1.0))


@pytest.mark.parametrize("message", [NoteOn(0, 60, 0), NoteOff(0, 60), ControlChange(0, 8, 1), PitchBend(1, 3)])
def test_what_is_not_mapped_changes_nothing(message):
    mapping = (NoteEntry(0), VelocityEntry(0), ControlEntry(0, 7), BendEntry(0))

    assert not changes(mapping, message)


@pytest.mark.parametrize(
    ("minimum", "maximum", "raw", "value"),
    [
        (0, 127, 127, 1.0),
        (20, 40, 30, 0.5),
        (20, 40, 10, 0.0),
        (20, 40, 90, 1.0),
        (40, 20, 40, 0.0),
        (40, 20, 0, 1.0),
        (9, 9, 50, 0.0),
    ],
)
def test_a_controller_is_read_in_its_range(minimum, maximum, raw, value):
    assert changes((ControlEntry(0, 1, minimum, maximum),), ControlChange(0, 1, raw)) == ((0, value),)


def test_one_controller_sets_two_controls_each_by_its_own_range():
    mapping = (ControlEntry(0, 1), ControlEntry(0, 1, 127, 0))

    assert changes(mapping, ControlChange(0, 1, 0)) == ((0, 0.0), (1, 1.0))


def test_a_pair_of_controllers_is_one_interaction_at_its_fine_half():
    receiver = MidiReceiver((FineControlEntry(0, 7),))

    assert not receiver.receive(ControlChange(0, 39, 5))
    assert receiver.receive(ControlChange(0, 7, 127)) == ()
    assert receiver.receive(ControlChange(0, 39, 127)) == ((0, 1.0),)
    assert receiver.receive(ControlChange(0, 39, 0)) == ((0, (127 << 7) / 16383),)


def test_a_plain_entry_may_share_the_coarse_half():
    receiver = MidiReceiver((FineControlEntry(0, 7), ControlEntry(0, 7)))

    assert receiver.receive(ControlChange(0, 7, 127)) == ((1, 1.0),)


def test_pressure_sets_its_control():
    mapping = (AftertouchEntry(0), PolyAftertouchEntry(0, 60))

    assert changes(mapping, Aftertouch(0, 127)) == ((0, 1.0),)
    assert changes(mapping, PolyAftertouch(0, 60, 0)) == ((1, 0.0),)
    assert changes(mapping, PolyAftertouch(0, 61, 0)) is None


def test_a_note_is_read_in_its_range():
    assert changes((NoteEntry(0, low=60, high=72),), NoteOn(0, 66, 1)) == ((0, 0.5),)
    assert changes((NoteEntry(0, low=60, high=72),), NoteOn(0, 20, 1)) == ((0, 0.0),)


@pytest.mark.parametrize(
    ("message", "is_pressed"),
    [
        (NoteOn(9, 36, 1), True),
        (NoteOn(9, 36, 0), False),
        (NoteOn(9, 37, 1), False),
        (NoteOff(9, 36), False),
        (ControlChange(9, 36, 127), False),
    ],
)
def test_a_key_is_pressed(message, is_pressed):
    assert pressed(NoteButton(9, 36), message) is is_pressed


def test_a_controller_is_pressed_in_its_upper_half():
    button = ControlButton(0, 64)

    assert pressed(button, ControlChange(0, 64, 64))
    assert not pressed(button, ControlChange(0, 64, 63))
    assert not pressed(None, ControlChange(0, 64, 127))


@given(st.builds(ControlEntry, few_channels, seven_bits, seven_bits, seven_bits), seven_bits)
def test_a_controller_comes_back_as_it_was_sent(entry, raw):
    low, high = sorted((entry.minimum, entry.maximum))
    [(_, value)] = changes((entry,), ControlChange(entry.channel, entry.controller, raw))
    [message] = MidiSender((entry,)).messages([value])

    assert 0 <= value <= 1
    assert message == ControlChange(entry.channel, entry.controller, min(max(raw, low), high))


@given(st.integers(0, 16383))
def test_a_bend_comes_back_as_it_was_sent(raw):
    [(_, value)] = changes((BendEntry(5),), PitchBend(5, raw))

    assert MidiSender((BendEntry(5),)).messages([value]) == [PitchBend(5, raw)]


@given(seven_bits, st.integers(1, 127))
def test_a_note_comes_back_as_it_was_played(note, velocity):
    mapping = (NoteEntry(0), VelocityEntry(0))
    vector = [value for _, value in changes(mapping, NoteOn(0, note, velocity))]

    assert MidiSender(mapping).messages(vector) == [NoteOn(0, note, velocity)]
