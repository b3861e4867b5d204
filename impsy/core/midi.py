"""MIDI channel messages as values: channels 0-15, data 0-127, pitch bend 0-16383 (8192 is the middle)."""

from typing import TypeAlias

from msgspec import Struct


class NoteOn(Struct, frozen=True):
    """A note begins; velocity 0 is a note-off in disguise (`MIDI 1.0`, note-on with velocity 0)."""

    channel: int
    note: int
    velocity: int


class NoteOff(Struct, frozen=True):
    """A note ends."""

    channel: int
    note: int
    velocity: int = 0


class ControlChange(Struct, frozen=True):
    """A controller moves."""

    channel: int
    controller: int
    value: int


class PitchBend(Struct, frozen=True):
    """The bender moves; `value` is the raw 14-bit number."""

    channel: int
    value: int


class Aftertouch(Struct, frozen=True):
    """The keys of a channel are pressed harder or less (channel pressure)."""

    channel: int
    value: int


class PolyAftertouch(Struct, frozen=True):
    """One key is pressed harder or less (polyphonic key pressure)."""

    channel: int
    note: int
    value: int


MidiMessage: TypeAlias = NoteOn | NoteOff | ControlChange | PitchBend | Aftertouch | PolyAftertouch
