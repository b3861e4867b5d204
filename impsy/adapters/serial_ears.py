"""Ears for a serial port that may come and go: its lines, or its MIDI bytes."""

from collections.abc import Callable, Sequence
from typing import Protocol

from impsy.adapters.heard import Came, EarInbox, Heard, Line, OtherMidi, Tell
from impsy.adapters.serial_line import SerialLine
from impsy.core.actions import Status
from impsy.core.midi import MidiMessage
from impsy.wire.lines import LONGEST, LineSplitter
from impsy.wire.midi_bytes import MidiStream
from impsy.wire.words import is_whole

TICKING = 0xF8, 0xFE  # clock and active sensing: hundreds a second, that nobody wants to see
FIRST_STATUS, END_OF_SYSEX = 0x80, 0xF7


class Splitter(Protocol):
    """Finds the pieces of a stream of bytes."""

    def feed(self, data: bytes) -> Sequence[MidiMessage | OtherMidi | Line]:
        """The pieces that these bytes complete."""
        ...


class SerialEars:
    """Hears one port; each connection is split by a new splitter, which is told whether it had begun before."""

    def __init__(
        self, kind: str, port: str, baudrate: int, split: Callable[[bool], Splitter], status: Status, tell: Tell
    ) -> None:
        self.name = port
        self._kind = kind
        self._split = split
        self._splitter = split(False)
        self._tell = tell
        self._line = SerialLine(port, baudrate, EarInbox(kind, status, tell), self)

    def open(self) -> None:
        self._line.open()

    def close(self) -> None:
        self._line.close()

    # -- the line's thread

    def begin(self, early: bytes) -> None:
        """Half of something from before is no part of what comes now."""
        self._tell(Heard(self._kind, self.name, Came()))
        self._splitter = self._split(bool(early))
        self.feed(early)

    def feed(self, data: bytes) -> None:
        """These bytes came."""
        for piece in self._splitter.feed(data):
            self._tell(Heard(self._kind, self.name, piece))

    def lose(self) -> None:
        """Nothing is owed to it."""

    def recover(self) -> None:
        """Nothing is."""


class Lines:
    """Finds lines."""

    def __init__(self, had_begun: bool) -> None:
        self._had_begun = had_begun
        self._lines = LineSplitter()

    def feed(self, data: bytes) -> list[Line]:
        """The lines that these bytes complete."""
        found = [Line(line) for line in self._lines.feed(data)]
        if found and self._had_begun:
            found[0] = Line(found[0].data, had_begun=True)
            self._had_begun = False
        return found


class MidiBytes:
    """Finds messages; what is none of ours is found when it, or the next one, is complete."""

    def __init__(self, had_begun: bool = False) -> None:
        self._stream = MidiStream()
        self._unread = bytearray()

    def feed(self, data: bytes) -> list[MidiMessage | OtherMidi]:
        """The messages that these bytes complete, and the bytes that stand between them."""
        found: list[MidiMessage | OtherMidi] = []
        for byte in data:
            if byte in TICKING:
                continue
            if byte >= FIRST_STATUS and byte != END_OF_SYSEX:
                found += self._take_unread()
            self._unread.append(byte)
            if messages := self._stream.feed(bytes([byte])):
                self._unread.clear()
                found += messages
            if is_whole(self._unread) or len(self._unread) >= LONGEST:
                found += self._take_unread()
        return found

    def _take_unread(self) -> list[OtherMidi]:
        taken = [OtherMidi(bytes(self._unread))] if self._unread else []
        self._unread.clear()
        return taken
