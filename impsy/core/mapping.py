"""Controls to MIDI messages and back (formats §7): the one place that knows which notes sound.

A mapping is an ordered list of entries, one for each control. Inputs ask `changes` what a message sets; an output
keeps one `MidiSender` per device, which remembers the note that each control holds and the last value that each
controller was sent. Ports, serial lines and WebSocket clients only carry its messages.
"""

from collections.abc import Iterator, Sequence
from math import floor
from typing import TypeAlias

from msgspec import Struct

from impsy.core.midi import ControlChange, MidiMessage, NoteOff, NoteOn, PitchBend

ALL_SOUND_OFF = 120
ALL_NOTES_OFF = 123
LOUDEST = 127
BEND_TOP = 16383


class NoteEntry(Struct, frozen=True):
    """The control is a pitch; `velocity` is what it is struck with where no `VelocityEntry` shares the channel."""

    channel: int
    velocity: int | None = None


class VelocityEntry(Struct, frozen=True):
    """The control is how hard the notes of this channel are struck; it sends nothing itself."""

    channel: int


class ControlEntry(Struct, frozen=True):
    """The control is a controller, 0 at `minimum` and 1 at `maximum` (a greater minimum inverts it)."""

    channel: int
    controller: int
    minimum: int = 0
    maximum: int = 127


class BendEntry(Struct, frozen=True):
    """The control is the pitch bend of this channel."""

    channel: int


Entry: TypeAlias = NoteEntry | VelocityEntry | ControlEntry | BendEntry
Mapping: TypeAlias = tuple[Entry, ...]


def changes(mapping: Mapping, message: MidiMessage) -> tuple[tuple[int, float], ...]:
    """The controls that one incoming message sets, as (index, value in [0, 1]); empty when it is not mapped.

    One message may set several controls, each by its own range.

    >>> changes((NoteEntry(0), VelocityEntry(0)), NoteOn(0, 0, 127))
    ((0, 0.0), (1, 1.0))
    """
    values = ((index, _value(entry, message)) for index, entry in enumerate(mapping))
    return tuple((index, value) for index, value in values if value is not None)


def _value(entry: Entry, message: MidiMessage) -> float | None:
    if entry.channel != message.channel:
        return None
    match entry, message:
        case NoteEntry(), NoteOn(note=note, velocity=velocity) if velocity > 0:
            return note / 127
        case VelocityEntry(), NoteOn(velocity=velocity) if velocity > 0:
            return velocity / 127
        case ControlEntry(controller=ours), ControlChange(controller=theirs, value=raw) if ours == theirs:
            return _within(entry, raw)
        case BendEntry(), PitchBend(value=raw):
            return raw / BEND_TOP
    return None


def _within(entry: ControlEntry, raw: int) -> float:
    """Where `raw` lies in the entry's range, which clamps it."""
    low, high = sorted((entry.minimum, entry.maximum))
    if low == high:
        return 0.0
    return abs(min(max(raw, low), high) - entry.minimum) / (high - low)


class MidiSender:
    """Turns performed vectors into messages and keeps the ledger of what sounds; one for each output device.

    Entries beyond the vector are ignored, and controls beyond the mapping send nothing.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self._held: dict[int, tuple[int, int]] = {}  # index of the control: the (channel, note) that it holds
        self._sent: dict[tuple[int, int | None], int] = {}  # (channel, controller; None: bend): last encoded value

    def messages(self, values: Sequence[float]) -> list[MidiMessage]:
        """What a performed vector says to the device, in the order of the mapping."""
        clipped = [min(max(value, 0.0), 1.0) for value in values]
        played = list(zip(self.mapping, clipped, strict=False))
        velocities: dict[int, int] = {}
        for entry, value in played:
            if isinstance(entry, VelocityEntry):
                velocities.setdefault(entry.channel, max(1, _rounded(127 * value)))
        said: list[MidiMessage] = []
        for index, (entry, value) in enumerate(played):
            match entry:
                case NoteEntry(channel=channel, velocity=own):
                    fallback = LOUDEST if own is None else min(max(own, 1), LOUDEST)
                    said += self._strike(index, channel, _rounded(127 * value), velocities.get(channel, fallback))
                case ControlEntry(channel=channel, controller=controller, minimum=low, maximum=high):
                    raw = _rounded(low + value * (high - low))
                    if self._moves(channel, controller, raw):
                        said.append(ControlChange(channel, controller, raw))
                case BendEntry(channel=channel):
                    raw = _rounded(BEND_TOP * value)
                    if self._moves(channel, None, raw):
                        said.append(PitchBend(channel, raw))
        return said

    def silence(self) -> list[MidiMessage]:
        """One note-off for each sounding note; the next vector then sends every controller again."""
        self.refresh()
        sounding = dict.fromkeys(self._held.values())  # two controls may hold one note: it ends once
        self._held.clear()
        return [NoteOff(channel, note) for channel, note in sounding]

    def panic(self) -> list[MidiMessage]:
        """`silence`, then All Sound Off and All Notes Off on every channel in use."""
        channels = sorted({entry.channel for entry in self.mapping})
        controllers = (ALL_SOUND_OFF, ALL_NOTES_OFF)
        return [*self.silence(), *(ControlChange(channel, cc, 0) for channel in channels for cc in controllers)]

    def refresh(self) -> None:
        """Forget what controllers and benders were last sent: someone new listens, who has heard none of it."""
        self._sent.clear()

    def _strike(self, index: int, channel: int, note: int, velocity: int) -> Iterator[MidiMessage]:
        """End the control's previous note, unless another control still holds it, and begin the new one."""
        previous = self._held.pop(index, None)
        if previous is not None and previous not in self._held.values():
            yield NoteOff(*previous)
        self._held[index] = (channel, note)
        yield NoteOn(channel, note, velocity)

    def _moves(self, channel: int, controller: int | None, raw: int) -> bool:
        """Whether the encoded value is news to the device; it is then noted as sent."""
        if self._sent.get((channel, controller)) == raw:
            return False
        self._sent[channel, controller] = raw
        return True


def _rounded(value: float) -> int:
    return floor(value + 0.5)
