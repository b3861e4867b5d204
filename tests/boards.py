"""Boards at the other end of a serial port: real pseudo-terminals, whose cable can be pulled and put back."""

import os
import select
import time
import tty
from collections.abc import Iterable
from pathlib import Path

from impsy.core.midi import MidiMessage, NoteOff, NoteOn


class Board:
    """A device at a path that stays the same; it may be there from the start, and can be unplugged and plugged in."""

    def __init__(self, path: Path, *, plugged: bool = True) -> None:
        self.path = path
        self._ends: tuple[int, int] | None = None
        if plugged:
            self.plug()

    def plug(self) -> None:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self._ends = ours, theirs
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(theirs))

    def unplug(self) -> None:
        if self._ends is not None:
            for end in self._ends:
                os.close(end)
            self._ends = None
            self.path.unlink()

    close = unplug

    def send(self, data: bytes) -> None:
        """Send all of it, as fast as it is read."""
        while data:
            data = data[os.write(self._ours, data) :]

    def hear(self, size: int, seconds: float = 3.0) -> bytes:
        """What comes, until it is that much or the time is over."""
        heard = b""
        end = time.monotonic() + seconds
        while len(heard) < size and (left := end - time.monotonic()) > 0:
            if select.select([self._ours], [], [], left)[0]:
                heard += os.read(self._ours, size - len(heard))
        return heard

    def drain(self, seconds: float = 0.15) -> bytes:
        """All that comes until nothing does for so long."""
        heard = b""
        while more := self.hear(65_536, seconds):
            heard += more
        return heard

    @property
    def _ours(self) -> int:
        assert self._ends is not None, "it is not plugged in"
        return self._ends[0]


def sounding(messages: Iterable[MidiMessage]) -> set[tuple[int, int]]:
    """The notes that were begun and not ended."""
    held: set[tuple[int, int]] = set()
    for message in messages:
        if isinstance(message, NoteOn):
            held.add((message.channel, message.note))
        elif isinstance(message, NoteOff):
            held.discard((message.channel, message.note))
    return held
