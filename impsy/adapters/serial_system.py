"""The serial ports of this machine: the only module that knows pyserial, and the words for what goes wrong with them.

pyserial's own `write` is not for us: when a device takes nothing, it says so with an error that hides how much was
taken before, and the next call, finding the buffer full at once, spins until its time is over. Where the system can
tell whether there is room (everywhere but on Windows), it is asked first.
"""

import errno
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import serial
from msgspec import Struct
from serial.tools import list_ports

from impsy.errors import PortError

try:
    from termios import error as TermiosError  # noqa: N812 a class by another name: no child of OSError
except ImportError:  # Windows
    TermiosError = OSError  # type: ignore[misc,assignment]

PATIENCE = 0.05  # seconds that reading and writing wait for the device
LARGEST_READ = 4096  # bytes
_WINDOWS = sys.platform == "win32"
_BROKEN = (OSError, ValueError, TypeError, TermiosError)  # SerialException is an OSError; ioctl on a lost port any

Result = TypeVar("Result")


class FoundPort(Struct, frozen=True):
    """A serial port that is there: what to write into a configuration, and what it is."""

    device: str
    description: str


class MissingPort(PortError):
    """There is no such port now; it may come."""


class LostPort(PortError):
    """The port was there and is no longer."""


def found_ports() -> list[FoundPort]:
    """The serial ports of this machine, in order."""
    ports = ((port.device, port.description or "") for port in list_ports.comports())
    return [FoundPort(device, "" if said in ("n/a", device) else said) for device, said in sorted(ports)]


def found_text() -> str:
    """What ports there are, for somebody who named another."""
    told = [f'"{port.device}"' + f" ({port.description})" * bool(port.description) for port in found_ports()]
    return f"found: {', '.join(told)}" if told else "no serial port was found"


class OpenPort:
    """An open port: 8 bits, no parity, 1 stop bit, and nobody else's where the system can promise it."""

    def __init__(self, port: str, baudrate: int) -> None:
        """Raises `MissingPort` where nothing is there, and `PortError` with what to do where it cannot be had."""
        self._name = port
        self._use = threading.Lock()  # writing or closing: the number of a closed file may be another's at once
        try:
            self._port = serial.Serial(
                port, baudrate, timeout=PATIENCE, write_timeout=PATIENCE if _WINDOWS else 0, exclusive=True
            )
        except _BROKEN as error:
            raise _refusal(port, baudrate, error) from None

    def read(self) -> bytes:
        """What has come, or nothing within `PATIENCE`; raises `LostPort`."""
        return self._try(self._read)

    def write(self, data: bytes) -> int:
        """How many bytes were taken within `PATIENCE`; raises `LostPort`."""
        with self._use:
            return self._try(lambda: self._write(data))

    def close(self) -> None:
        """Close at once: what the device has not taken by now is thrown away, for the system would wait 30 s for it."""
        with self._use:
            with suppress(*_BROKEN):  # a port that is gone has nothing to throw away
                if self._port.out_waiting:
                    self._port.reset_output_buffer()
            with suppress(*_BROKEN):
                self._port.close()

    def is_drained(self) -> bool:
        """Whether the system holds nothing more for the device."""
        return self._try(lambda: not self._port.out_waiting)

    def _read(self) -> bytes:
        first: bytes = self._port.read(1)
        waiting = min(self._port.in_waiting, LARGEST_READ) if first else 0
        return first + self._port.read(waiting) if waiting else first

    def _write(self, data: bytes) -> int:
        if not _WINDOWS and not select.select([], [self._port.fileno()], [], PATIENCE)[1]:
            return 0
        try:
            return int(self._port.write(data) or 0)
        except serial.SerialTimeoutException:  # Windows: what was taken is unknown, and will be said again
            return 0

    def _try(self, act: Callable[[], Result]) -> Result:
        try:
            return act()
        except _BROKEN:
            raise LostPort(self._name, "the connection has gone") from None


def _refusal(port: str, baudrate: int, error: Exception) -> PortError:
    """Why it could not be opened, in words to act on; pyserial tells Windows' reasons in its text alone."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO) or "FileNotFoundError" in text:
        return MissingPort(port, "not there")
    if number in (errno.EAGAIN, errno.EBUSY) or "PermissionError" in text:
        return PortError(port, "in use by another program (a serial monitor, another impsy?): end it")
    if number in (errno.EACCES, errno.EPERM):
        return PortError(
            port,
            "not allowed for you: join the group that owns it (sudo usermod -aG dialout $USER; on Arch Linux the "
            "group is uucp) and log in again",
        )
    if number in (errno.ENOTTY, errno.EISDIR) or "Inappropriate ioctl" in text:
        return PortError(port, "no serial port")
    if isinstance(error, ValueError) or "baud" in text.lower():
        return PortError(port, f"it does not do {baudrate} baud")
    return PortError(port, text)
