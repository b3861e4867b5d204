"""Ears for `impsy learn`: all that arrives on a kind of port, as it is, before anything is mapped.

Each has `look()`, which the one thread that listens calls from time to time: it notices what was plugged in or pulled.
What is heard goes to `tell`, by any thread; it must not wait.
"""

import math
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeAlias

from msgspec import Struct

from impsy.adapters.sockets import bound_socket
from impsy.core.midi import MidiMessage
from impsy.wire.osc import OscError, decode

LARGEST_PACKET = 65_536


class Message(Struct, frozen=True):
    """A MIDI message from a device."""

    port: str
    message: MidiMessage


class Numbers(Struct, frozen=True):
    """A vector; `address` is that of an OSC message, or the device."""

    address: str
    numbers: tuple[float, ...]


class Unread(Struct, frozen=True):
    """Something that no vector can be read from, in words."""

    words: str


class Came(Struct, frozen=True):
    """A device is there and heard."""

    port: str


class Went(Struct, frozen=True):
    """A device is gone."""

    port: str
    why: str


Heard: TypeAlias = Message | Numbers | Unread | Came | Went
Tell: TypeAlias = Callable[[Heard], None]


class Ears(Protocol):
    """What listens."""

    def look(self) -> None:
        """Listen to what is there now."""
        ...

    def outputs(self) -> list[str]:
        """What could be told what the model plays."""
        ...

    def close(self) -> None:
        """Hear no more."""
        ...


class OscEars:
    """Hears every OSC message that is sent to one address of ours."""

    def __init__(self, server: tuple[str, int], tell: Tell) -> None:
        self._tell = tell
        self._socket = bound_socket(*server)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._receive, name="ears", daemon=True)

    def look(self) -> None:
        """Begin to receive."""
        if not self._thread.is_alive():
            self._thread.start()

    def outputs(self) -> list[str]:
        """Predictions go where `[osc]` says."""
        return []

    def close(self) -> None:
        self._closed.set()
        with suppress(OSError):  # «not connected», and still the receiving thread wakes
            self._socket.shutdown(socket.SHUT_RD)
        if self._thread.is_alive():
            self._thread.join(0.5)
        self._socket.close()

    def _receive(self) -> None:
        while not self._closed.is_set():
            try:
                packet = self._socket.recv(LARGEST_PACKET)
            except OSError:  # closed; or Windows, about somebody who was answered
                self._closed.wait(0.01)
                continue
            if packet:
                hear_packet(packet, self._tell)


def hear_packet(packet: bytes, tell: Tell) -> None:
    """The vectors of one packet."""
    try:
        messages = decode(packet)
    except OscError as error:
        tell(Unread(f"a packet that is not OSC as impsy reads it: {error}"))
        return
    for _, message in messages:
        numbers = [float(item) for item in message.arguments if not isinstance(item, str)]
        if numbers and len(numbers) == len(message.arguments) and all(map(math.isfinite, numbers)):
            tell(Numbers(message.address, tuple(numbers)))
        else:
            tell(Unread(f"{message.address}, which does not carry numbers alone"))
