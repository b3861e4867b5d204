"""Which control a hand moves, told from what its device sends: the wiggles of `impsy learn`, without a device."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.core.lesson import Lesson, Source, mappings_of
from impsy.core.mapping import (
    AftertouchEntry,
    BendEntry,
    ControlEntry,
    FineControlEntry,
    MidiReceiver,
    NoEntry,
    NoteEntry,
    PolyAftertouchEntry,
    VelocityEntry,
)
from impsy.core.midi import Aftertouch, ControlChange, NoteOff, NoteOn, PitchBend, PolyAftertouch
from impsy.core.sender import MidiSender

PORT = "Knobs"


def sweep(controller, channel=0, values=range(0, 128, 8)):
    return [ControlChange(channel, controller, value) for value in values]


def fine_sweep(msb, values=range(0, 16384, 700)):
    pairs = ((ControlChange(0, msb, value >> 7), ControlChange(0, msb + 32, value & 127)) for value in values)
    return list(chain.from_iterable(pairs))


def show(lesson, messages, start=0.0, port=PORT, every=0.02):
    """Play messages to a lesson; the pairs of a 14-bit controller follow each other at once."""
    at = start
    for message in messages:
        lesson.hear(port, message, at)
        follows = isinstance(message, ControlChange) and message.controller < 32
        at += 0.0005 if follows else every
    return lesson


@pytest.mark.parametrize(
    ("messages", "entry"),
    [
        (sweep(74, channel=15), ControlEntry(15, 74)),
        (sweep(40), ControlEntry(0, 40)),  # the fine half of nothing
        ([ControlChange(0, 64, 127), ControlChange(0, 64, 0)], ControlEntry(0, 64)),  # a pedal, a button
        (fine_sweep(1), FineControlEntry(0, 1)),
        ([PitchBend(2, value) for value in range(8192, 16384, 500)], BendEntry(2)),
        ([Aftertouch(0, value) for value in range(0, 128, 9)], AftertouchEntry(0)),
        ([PolyAftertouch(9, 36, value) for value in range(0, 128, 9)], PolyAftertouchEntry(9, 36)),
        ([NoteOn(3, 60, 100)], NoteEntry(3)),
        ([NoteOn(3, 60, 100), NoteOff(3, 60), NoteOn(3, 64, 20)], NoteEntry(3)),
        ([NoteOn(9, 36, 20), NoteOn(9, 36, 120), NoteOn(9, 36, 60)], VelocityEntry(9)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wiggle_is_told_for_what_it_is(messages, entry):
    assert show(Lesson(), messages).candidate == Source(PORT, entry)


@pytest.mark.parametrize(
    "messages",
    [
        [NoteOff(0, 60), NoteOn(0, 60, 0)],
        [ControlChange(0, controller, 64) for controller in range(120)],  # a device says where all of it stands
        [ControlChange(0, 7, 60 + step % 5) for step in range(300)],  # trembles
        [ControlChange(0, 7, 64)] * 300,
        [ControlChange(0, 123, 0), ControlChange(0, 123, 127)] * 3,  # panic
        [message for value in range(0, 128, 8) for message in sweep(99, values=[1]) + sweep(6, values=[value])],  # NRPN
        [],
    ],
    ids=["note-offs", "a state dump", "jitter", "a stuck controller", "channel mode", "parameters", "nothing"],
)
def test_what_is_no_wiggle_is_not_taken_for_one(messages):
    lesson = show(Lesson(), messages)

    assert lesson.candidate is None
    assert lesson.take() is None
    assert lesson.number == 1


def test_a_drifting_sensor_counts_only_by_what_it_does_within_two_seconds():
    assert show(Lesson(), sweep(70, values=range(128)), every=0.2).candidate is None


def test_parameters_are_noticed_so_that_a_person_can_be_told():
    assert show(Lesson(), sweep(98) + sweep(6)).speaks_parameters()


@given(st.lists(st.tuples(st.integers(0, 119), st.integers(-3, 3)), max_size=200), st.integers(0, 97))
def test_a_hand_wins_over_any_number_of_trembling_controls(tremble, controller):
    lesson = Lesson()
    hand = sweep(controller, channel=5)
    for index, (other, by) in enumerate(tremble):
        lesson.hear(PORT, ControlChange(0, other, 64 + by), index * 0.001)
        if index % 10 == 0:
            assert lesson.candidate is None
    show(lesson, hand, start=0.2)

    assert lesson.candidate == Source(PORT, ControlEntry(5, controller))


def test_two_controls_that_move_as_far_as_each_other_are_neither():
    both = chain.from_iterable(zip(sweep(1), sweep(2), strict=True))

    assert show(Lesson(), both).take() is None


def test_a_control_that_was_given_is_taken_again_only_when_that_is_said():
    lesson = show(Lesson(), sweep(1))
    lesson.take()
    show(lesson, sweep(1), start=10.0)

    assert lesson.candidate is None
    assert lesson.take() is None
    assert lesson.again is not None
    assert lesson.place(lesson.again) == 1
    assert lesson.take_again() == Source(PORT, ControlEntry(0, 1))
    assert lesson.number == 3


def test_the_tail_of_a_wiggle_does_not_become_the_next_control():
    lesson = show(Lesson(), fine_sweep(1))
    lesson.take()
    show(lesson, fine_sweep(1, range(16383, 0, -500)), start=1.0)

    assert lesson.candidate is None


def test_the_halves_of_a_given_pair_are_no_controls_even_where_some_are_lost():
    lesson = show(Lesson(), fine_sweep(1))
    lesson.take()
    halves = [message for number, message in enumerate(fine_sweep(1)) if number % 3]

    assert show(lesson, halves, start=1.0, every=0.05).candidate is None


def test_control_after_control_is_told_while_the_hand_goes_on_and_another_trembles():
    lesson, at = Lesson(), 0.0
    for controller in range(21, 29):
        for value in chain(range(0, 128, 6), range(127, 0, -6)):
            lesson.hear(PORT, ControlChange(0, controller, value), at)
            lesson.hear(PORT, ControlChange(0, 90, 60 + value % 3), at + 0.001)
            lesson.take()
            at += 0.01
        at += 0.05

    assert lesson.taken == [Source(PORT, ControlEntry(0, controller)) for controller in range(21, 29)]


def test_where_the_pitch_is_given_the_same_keys_give_their_velocity():
    lesson = show(Lesson(), [NoteOn(0, 60, 90)])
    lesson.take()
    show(lesson, [NoteOn(0, 60, 20), NoteOn(0, 64, 127), NoteOn(0, 67, 64)], start=5.0)

    assert lesson.take() == Source(PORT, VelocityEntry(0))


def test_going_back_asks_for_the_control_before_again():
    lesson = show(Lesson(), sweep(1))
    lesson.take()
    lesson.skip()

    assert lesson.back()
    assert lesson.back()
    assert not lesson.back()
    assert show(lesson, sweep(1), start=5.0).take() == Source(PORT, ControlEntry(0, 1))


def test_a_device_that_the_system_shows_twice_is_one():
    lesson = Lesson()
    for number, message in enumerate(sweep(1)):
        lesson.hear("Knobs A", message, number * 0.02)
        lesson.hear("Knobs B", message, number * 0.02 + 0.001)

    assert lesson.take() == Source("Knobs A", ControlEntry(0, 1))
    for number, message in enumerate(sweep(1)):
        lesson.hear("Knobs A", message, 5 + number * 0.02)
        lesson.hear("Knobs B", message, 5 + number * 0.02 + 0.001)
    assert lesson.candidate is None


def test_what_was_heard_is_told_with_its_range():
    lesson = show(Lesson(), sweep(7, values=[20, 100, 60]))

    assert lesson.latest is not None
    seen = lesson.seen(lesson.latest)
    assert (seen.low, seen.high, seen.latest) == (20, 100, 60)


def test_two_devices_share_the_vector_each_with_its_own_places():
    lesson = show(Lesson(), sweep(1))
    lesson.take()
    lesson.skip()
    show(lesson, [NoteOn(0, 60, 90)], start=5.0, port="Keys").take()
    lesson.skip()
    mappings = mappings_of(lesson.taken)

    assert mappings == {
        "Knobs": (ControlEntry(0, 1), NoEntry(), NoEntry()),
        "Keys": (NoEntry(), NoEntry(), NoteEntry(0)),
    }
    assert MidiReceiver(mappings["Keys"]).receive(NoteOn(0, 127, 1)) == ((2, 1.0),)
    assert MidiSender(mappings["Keys"]).messages([0.2, 0.3, 1.0]) == [NoteOn(0, 127, 127)]
    assert MidiSender(mappings["Keys"]).panic() == [ControlChange(0, 120, 0), ControlChange(0, 123, 0)]
