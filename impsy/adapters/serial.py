"""Lines of numbers over a serial port, both ways: microcontrollers (formats §10)."""

from impsy.adapters.serial_line import SerialLine
from impsy.core.actions import Action, Play, Status, Values
from impsy.core.events import Gesture
from impsy.core.ports import Inbox
from impsy.wire.lines import LineSplitter, Unreadable, decode, encode

SOURCE = "serial"
CROWDED = 8  # lines waiting: beyond, only the newest counts
BEHIND = "more is played than the device takes: it hears the newest"


class SerialPort:
    """Every line is a whole vector: each in is a gesture, and of those out only the last must arrive."""

    def __init__(self, inbox: Inbox, port: str, baudrate: int, controls: int) -> None:
        self._inbox = inbox
        self._controls = controls
        self._lines = LineSplitter()
        self._line = SerialLine(port, baudrate, inbox, self)
        self._last: Values | None = None  # as played
        self._is_behind = False

    def open(self, status: Status) -> None:
        """Begin to look for the device."""
        self._line.open()

    def close(self) -> None:
        """Let what waits be written, within a moment."""
        self._line.close()

    # -- the engine thread

    def perform(self, action: Action) -> None:
        """Write what is played."""
        if isinstance(action, Play):
            self._last = action.values
            if not self._is_behind:
                self._say_last()

    def _say_last(self) -> None:
        if self._last is None:
            return
        if self._line.waiting < CROWDED:
            self._line.put(encode(self._last))
        else:
            self._is_behind = True
            self._inbox.refuse(SOURCE, BEHIND)
            self._line.call_when_written(self.recover)

    def lose(self) -> None:
        """Nothing is owed: the next line says all."""

    def recover(self) -> None:
        """Say where everything stands."""
        self._is_behind = False
        self._say_last()

    # -- the line's thread

    def begin(self, early: bytes) -> None:
        """Read from the next line on: a device that talks already may be in the middle of this one."""
        self._lines = LineSplitter()
        if early:
            self._lines.skip()
            self.feed(early)

    def feed(self, data: bytes) -> None:
        """Lines become gestures, or are counted."""
        for line in self._lines.feed(data):
            said = decode(line, self._controls)
            if isinstance(said, Unreadable):
                self._inbox.refuse(SOURCE, said)
            else:
                self._inbox.put(Gesture(tuple(enumerate(said)), SOURCE))
