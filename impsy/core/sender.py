"""Controls to MIDI messages (formats §7): the one place that knows which notes sound.

An output keeps one `MidiSender` for each device, which remembers the note that each control holds, when a gate ends
it, and the last value that each controller was sent. Ports, serial lines and WebSocket clients only carry messages.

A device that is gone (a pulled cable) hears nothing: no note is struck in its absence, those that sounded when it went
are owed their end, and the places of its controllers are kept up. When it returns, `recover` says all of it.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import floor
from typing import TypeAlias

from impsy.core.mapping import (
    BEND_TOP,
    FINE,
    AftertouchEntry,
    BendEntry,
    ControlEntry,
    Entry,
    FineControlEntry,
    Mapping,
    NoEntry,
    NoteEntry,
    PolyAftertouchEntry,
    VelocityEntry,
)
from impsy.core.midi import Aftertouch, ControlChange, MidiMessage, NoteOff, NoteOn, PitchBend, PolyAftertouch

ALL_SOUND_OFF = 120
ALL_NOTES_OFF = 123
LOUDEST = 127

Note: TypeAlias = tuple[int, int]  # (channel, note)
Target: TypeAlias = tuple[type[Entry], int, int]  # (kind, channel, number): what a controller's value is sent to


class MidiSender:
    """Turns performed vectors into messages and keeps the ledger of what sounds; one for each output device.

    Entries beyond the vector are ignored, and controls beyond the mapping send nothing.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self._held: dict[int, Note] = {}  # by the index of the control that holds it
        self._ends: dict[int, float] = {}  # by the same index: when its gate ends it
        self._state: dict[Target, tuple[MidiMessage, ...]] = {}  # where each controller stands
        self._sent: dict[Target, tuple[MidiMessage, ...]] = {}  # and where the device knows it to stand
        self._owed: dict[Note, None] | None = None  # the notes that sounded when the device was lost; None: it is there

    def messages(self, values: Sequence[float], at: float = 0.0) -> list[MidiMessage]:
        """What a vector performed at that time says to the device, in the order of the mapping."""
        played = [(entry, min(max(value, 0.0), 1.0)) for entry, value in zip(self.mapping, values, strict=False)]
        velocities: dict[int, int] = {}
        for entry, value in played:
            if isinstance(entry, VelocityEntry):
                velocities.setdefault(entry.channel, max(1, _rounded(127 * value)))
        said: list[MidiMessage] = []
        for index, (entry, value) in enumerate(played):
            if isinstance(entry, NoteEntry):
                fallback = LOUDEST if entry.velocity is None else min(max(entry.velocity, 1), LOUDEST)
                said += self._strike(index, entry, value, velocities.get(entry.channel, fallback), at)
            elif not isinstance(entry, VelocityEntry | NoEntry):
                said += self._move(entry, value)
        return said

    def next_deadline(self) -> float | None:
        """When `advance` has a note to end."""
        return min(self._ends.values(), default=None) if self._ends else None

    def advance(self, now: float) -> list[MidiMessage]:
        """The ends of the notes whose gates are over by `now`."""
        over = sorted((end, index) for index, end in self._ends.items() if end <= now)
        return [*chain.from_iterable(self._release(index) for _, index in over)]

    def silence(self) -> list[MidiMessage]:
        """One note-off for each sounding note; the next vector then sends every controller again."""
        self.refresh()
        return [NoteOff(*note) for note in self._let_go()]

    def panic(self) -> list[MidiMessage]:
        """`silence`, then All Sound Off and All Notes Off on every channel in use."""
        return [*self.silence(), *self._on_all_channels(ALL_SOUND_OFF, ALL_NOTES_OFF)]

    def refresh(self) -> None:
        """Forget what controllers and benders were last sent: someone new listens, who has heard none of it."""
        self._sent.clear()

    def lose(self) -> None:
        """The device has gone; from now on nothing is said to it, until it is back."""
        self._owed = (self._owed or {}) | self._let_go()
        self.refresh()

    def recover(self) -> list[MidiMessage]:
        """The device is back: the ends that it is owed, All Notes Off, and then where every controller stands."""
        if self._owed is None:
            return []
        owed, self._owed = self._owed, None
        self._sent = dict(self._state)
        ends = [NoteOff(*note) for note in owed]
        return [*ends, *self._on_all_channels(ALL_NOTES_OFF), *chain.from_iterable(self._state.values())]

    def _strike(self, index: int, entry: NoteEntry, value: float, velocity: int, at: float) -> Iterator[MidiMessage]:
        """End the control's previous note, unless another control still holds it, and begin the new one."""
        if self._owed is not None:
            return
        yield from self._release(index)
        note = _rounded(entry.low + value * (entry.high - entry.low))
        self._held[index] = (entry.channel, note)
        if entry.gate is not None:
            self._ends[index] = at + entry.gate
        yield NoteOn(entry.channel, note, velocity)

    def _release(self, index: int) -> Iterator[MidiMessage]:
        self._ends.pop(index, None)
        note = self._held.pop(index, None)
        if note is not None and note not in self._held.values():
            yield NoteOff(*note)

    def _let_go(self) -> dict[Note, None]:
        """All that sounds, which from now on does not; two controls may hold one note: it ends once."""
        sounding = dict.fromkeys(self._held.values())
        self._held.clear()
        self._ends.clear()
        return sounding

    def _move(self, entry: Entry, value: float) -> tuple[MidiMessage, ...]:
        """What sets a controller, if that is news to the device."""
        target, messages = _encoded(entry, value)
        self._state[target] = messages
        if self._owed is not None or self._sent.get(target) == messages:
            return ()
        self._sent[target] = messages
        return messages

    def _on_all_channels(self, *controllers: int) -> list[MidiMessage]:
        if self._owed is not None:
            return []
        channels = sorted({entry.channel for entry in self.mapping if not isinstance(entry, NoEntry)})
        return [ControlChange(channel, controller, 0) for channel in channels for controller in controllers]


def _encoded(entry: Entry, value: float) -> tuple[Target, tuple[MidiMessage, ...]]:
    match entry:
        case ControlEntry(channel, controller, low, high):
            raw = _rounded(low + value * (high - low))
            return (ControlEntry, channel, controller), (ControlChange(channel, controller, raw),)
        case FineControlEntry(channel, msb):
            coarse, fine = divmod(_rounded(BEND_TOP * value), 128)
            pair = ControlChange(channel, msb, coarse), ControlChange(channel, msb + FINE, fine)
            return (FineControlEntry, channel, msb), pair
        case BendEntry(channel):
            return (BendEntry, channel, 0), (PitchBend(channel, _rounded(BEND_TOP * value)),)
        case AftertouchEntry(channel):
            return (AftertouchEntry, channel, 0), (Aftertouch(channel, _rounded(127 * value)),)
        case PolyAftertouchEntry(channel, note):
            return (PolyAftertouchEntry, channel, note), (PolyAftertouch(channel, note, _rounded(127 * value)),)
        case _:
            raise TypeError(f"{type(entry).__name__} moves no controller")


def _rounded(value: float) -> int:
    return floor(value + 0.5)
