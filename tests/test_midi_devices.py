"""MIDI devices on either side, message by message: what is heard, what is said, and what is missed in a flood."""

from pathlib import Path

import pytest
from peers import CollectingInbox

from impsy.adapters.midi_devices import BEHIND, ECHO, ROOM, InputDevice, OutputDevice
from impsy.adapters.midi_system import MOST_UNHEARD, Found
from impsy.config.load import LoadedConfig, parse_config
from impsy.config.notes import notes_on
from impsy.config.routing import thru_routes
from impsy.core.events import Gesture, Panic
from impsy.core.mapping import ControlButton, ControlEntry, NoteEntry, VelocityEntry
from impsy.core.midi import ControlChange, MidiMessage, NoteOff, NoteOn
from impsy.wire.midi_bytes import decode, encode

HEARD = (NoteEntry(0), VelocityEntry(0), ControlEntry(2, 7))
SAID = (NoteEntry(0), ControlEntry(1, 74))
KNOB_HALF_UP, KNOB_UP = ControlChange(1, 74, 64), ControlChange(1, 74, 127)


class Synth:
    """An open output that keeps what it is sent."""

    port = Found("synth", "synth:in", 0)

    def __init__(self) -> None:
        self.heard: list[MidiMessage | None] = []

    def send(self, message: bytes) -> None:
        self.heard.append(decode(message))

    def close(self) -> None: ...

    def abandon(self) -> None: ...


def keys(inbox: CollectingInbox, **options) -> InputDevice:
    return InputDevice(inbox, "keys", HEARD, source="midi:keys", **options)


# -- what is heard


def test_one_message_is_one_gesture_however_many_controls_it_sets() -> None:
    inbox = CollectingInbox()
    keys(inbox).hear(bytes((0x90, 127, 127)))

    assert inbox.next() == Gesture(((0, 1.0), (1, 1.0)), "midi:keys")
    assert inbox.is_empty()


def test_what_is_not_mapped_is_counted_and_what_says_nothing_is_not() -> None:
    inbox = CollectingInbox()
    for data in ((0x90, 60, 0), (0x80, 60, 64), (0xC0, 5), (0xF8,), (0xB2, 8, 1)):
        keys(inbox).hear(bytes(data))

    assert inbox.is_empty()
    assert inbox.refusals == [("midi:keys", "a message that [midi] input does not map")]


def test_the_panic_button_is_no_gesture() -> None:
    inbox = CollectingInbox()
    device = keys(inbox, panic=ControlButton(2, 7))
    device.hear(bytes((0xB2, 7, 127)))

    assert inbox.next() == Panic("midi:keys")
    device.hear(bytes((0xB2, 7, 0)))
    assert inbox.next() == Gesture(((2, 0.0),), "midi:keys")


def test_a_note_that_comes_back_from_the_synth_is_no_gesture() -> None:
    inbox, synth = CollectingInbox(), OutputDevice(CollectingInbox(), "keys", (NoteEntry(0),))
    synth.attach(Synth())  # type: ignore[arg-type]
    device = keys(inbox, is_echo=lambda device, note: device.is_same(synth) and synth.has_just_sent(note, 5.0))
    synth.play((60 / 127,), 0.0)

    device.hear(encode(NoteOn(0, 60, 90)))
    assert inbox.is_empty()
    assert inbox.refusals == [("midi:keys", ECHO)]
    device.hear(encode(NoteOn(0, 61, 90)))
    assert inbox.next()


def test_what_was_sent_long_ago_is_no_echo() -> None:
    synth = OutputDevice(CollectingInbox(), "synth", (NoteEntry(0),))
    synth.attach(Synth())  # type: ignore[arg-type]
    synth.play((60 / 127,), 0.0)

    assert not synth.has_just_sent(NoteOn(0, 60, 90), 0.0)
    assert not synth.has_just_sent(NoteOn(1, 60, 90), 5.0)


def test_both_sides_of_a_device_are_known_by_their_names() -> None:
    device, synth = keys(CollectingInbox()), OutputDevice(CollectingInbox(), "synth", ())
    assert not device.is_same(synth)

    device.port, synth.port = Found("S-1:out", "S-1:out", 0), Found("S-1:in", "S-1:in", 0)
    assert device.is_same(synth)


