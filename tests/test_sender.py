"""Controls to MIDI (formats §7), case by case, and what must hold of notes for any history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.core.mapping import (
    AftertouchEntry,
    BendEntry,
    ControlEntry,
    FineControlEntry,
    NoteEntry,
    PolyAftertouchEntry,
    VelocityEntry,
)
from impsy.core.midi import Aftertouch, ControlChange, NoteOff, NoteOn, PitchBend, PolyAftertouch
from impsy.core.sender import MidiSender

seven_bits = st.integers(0, 127)
few_channels = st.integers(0, 2)  # few, so that entries meet
gates = st.none() | st.sampled_from([0.25, 1.0])
notes = st.builds(NoteEntry, few_channels, st.none() | seven_bits, gates, seven_bits, seven_bits)
entries = st.one_of(
    notes,
    st.builds(VelocityEntry, few_channels),
    st.builds(ControlEntry, few_channels, st.integers(0, 3), seven_bits, seven_bits),
    st.builds(FineControlEntry, few_channels, st.integers(0, 3)),
    st.builds(BendEntry, few_channels),
    st.builds(AftertouchEntry, few_channels),
    st.builds(PolyAftertouchEntry, few_channels, seven_bits),
)
mappings = st.lists(entries, max_size=8).map(tuple)
values = st.sampled_from([0.0, 0.004, 0.5, 0.996, 1.0]) | st.floats(-1, 2)  # few, so that notes meet
vectors = st.lists(values, max_size=8)
steps = vectors | st.sampled_from(["silence", "panic", "refresh", "lose", "recover", "wait"])


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


def test_a_range_of_notes_may_be_narrow_or_turned_round():
    sender = MidiSender((NoteEntry(0, low=60, high=72), NoteEntry(1, low=72, high=60)))

    assert sender.messages([0.5, 0.25]) == [NoteOn(0, 66, 127), NoteOn(1, 69, 127)]


def test_a_gate_ends_a_note_by_itself():
    sender = MidiSender((NoteEntry(0, gate=0.2), NoteEntry(1)))
    assert sender.next_deadline() is None
    sender.messages([0.0, 0.0], at=5.0)

    assert sender.next_deadline() == pytest.approx(5.2)
    assert sender.advance(5.1) == []
    assert sender.advance(5.2) == [NoteOff(0, 0)]
    assert sender.next_deadline() is None
    assert sender.messages([1.0, 0.0], at=6.0) == [NoteOn(0, 127, 127), NoteOff(1, 0), NoteOn(1, 0, 127)]


def test_a_new_note_takes_the_gate_of_the_last_with_it():
    sender = MidiSender((NoteEntry(0, gate=0.25),))
    sender.messages([0.0], at=0.0)
    sender.messages([1.0], at=0.125)

    assert sender.advance(0.25) == []
    assert sender.advance(0.375) == [NoteOff(0, 127)]


def test_fourteen_bits_go_out_coarse_half_first():
    sender = MidiSender((FineControlEntry(2, 7),))

    assert sender.messages([0.5]) == [ControlChange(2, 7, 64), ControlChange(2, 39, 0)]
    assert sender.messages([0.50001]) == []
    assert sender.messages([1.0]) == [ControlChange(2, 7, 127), ControlChange(2, 39, 127)]


def test_aftertouch_goes_out_when_it_changes():
    sender = MidiSender((AftertouchEntry(0), PolyAftertouchEntry(1, 60)))

    assert sender.messages([1.0, 0.5]) == [Aftertouch(0, 127), PolyAftertouch(1, 60, 64)]
    assert sender.messages([1.0, 0.6]) == [PolyAftertouch(1, 60, 76)]


def test_a_device_that_returns_is_told_all_that_it_missed():
    sender = MidiSender((NoteEntry(0), ControlEntry(1, 7)))
    sender.messages([0.0, 0.0])
    sender.lose()
    assert sender.messages([1.0, 1.0]) == []

    ends = [NoteOff(0, 0), ControlChange(0, 123, 0), ControlChange(1, 123, 0)]
    assert sender.recover() == [*ends, ControlChange(1, 7, 127)]
    assert sender.messages([1.0, 1.0]) == [NoteOn(0, 127, 127)]


def test_a_device_that_is_lost_twice_is_owed_its_notes_still():
    sender = MidiSender((NoteEntry(0),))
    sender.messages([0.0])
    sender.lose()
    sender.lose()
    assert sender.silence() == []
    assert sender.panic() == []

    assert sender.recover() == [NoteOff(0, 0), ControlChange(0, 123, 0)]


@given(mappings, st.lists(steps, max_size=16))
def test_after_any_history_each_sounding_note_ends_exactly_once(mapping, history):
    sender = MidiSender(mapping)
    sounding = set()
    now, lost = 0.0, False

    for step in [*history, "recover", "silence"]:
        now += 0.125
        returns = lost and step == "recover"
        messages = []
        match step:
            case list():
                messages = sender.messages(step, now)
            case "wait":
                now += 1.0
                messages = sender.advance(now)
            case "silence" | "panic" | "recover":
                messages = getattr(sender, step)()
                lost = lost and step != "recover"
            case "refresh":
                sender.refresh()
            case "lose":
                sender.lose()
                lost = True
        assert not (lost and messages)
        for message in messages:
            match message:
                case NoteOn(channel=channel, note=note, velocity=velocity):
                    assert 0 <= note <= 127
                    assert 1 <= velocity <= 127
                    sounding.add((channel, note))
                case NoteOff(channel=channel, note=note):
                    sounding.remove((channel, note))  # a KeyError here is a note-off for nothing
        if returns or (step in ("silence", "panic") and not lost):
            assert not sounding
