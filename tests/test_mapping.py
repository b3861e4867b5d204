"""Mapping controls to MIDI and back: formats §7, case by case, and what must hold for any history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.core.mapping import BendEntry, ControlEntry, MidiSender, NoteEntry, VelocityEntry, changes
from impsy.core.midi import ControlChange, NoteOff, NoteOn, PitchBend

seven_bits = st.integers(0, 127)
few_channels = st.integers(0, 2)  # few, so that entries meet
entries = st.one_of(
    st.builds(NoteEntry, few_channels, st.none() | seven_bits),
    st.builds(VelocityEntry, few_channels),
    st.builds(ControlEntry, few_channels, st.integers(0, 3), seven_bits, seven_bits),
    st.builds(BendEntry, few_channels),
)
mappings = st.lists(entries, max_size=8).map(tuple)
values = st.sampled_from([0.0, 0.004, 0.5, 0.996, 1.0]) | st.floats(-1, 2)  # few, so that notes meet
vectors = st.lists(values, max_size=8)
SILENCE, PANIC, REFRESH = "silence", "panic", "refresh"


def test_a_note_sets_pitch_and_velocity_together():
    mapping = (NoteEntry(0), VelocityEntry(0), NoteEntry(1), VelocityEntry(0))

    assert changes(mapping, NoteOn(0, 127, 127)) == ((0, 1.0), (1, 1.0), (3, 1.0))


@pytest.mark.parametrize("message", [NoteOn(0, 60, 0), NoteOff(0, 60), ControlChange(0, 8, 1), PitchBend(1, 3)])
def test_what_is_not_mapped_changes_nothing(message):
    mapping = (NoteEntry(0), VelocityEntry(0), ControlEntry(0, 7), BendEntry(0))

    assert changes(mapping, message) == ()


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


def test_halves_round_up_once():
    sender = MidiSender((ControlEntry(0, 1), ControlEntry(0, 2, 10, 5), BendEntry(0)))

    assert sender.messages([0.5, 0.5, 0.5]) == [ControlChange(0, 1, 64), ControlChange(0, 2, 8), PitchBend(0, 8192)]


def test_a_note_ends_before_the_next_even_if_it_is_the_same():
    sender = MidiSender((NoteEntry(3),))

    assert sender.messages([0.0]) == [NoteOn(3, 0, 127)]
    assert sender.messages([0.0]) == [NoteOff(3, 0), NoteOn(3, 0, 127)]
    assert sender.messages([1.0]) == [NoteOff(3, 0), NoteOn(3, 127, 127)]


def test_a_note_that_another_control_holds_goes_on():
    sender = MidiSender((NoteEntry(0), NoteEntry(0)))
    sender.messages([0.0, 0.0])

    assert sender.messages([1.0, 0.0]) == [NoteOn(0, 127, 127), NoteOff(0, 0), NoteOn(0, 0, 127)]


def test_two_controls_on_one_note_end_it_once():
    sender = MidiSender((NoteEntry(0), NoteEntry(0)))
    sender.messages([0.0, 0.0])

    assert sender.silence() == [NoteOff(0, 0)]
    assert sender.silence() == []


def test_velocity_comes_from_the_first_velocity_control_of_the_channel():
    sender = MidiSender((NoteEntry(0, 5), VelocityEntry(1), VelocityEntry(0), VelocityEntry(0)))

    assert sender.messages([0.0, 1.0, 0.5, 1.0]) == [NoteOn(0, 0, 64)]
    assert sender.messages([0.0, 1.0, 0.0, 1.0]) == [NoteOff(0, 0), NoteOn(0, 0, 1)]


@pytest.mark.parametrize(("own", "sent"), [(None, 127), (0, 1), (90, 90)])
def test_velocity_is_else_the_entrys(own, sent):
    assert MidiSender((NoteEntry(0, own),)).messages([0.0]) == [NoteOn(0, 0, sent)]


def test_a_controller_speaks_only_when_its_encoded_value_changes():
    sender = MidiSender((ControlEntry(0, 1), BendEntry(0)))
    sender.messages([0.5, 0.5])

    assert sender.messages([0.5001, 0.5]) == []
    assert sender.messages([0.6, 0.5]) == [ControlChange(0, 1, 76)]


@pytest.mark.parametrize("forget", [MidiSender.silence, MidiSender.panic, MidiSender.refresh])
def test_after_silence_or_a_new_listener_everything_is_sent_again(forget):
    sender = MidiSender((ControlEntry(0, 1),))
    sender.messages([1.0])
    forget(sender)

    assert sender.messages([1.0]) == [ControlChange(0, 1, 127)]


def test_panic_ends_notes_and_tells_every_channel_in_use():
    sender = MidiSender((NoteEntry(4), ControlEntry(2, 1)))
    sender.messages([0.0, 0.0])

    offs = [ControlChange(2, 120, 0), ControlChange(2, 123, 0), ControlChange(4, 120, 0), ControlChange(4, 123, 0)]
    assert sender.panic() == [NoteOff(4, 0), *offs]


def test_mapping_and_vector_need_not_be_equally_long():
    assert MidiSender((ControlEntry(0, 1), NoteEntry(0))).messages([0.0]) == [ControlChange(0, 1, 0)]
    assert MidiSender((ControlEntry(0, 1),)).messages([0.0, 1.0]) == [ControlChange(0, 1, 0)]


@given(mappings, st.lists(vectors | st.sampled_from([SILENCE, PANIC, REFRESH]), max_size=12))
def test_after_any_history_each_sounding_note_ends_exactly_once(mapping, history):
    sender = MidiSender(mapping)
    sounding = set()

    for step in [*history, SILENCE]:
        if step == REFRESH:
            sender.refresh()
            continue
        silencing = step in (SILENCE, PANIC)
        for message in getattr(sender, step)() if silencing else sender.messages(step):
            match message:
                case NoteOn(channel=channel, note=note, velocity=velocity):
                    assert 0 <= note <= 127
                    assert 1 <= velocity <= 127
                    sounding.add((channel, note))
                case NoteOff(channel=channel, note=note):
                    sounding.remove((channel, note))  # a KeyError here is a note-off for nothing
        assert not (silencing and sounding)


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