# -- what is said


def test_a_device_that_comes_late_hears_where_everything_stands() -> None:
    device, synth = OutputDevice(CollectingInbox(), "synth", SAID), Synth()
    device.play((0.5, 1.0), 0.0)

    device.attach(synth)  # type: ignore[arg-type]

    assert synth.heard == [ControlChange(0, 123, 0), ControlChange(1, 123, 0), KNOB_UP]


def test_a_device_that_is_there_from_the_start_hears_no_more_than_is_played() -> None:
    device, synth = OutputDevice(CollectingInbox(), "synth", SAID), Synth()
    device.attach(synth)  # type: ignore[arg-type]
    device.play((0.5, 1.0), 0.0)

    assert synth.heard == [NoteOn(0, 64, 127), KNOB_UP]


def test_a_device_that_returns_is_told_the_ends_that_it_missed() -> None:
    device, synth, again = OutputDevice(CollectingInbox(), "synth", SAID), Synth(), Synth()
    device.attach(synth)  # type: ignore[arg-type]
    device.play((0.5, 0.5), 0.0)
    device.detach()
    device.play((0.25, 1.0), 1.0)
    device.silence(everything=True)
    device.attach(again)  # type: ignore[arg-type]

    assert again.heard[0] == NoteOff(0, 64)
    assert again.heard[-4:] == [ControlChange(c, n, 0) for c in (0, 1) for n in (120, 123)]  # the panic that it missed
    assert KNOB_UP in again.heard
    assert synth.heard == [NoteOn(0, 64, 127), KNOB_HALF_UP]


def test_a_flood_loses_moves_but_no_note_hangs() -> None:
    inbox, synth = CollectingInbox(), Synth()
    device = OutputDevice(inbox, "synth", SAID)
    device.attach(synth)  # type: ignore[arg-type]
    for step in range(MOST_UNHEARD):
        device.play((step % 2, step % 128 / 127), 0.0)
    assert len(synth.heard) <= MOST_UNHEARD - ROOM + 4
    assert ("midi", BEHIND) in inbox.refusals
    device.silence(everything=False)

    device.mark()
    device.allow_more()  # it lives: it is told what it missed

    sounding = set()
    for message in synth.heard:
        if isinstance(message, NoteOn):
            sounding.add(message.note)
        elif isinstance(message, NoteOff):
            sounding.remove(message.note)
    assert not sounding
    assert synth.heard[-1] == ControlChange(1, 74, (MOST_UNHEARD - 1) % 128)


def test_the_end_of_a_performance_comes_through_a_flood() -> None:
    device, synth = OutputDevice(CollectingInbox(), "synth", SAID), Synth()
    device.attach(synth)  # type: ignore[arg-type]
    for step in range(MOST_UNHEARD):
        device.play((step % 2, 0.0), 0.0)

    device.finish()

    ends = [message.note for message in synth.heard if isinstance(message, NoteOff)]
    assert len(ends) == len([message for message in synth.heard if isinstance(message, NoteOn)])
    assert len(synth.heard) < MOST_UNHEARD


# -- who hears whom


def loaded(text: str) -> LoadedConfig:
    return parse_config(text, "a test", Path())


MATRIX = """
[midi]
in_device = ["nanoKONTROL2", "keys"]
out_device = ["S-1", "monologue"]
[midi.thru_matrix]
"keys" = ["S-1", "mono"]
"nano" = "S-1"
"flute" = "S-1"
"""


def test_the_thru_matrix_goes_by_names_and_parts_of_names() -> None:
    midi = loaded(MATRIX).config.midi
    assert midi is not None

    assert thru_routes(midi) == {"midi:keys": ("S-1", "monologue"), "midi:nanoKONTROL2": ("S-1",)}


def test_a_route_that_leads_nowhere_is_noted() -> None:
    assert any('thru_matrix names "flute"' in note for note in notes_on(loaded(MATRIX).config, None))


@pytest.mark.parametrize("words", ["", 'input = [["note_on", 1]]'])
def test_a_section_without_devices_is_noted(words: str) -> None:
    assert any("names no device" in note for note in notes_on(loaded(f"[midi]\n{words}\n").config, None))
