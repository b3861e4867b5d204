"""MIDI bytes <-> messages (MIDI 1.0): whole messages as drivers have them, and the bare stream of a serial line.

The channel is the lower half of a status byte, 0-15 as everywhere inside. Note-on with velocity 0 is read as a
note-off. Whatever the bytes are, reading raises nothing and keeps at most one unfinished message.
"""

from impsy.core.midi import Aftertouch, ControlChange, MidiMessage, NoteOff, NoteOn, PitchBend, PolyAftertouch

BAUDRATE = 31250  # of a MIDI line, in bits a second
SYSTEM = 0xF0  # from here on a status byte names no channel
REAL_TIME = 0xF8  # and from here on it is a message by itself, which may stand anywhere, even inside another

_SHORT = 0xC0, 0xD0  # program change, aftertouch: one data byte; all other channel messages have two


def encode(message: MidiMessage) -> bytes:
    """The bytes of a message, always with its status.

    >>> encode(NoteOn(0, 60, 127)).hex(" ")
    '90 3c 7f'
    """
    match message:
        case NoteOn(channel, note, velocity):
            return bytes((0x90 | channel, note, velocity))
        case NoteOff(channel, note, velocity):
            return bytes((0x80 | channel, note, velocity))
        case ControlChange(channel, controller, value):
            return bytes((0xB0 | channel, controller, value))
        case PitchBend(channel, value):
            return bytes((0xE0 | channel, value & 0x7F, value >> 7))
        case Aftertouch(channel, value):
            return bytes((0xD0 | channel, value))
        case PolyAftertouch(channel, note, value):
            return bytes((0xA0 | channel, note, value))


def decode(data: bytes) -> MidiMessage | None:
    """The message that these bytes are from first to last; None for anything else (clock, sysex, program changes)."""
    if not data or not 0x80 <= data[0] < SYSTEM or len(data) != 1 + _length(data[0]) or max(data[1:]) > 0x7F:
        return None
    return _message(data[0], *data[1:])


class MidiStream:
    """Finds the messages in a stream of bytes, however it is cut into pieces.

    A status byte holds for all that follows until the next (running status). Real-time bytes are passed over where
    they stand; sysex, system common and whatever comes before the first status have no meaning here, nor has any data
    behind them.
    """

    def __init__(self) -> None:
        self._status = 0  # of the channel message that is read; 0 where data means nothing
        self._data: list[int] = []

    def feed(self, data: bytes) -> list[MidiMessage]:
        """The messages that these bytes complete; never raises."""
        found: list[MidiMessage] = []
        for byte in data:
            if byte >= REAL_TIME:
                continue
            if byte >= 0x80:
                self._status = byte if byte < SYSTEM else 0
                self._data.clear()
            elif self._status:
                self._data.append(byte)
                if len(self._data) == _length(self._status):
                    message = _message(self._status, *self._data)
                    self._data.clear()
                    if message is not None:
                        found.append(message)
        return found


def _length(status: int) -> int:
    """How many data bytes a channel message has."""
    return 1 if status & 0xF0 in _SHORT else 2


def _message(status: int, first: int, second: int = 0) -> MidiMessage | None:
    channel = status & 0x0F
    match status & 0xF0:
        case 0x80:
            return NoteOff(channel, first, second)
        case 0x90:
            return NoteOn(channel, first, second) if second else NoteOff(channel, first)
        case 0xA0:
            return PolyAftertouch(channel, first, second)
        case 0xB0:
            return ControlChange(channel, first, second)
        case 0xD0:
            return Aftertouch(channel, first)
        case 0xE0:
            return PitchBend(channel, second << 7 | first)
    return None  # a program change
