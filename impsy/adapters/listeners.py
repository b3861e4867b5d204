"""Ports that listen and do not play, for `impsy monitor`; what is not configured is not even imported."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

from impsy.adapters.listening import Hear, LineEar, Listener, SerialMidiEar, hear_packet
from impsy.adapters.sockets import bound_socket
from impsy.adapters.udp import LARGEST_PACKET
from impsy.config.schema import Config, lines_of_numbers
from impsy.core.actions import Status
from impsy.errors import PortError


class Opened(Protocol):
    """A port that is being listened to."""

    name: str  # what people call it

    def open(self, status: Status) -> None:
        """Begin."""
        ...

    def close(self) -> None:
        """End."""
        ...


class OscListener:
    """Hears every packet that comes to a UDP port."""

    def __init__(self, server: tuple[str, int], controls: int | None, hear: Hear) -> None:
        self.name = f"OSC {server[0]}:{server[1]}"
        self._controls = controls
        self._hear = hear
        self._socket = bound_socket(*server)
        self._closed = False

    def open(self, status: Status) -> None:
        threading.Thread(target=self._receive, name="osc", daemon=True).start()

    def close(self) -> None:
        self._closed = True
        with suppress(OSError):  # «not connected», and still the receiving thread wakes
            self._socket.shutdown(socket.SHUT_RD)
        self._socket.close()

    def _receive(self) -> None:
        while not self._closed:
            with suppress(OSError):  # closed
                packet = self._socket.recv(LARGEST_PACKET)
                if packet:
                    hear_packet("osc", packet, self._controls, self._hear)


class SerialListener:
    """Hears a serial port, which may come and go."""

    def __init__(self, port: str, baudrate: int, make: Callable[[], LineEar | SerialMidiEar], inbox: Listener) -> None:
        from impsy.adapters.serial_line import SerialLine

        self.name = port
        self._make = make
        self._ear = make()
        self._line = SerialLine(port, baudrate, inbox, self)

    def open(self, status: Status) -> None:
        self._line.open()

    def close(self) -> None:
        self._line.close()

    def begin(self, early: bytes) -> None:
        """Half a message from before is no part of what comes now."""
        self._ear = self._make()
        self._ear.feed(early)

    def feed(self, data: bytes) -> None:
        """These bytes came."""
        self._ear.feed(data)

    def lose(self) -> None:
        """Nothing is owed to it."""

    def recover(self) -> None:
        """Nothing is."""


def build_listeners(
    config: Config, controls: int | None, hear: Hear, status: Status, *, everything: bool = False
) -> tuple[list[Opened], list[PortError]]:
    """Listeners to all that a configuration opens, and the problems of those that could not be had.

    `everything` asks for every MIDI input, and not for those that are named.
    """
    made: list[Opened] = []
    problems: list[PortError] = []
    for make in _makers(config, controls, hear, Listener(status, hear), everything):
        try:
            made.append(make())
        except PortError as error:
            problems.append(error)
    return made, problems


def _makers(
    config: Config, controls: int | None, hear: Hear, inbox: Listener, everything: bool
) -> Iterator[Callable[[], Opened]]:
    if (ours := config.osc) is not None:
        yield lambda: OscListener((ours.server_ip, ours.server_port), controls, hear)
    if (web := config.websocket) is not None:
        from impsy.adapters.web_listener import WebSocketListener

        yield lambda: WebSocketListener(web, controls, hear, inbox)
    if (line := lines_of_numbers(config)) is not None:
        yield lambda: SerialListener(line.port, line.baudrate, lambda: LineEar("serial", controls, hear), inbox)
    if (wire := config.serialmidi) is not None:
        from impsy.wire.midi_bytes import BAUDRATE

        mapping = (wire.input or ())[:controls]
        yield lambda: SerialListener(
            wire.port, BAUDRATE, lambda: SerialMidiEar("serialmidi", mapping, wire.panic, hear), inbox
        )
    if (midi := config.midi) is not None:
        from impsy.adapters.midi_listener import MidiListener

        yield lambda: MidiListener(midi, controls, hear, everything=everything)
