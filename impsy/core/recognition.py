"""What a person does at a MIDI device: the messages of one input to the mapping entry of the control that moves.

Notes are told from how hard they are struck, pairs of controllers (14 bits) from single ones. What cannot be a control
says nothing: note-offs, channel mode messages, and parameters (RPN, NRPN), which send several controls through one
controller.
"""

from collections import Counter
from collections.abc import Collection

from msgspec import Struct

from impsy.core.mapping import (
    BEND_TOP,
    FINE,
    AftertouchEntry,
    BendEntry,
    ControlEntry,
    Entry,
    FineControlEntry,
    NoteEntry,
    PolyAftertouchEntry,
    VelocityEntry,
)
from impsy.core.midi import Aftertouch, ControlChange, MidiMessage, NoteOn, PitchBend, PolyAftertouch
from impsy.core.movement import Movements

AT_ONCE = 0.02  # seconds from the coarse half of a pair to its fine half
NEARLY_EACH = 0.8  # of the coarse halves of a pair are followed so
STRIKES = 3  # of one key, soft and hard, before its velocity is meant
SOFT_TO_HARD = 32  # of 127
CHANNEL_MODE = 120  # and above: All Sound Off and the like
PARAMETER_NUMBERS = range(98, 102)  # NRPN and RPN: from here on that channel's
PARAMETER_DATA = {6, 38, 96, 97}  # belong to the parameter that was named last


class Seen(Struct):
    """What was heard of a control, in raw numbers."""

    low: int
    high: int
    latest: int


class Recogniser:
    """Listens to one input; `seen` tells what it has heard since the last `begin`, in order."""

    def __init__(self) -> None:
        self.seen: dict[Entry, Seen] = {}
        self.latest: Entry | None = None  # what sent the last message
        self.speaks_parameters = False  # a device that wants to be set to plain controllers
        self._movements: Movements[Entry] = Movements()
        self._strikes: dict[int, list[tuple[int, int]]] = {}  # by channel: (note, velocity)
        self._coarse: dict[tuple[int, int], tuple[int, float]] = {}  # by (channel, msb): the last value and its time
        self._coarse_count: Counter[tuple[int, int]] = Counter()
        self._pair_count: Counter[tuple[int, int]] = Counter()
        self._parameters: set[int] = set()  # channels

    def begin(self) -> None:
        """From here on only what is moved anew counts; what the device is like stays known."""
        self.seen.clear()
        self.latest = None
        self._movements.clear()
        self._strikes.clear()

    def hear(self, message: MidiMessage, at: float, given: Collection[Entry] = ()) -> Entry | None:
        """The control that has been moved clearly, if this message shows it; `given` are those of earlier controls."""
        match message:
            case NoteOn(channel, note, velocity) if velocity > 0:
                return self._struck(channel, note, velocity, NoteEntry(channel) in given)
            case ControlChange(channel, controller, value) if controller < CHANNEL_MODE:
                return self._turned(channel, controller, value, at, given)
            case PitchBend(channel, value):
                return self._moved(BendEntry(channel), value, BEND_TOP, at, given)
            case Aftertouch(channel, value):
                return self._moved(AftertouchEntry(channel), value, 127, at, given)
            case PolyAftertouch(channel, note, value):
                return self._moved(PolyAftertouchEntry(channel, note), value, 127, at, given)
        return None

    def _struck(self, channel: int, note: int, velocity: int, pitch_is_given: bool) -> Entry:
        """A key is clear at once: its pitch; or its velocity, where one key was struck soft and hard.

        It is so sooner where the pitch is a control already.
        """
        strikes = self._strikes.setdefault(channel, [])
        strikes.append((note, velocity))
        velocities = [velocity for _, velocity in strikes]
        one_key = pitch_is_given or len({note for note, _ in strikes}) == 1
        enough = len(strikes) >= STRIKES and max(velocities) - min(velocities) >= SOFT_TO_HARD
        self._see(VelocityEntry(channel), velocity)
        self._see(NoteEntry(channel), note)
        return VelocityEntry(channel) if one_key and enough else NoteEntry(channel)

    def _turned(self, channel: int, controller: int, value: int, at: float, given: Collection[Entry]) -> Entry | None:
        if controller in PARAMETER_NUMBERS:
            self._parameters.add(channel)
            self.speaks_parameters = True
        if channel in self._parameters and (controller in PARAMETER_NUMBERS or controller in PARAMETER_DATA):
            return None
        if controller < FINE:
            self._coarse[channel, controller] = value, at
            self._coarse_count[channel, controller] += 1
            if self._is_pair(channel, controller, given):
                return None  # the fine half says it
        elif (pair := (channel, controller - FINE)) in self._coarse:
            coarse, then = self._coarse[pair]
            self._pair_count[pair] += at - then <= AT_ONCE
            if self._is_pair(*pair, given):
                for half in (ControlEntry(*pair), ControlEntry(channel, controller)):
                    self._movements.forget(half)
                    self.seen.pop(half, None)
                return self._moved(FineControlEntry(*pair), coarse << 7 | value, BEND_TOP, at, given)
        return self._moved(ControlEntry(channel, controller), value, 127, at, given)

    def _is_pair(self, channel: int, msb: int, given: Collection[Entry]) -> bool:
        """Whether nearly each coarse half, but for the last, has been followed by its fine one at once."""
        if FineControlEntry(channel, msb) in given:
            return True
        followed = self._pair_count[channel, msb]
        return followed > 0 and followed >= NEARLY_EACH * (self._coarse_count[channel, msb] - 1)

    def _moved(self, entry: Entry, raw: int, top: int, at: float, given: Collection[Entry]) -> Entry | None:
        self._see(entry, raw)
        return entry if self._movements.hear(entry, raw / top, at, given) else None

    def _see(self, entry: Entry, raw: int) -> None:
        seen = self.seen.setdefault(entry, Seen(raw, raw, raw))
        seen.low, seen.high, seen.latest = min(seen.low, raw), max(seen.high, raw), raw
        self.latest = entry
