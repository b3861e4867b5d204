"""Controls and the MIDI messages that mean them (formats §7): what a mapping may hold, and how it is heard.

A mapping is an ordered list of entries, one for each control. A `MidiReceiver` tells which controls an incoming
message sets; the other direction is `core.sender`.
"""

from typing import ClassVar, TypeAlias

from msgspec import Struct

from impsy.core.midi import (
    Aftertouch,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    PitchBend,
    PolyAftertouch,
)

BEND_TOP = 16383  # also of a pair of controllers
FINE = 32  # how far above its coarse half (MSB) the fine half (LSB) of a pair of controllers lies (MIDI 1.0)


class NoteEntry(Struct, frozen=True):
    """The control is a pitch, 0 at `low` and 1 at `high`; `velocity` holds where no `VelocityEntry` shares the channel.

    With a `gate`, in seconds, a note ends by itself; without one it lasts until the next.
    """

    channel: int
    velocity: int | None = None
    gate: float | None = None
    low: int = 0
    high: int = 127


class VelocityEntry(Struct, frozen=True):
    """The control is how hard the notes of this channel are struck; it sends nothing itself."""

    channel: int


class ControlEntry(Struct, frozen=True):
    """The control is a controller, 0 at `minimum` and 1 at `maximum` (a greater minimum inverts it)."""

    channel: int
    controller: int
    minimum: int = 0
    maximum: int = 127


class FineControlEntry(Struct, frozen=True):
    """The control is a pair of controllers of 14 bits, `msb` and `msb + 32`."""

    channel: int
    msb: int


class BendEntry(Struct, frozen=True):
    """The control is the pitch bend of this channel."""

    channel: int


class AftertouchEntry(Struct, frozen=True):
    """The control is the pressure on the keys of this channel."""

    channel: int


class PolyAftertouchEntry(Struct, frozen=True):
    """The control is the pressure on one key."""

    channel: int
    note: int


class NoEntry(Struct, frozen=True):
    """The control is not of this device: it keeps the place of one that another device sets."""

    channel: ClassVar[int] = -1  # none


Entry: TypeAlias = (
    NoteEntry
    | VelocityEntry
    | ControlEntry
    | FineControlEntry
    | BendEntry
    | AftertouchEntry
    | PolyAftertouchEntry
    | NoEntry
)
Mapping: TypeAlias = tuple[Entry, ...]
Changes: TypeAlias = tuple[tuple[int, float], ...]  # (index of the control, value in [0, 1])


class NoteButton(Struct, frozen=True):
    """A key that does something when it is struck."""

    channel: int
    note: int


class ControlButton(Struct, frozen=True):
    """A controller that does something when it is pressed: when it sends 64 or more."""

    channel: int
    controller: int


Button: TypeAlias = NoteButton | ControlButton


def pressed(button: Button | None, message: MidiMessage) -> bool:
    """Whether the message is that button going down."""
    match button, message:
        case NoteButton(channel, note), NoteOn(velocity=velocity):
            return velocity > 0 and (message.channel, message.note) == (channel, note)
        case ControlButton(channel, controller), ControlChange(value=value):
            return value >= 64 and (message.channel, message.controller) == (channel, controller)
    return False


class MidiReceiver:
    """Reads the messages of one input; it remembers the coarse half of a pair until the fine one comes.

    >>> receiver = MidiReceiver((NoteEntry(0), VelocityEntry(0)))
    >>> receiver.receive(NoteOn(0, 0, 127))
    ((0, 0.0), (1, 1.0))
    """

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._coarse: dict[tuple[int, int], int] = {
            (entry.channel, entry.msb): -1 for entry in mapping if isinstance(entry, FineControlEntry)
        }

    def receive(self, message: MidiMessage) -> Changes | None:
        """The controls that one message sets, each by its own range; it is one interaction even where they are several.

        Empty where it says nothing by itself (a note's end, half of a pair); None where the mapping has no use for it.
        """
        found: list[tuple[int, float]] = []
        for index, entry in enumerate(self._mapping):
            if entry.channel == message.channel and (value := self._value(entry, message)) is not None:
                found.append((index, value))
        half = isinstance(message, ControlChange) and (message.channel, message.controller) in self._coarse
        if half:
            self._coarse[message.channel, message.controller] = message.value  # type: ignore[union-attr]
        if found or half or isinstance(message, NoteOff) or (isinstance(message, NoteOn) and not message.velocity):
            return tuple(found)
        return None

    def _value(self, entry: Entry, message: MidiMessage) -> float | None:
        match entry, message:
            case NoteEntry(low=low, high=high), NoteOn(note=note, velocity=velocity) if velocity > 0:
                return _within(low, high, note)
            case VelocityEntry(), NoteOn(velocity=velocity) if velocity > 0:
                return velocity / 127
            case ControlEntry(controller=ours, minimum=low, maximum=high), ControlChange(controller=theirs, value=raw):
                return _within(low, high, raw) if ours == theirs else None
            case FineControlEntry(channel, msb), ControlChange(controller=theirs, value=fine) if theirs == msb + FINE:
                coarse = self._coarse[channel, msb]
                return None if coarse < 0 else (coarse << 7 | fine) / BEND_TOP
            case BendEntry(), PitchBend(value=raw):
                return raw / BEND_TOP
            case AftertouchEntry(), Aftertouch(value=raw):
                return raw / 127
            case PolyAftertouchEntry(note=ours), PolyAftertouch(note=theirs, value=raw) if ours == theirs:
                return raw / 127
        return None


def _within(at_zero: int, at_one: int, raw: int) -> float:
    """Where `raw` lies in a range, which clamps it."""
    low, high = sorted((at_zero, at_one))
    if low == high:
        return 0.0
    return abs(min(max(raw, low), high) - at_zero) / (high - low)
