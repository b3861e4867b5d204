"""A serial port that may come and go: one thread opens it, reads it and opens it again, another writes.

The engine only puts bytes into an outbox. Bytes are handed to the system no faster than the line carries them, so that
what waits, waits here, where the ends of notes are kept and the rest is dropped, and not in a buffer that nobody can
look into: there, a second of the past would still be played.
"""

import math
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol, TypeAlias

from msgspec import Struct

from impsy.adapters.serial_system import PATIENCE, LostPort, MissingPort, OpenPort, found_text
from impsy.core.actions import DeviceFound, DeviceLost, Status
from impsy.core.ports import Inbox
from impsy.errors import PortError

AGAIN = 0.5  # seconds between two tries to open a port that is not there
AHEAD = 0.01  # seconds' worth of bytes that the system may hold for the device
BITS = 10  # that the line takes for a byte: it starts, 8 of data, it stops
LAST_WORDS = 0.5  # seconds for what waits at the end, such as the ends of notes


class User(Protocol):
    """Whoever talks over a line."""

    def begin(self, early: bytes) -> None:
        """A connection begins; what came at once, if anything, may be the end of something. By the line's thread."""
        ...

    def feed(self, data: bytes) -> None:
        """These bytes came. By the line's thread."""
        ...

    def lose(self) -> None:
        """Nobody is there to hear. By the engine thread."""
        ...

    def recover(self) -> None:
        """Somebody is there again, who has heard nothing since. By the engine thread."""
        ...


class _Item(Struct, frozen=True):
    """Bytes for the port that was open when they were said; lasting ones for any that is open later."""

    data: bytes
    port: OpenPort | None
    lasting: bool


class _End:
    """The last thing in an outbox."""


Waiting: TypeAlias = _Item | Callable[[], None] | _End


class SerialLine:
    """The engine thread calls `put`, `waiting` and `call_when_written`; none of them waits."""

    def __init__(self, port: str, baudrate: int, inbox: Inbox, user: User) -> None:
        self._name = port
        self._baudrate = baudrate
        self._inbox = inbox
        self._user = user
        self._port: OpenPort | None = None  # by the line's thread
        self._broken: OpenPort | None = None  # by the writer: the port that took nothing more
        self._there = threading.Event()  # there is a port, or all is over
        self._missing: PortError | None = None  # why there is none, as last found
        self._told = ""  # and as last told
        self._closed = threading.Event()
        self._end = math.inf  # of the time for last words
        self._free_at = 0.0  # when the line has carried all that it was given
        self._outbox: SimpleQueue[Waiting] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="serial-out", daemon=True)
        self._line = threading.Thread(target=self._live, name="serial", daemon=True)

    def open(self) -> None:
        """Begin to look for the port."""
        self._line.start()
        self._writer.start()

    def close(self) -> None:
        """Let the last words be written, but wait for no device."""
        if self._closed.is_set() or not self._line.is_alive():
            return
        self._end = time.monotonic() + LAST_WORDS
        self._closed.set()
        self._there.set()
        self._outbox.put(_End())
        self._line.join(LAST_WORDS + 4 * PATIENCE)

    # -- the engine thread

    def put(self, data: bytes, *, lasting: bool = False) -> None:
        """Write soon; what is `lasting` (a note's end) to whatever port comes, the rest to the one that is here."""
        port = self._port
        if lasting or port is not None:
            self._outbox.put(_Item(data, port, lasting))

    @property
    def waiting(self) -> int:
        """How many pieces have not been written yet."""
        return self._outbox.qsize()

    def call_when_written(self, act: Callable[[], None]) -> None:
        """Have the engine call `act` when all that waits now is written, or will never be."""
        self._outbox.put(lambda: self._ask(act))

    # -- the line's thread

    def _live(self) -> None:
        while not self._closed.is_set():
            try:
                port = OpenPort(self._name, self._baudrate)
                try:
                    self._read(port)
                finally:
                    self._port = None
                    port.close()
            except PortError as error:
                self._there.clear()
                self._miss(error)
                self._closed.wait(AGAIN)

    def _read(self, port: OpenPort) -> None:
        """Hand over what comes until all is over; raises `LostPort`."""
        early = port.read()  # only now it is sure that somebody is there
        self._user.begin(early)
        self._port = port
        self._there.set()
        self._find()
        while not self._closed.is_set():
            if data := port.read():
                self._user.feed(data)
            if self._broken is port:
                raise LostPort(self._name, "nothing more can be written to it")
        self._writer.join(max(self._end - time.monotonic(), 0.0) + PATIENCE)
        while not port.is_drained() and time.monotonic() < self._end:
            time.sleep(AHEAD)

    def _miss(self, error: PortError) -> None:
        """Say once what is missing, and again if there is another hindrance that stays."""
        if self._missing is None:
            self._tell_lost(error)
            self._ask(self._user.lose)
        elif error.what == self._missing.what != self._told and not isinstance(error, MissingPort | LostPort):
            self._tell_lost(error)
        self._missing = error

    def _find(self) -> None:
        if self._missing is not None:
            self._missing = None
            self._ask(self._recover)

    def _tell_lost(self, error: PortError) -> None:
        self._told = error.what
        why = f"{error.what}; {found_text()}" if isinstance(error, MissingPort) else error.what
        self._inbox.tell(DeviceLost(self._name, why))

    def _recover(self) -> None:
        """By the engine thread."""
        self._user.recover()
        self._inbox.tell(DeviceFound(self._name))

    def _ask(self, act: Callable[[], None]) -> None:
        """Have the engine call `act`; when too many ask at once, it is asked again."""

        def reply(_: Status) -> None:
            act()

        while not self._inbox.ask(reply) and not self._closed.wait(PATIENCE):
            pass

    # -- the writer's thread

    def _write(self) -> None:
        while not isinstance(item := self._outbox.get(), _End):
            if isinstance(item, _Item):
                self._carry(item)
            else:
                item()

    def _carry(self, item: _Item) -> None:
        """Write it to its port, or else, if it is lasting, to the next; from its beginning, whatever the last heard."""
        while not self._is_over():
            port = self._port
            if port is not None and port is not self._broken:
                if (port is not item.port and not item.lasting) or self._is_written(item.data, port):
                    return
            elif not item.lasting or self._closed.is_set():
                return
            else:
                self._there.wait()
                if self._port is self._broken:  # whose end the other thread has not seen yet
                    self._closed.wait(PATIENCE)

    def _is_written(self, data: bytes, port: OpenPort) -> bool:
        try:
            while data and not self._is_over():
                if self._port is not port:
                    return False
                taken = port.write(data)
                data = data[taken:]
                self._pace(taken)
        except LostPort:
            self._broken = port
            return False
        return True

    def _pace(self, taken: int) -> None:
        """Wait while the system holds more than `AHEAD` for the device."""
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + taken * BITS / self._baudrate
        if (wait := self._free_at - now - AHEAD) > 0:
            time.sleep(wait)

    def _is_over(self) -> bool:
        return self._closed.is_set() and time.monotonic() > self._end
