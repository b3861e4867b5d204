"""A UDP port of ours: one thread receives, in order; any thread may answer."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from impsy.adapters.sockets import bound_socket

LARGEST_PACKET = 65_536  # bytes; more than UDP carries
BUFFER = 1 << 20  # bytes asked of the system, for bursts
LAST_PACKET = 0.5  # seconds that an ending waits for the receiving thread

Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]  # as sockets have it


class UdpServer:
    """Hands each packet to `heard`, with the address that it came from."""

    def __init__(self, server: tuple[str, int], heard: Callable[[bytes, Address], None]) -> None:
        """Raises `PortError` where the address cannot be had."""
        self._heard = heard
        self._closed = threading.Event()
        self._socket = bound_socket(*server)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._receiver = threading.Thread(target=self._receive, name="udp", daemon=True)

    def open(self) -> None:
        """Begin to receive."""
        self._receiver.start()

    def answer(self, packet: bytes, to: Address) -> None:
        """Send from this port, without waiting; raises `OSError`."""
        self._socket.sendto(packet, getattr(socket, "MSG_DONTWAIT", 0), to)

    def close(self) -> None:
        """Stop receiving; a second call does nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        with suppress(OSError):  # «not connected», which it is not, and still the receiving thread wakes
            self._socket.shutdown(socket.SHUT_RD)
        if self._receiver.is_alive():
            self._receiver.join(LAST_PACKET)  # the system keeps the port while someone receives there
        self._socket.close()

    def _receive(self) -> None:
        while not self._closed.is_set():
            try:
                packet, sender = self._socket.recvfrom(LARGEST_PACKET)
            except OSError:  # on Windows: an earlier answer found nobody; else: closed
                self._closed.wait(0.01)
                continue
            if packet:
                self._heard(packet, sender)
