"""MIDI channel messages as values: channels 0-15, data 0-127, pitch bend 0-16383 (8192 is the middle)."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A note begins; velocity 0 is a note-off in disguise (`MIDI 1.0`, note-on with velocity 0)."""

    channel: int
    note: int
    velocity: int


@dataclass(frozen=True, slots=True)
class NoteOff:
    """A note ends."""

    channel: int
    note: int
    velocity: int = 0


@dataclass(frozen=True, slots=True)
class ControlChange:
    """A controller moves."""

    channel: int
    controller: int
    value: int


@dataclass(frozen=True, slots=True)
class PitchBend:
    """The bender moves; `value` is the raw 14-bit number."""

    channel: int
    value: int


MidiMessage: TypeAlias = NoteOn | NoteOff | ControlChange | PitchBend
