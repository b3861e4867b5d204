"""Ears for one serial port, which holds lines of numbers or MIDI bytes; it is opened again when it comes back."""

import math
import threading

from impsy.adapters.ears import Came, Message, Numbers, Tell, Unread, Went
from impsy.adapters.serial_system import LostPort, MissingPort, OpenPort
from impsy.wire.lines import LONGEST
from impsy.wire.midi_bytes import MidiStream

LINES_BAUD = 115_200
MIDI_BAUD = 31_250
ENDING = 1.0  # seconds that closing waits for the reading thread


class SerialEars:
    """Hears a port; raises `PortError` when it cannot be had."""

    def __init__(self, device: str, tell: Tell, *, midi: bool) -> None:
        self._device = device
        self._baudrate = MIDI_BAUD if midi else LINES_BAUD
        self._feed = _MidiEar(device, tell).feed if midi else _LineEar(device, tell).feed
        self._tell = tell
        self._closed = threading.Event()
        self._port: OpenPort | None = OpenPort(device, self._baudrate)
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Begin to read, and begin again where it had gone."""
        if self._thread is not None and self._thread.is_alive():
            return
        if self._port is None:
            try:
                self._port = OpenPort(self._device, self._baudrate)
            except MissingPort:
                return
        self._tell(Came(self._device))
        self._thread = threading.Thread(target=self._read, args=(self._port,), name="ears", daemon=True)
        self._thread.start()

    def outputs(self) -> list[str]:
        """A line goes both ways."""
        return [self._device]

    def close(self) -> None:
        self._closed.set()
        if self._thread is not None:
            self._thread.join(ENDING)
        if self._port is not None:
            self._port.close()

    def _read(self, port: OpenPort) -> None:
        try:
            while not self._closed.is_set():
                self._feed(port.read())
        except LostPort:
            self._tell(Went(self._device, "it was unplugged"))
            self._port = None
            port.close()


class _MidiEar:
    def __init__(self, device: str, tell: Tell) -> None:
        self._device = device
        self._tell = tell
        self._stream = MidiStream()

    def feed(self, data: bytes) -> None:
        """Any piece of the stream."""
        for message in self._stream.feed(data):
            self._tell(Message(self._device, message))


class _LineEar:
    """Reads lines of however many numbers."""

    def __init__(self, device: str, tell: Tell) -> None:
        self._device = device
        self._tell = tell
        self._begun = b""
        self._entered = False  # the first line was perhaps begun before we came

    def feed(self, data: bytes) -> None:
        """Any piece of the stream."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        self._begun = self._begun[-LONGEST:]
        for line in lines:
            if self._entered and line.strip():
                self._hear(line)
            self._entered = True

    def _hear(self, line: bytes) -> None:
        try:
            numbers = tuple(float(item) for item in line.decode("ascii").split(","))
        except ValueError:
            numbers = ()
        if numbers and all(map(math.isfinite, numbers)):
            self._tell(Numbers(self._device, numbers))
        else:
            self._tell(Unread(f"a line that is not numbers with commas between: {line[:40]!r}"))
