"""OSC over UDP: what is received goes to the engine; the engine thread sends, and never waits (formats §8)."""

import errno
import socket
import threading
from collections.abc import Sequence
from functools import partial

from impsy.adapters import vocabulary
from impsy.adapters.sockets import sent_to
from impsy.adapters.udp import Address, UdpServer
from impsy.core.actions import Action, Play, Status
from impsy.core.ports import Inbox
from impsy.wire.osc import encode

LOOK_UP_AGAIN = 5.0  # seconds between two tries to find a host by name


class OscPort:
    """`/interface` and the controls in, predictions out to one client; answers go to whoever asked."""

    def __init__(
        self, inbox: Inbox, server: tuple[str, int], client: tuple[str, int], addresses: Sequence[str], controls: int
    ) -> None:
        self._inbox = inbox
        self._addresses = tuple(addresses)
        self._controls = controls
        self._server = UdpServer(server, self._receive)
        self._client = _Destination(*client, inbox)

    def open(self, status: Status) -> None:
        """Begin to receive."""
        self._server.open()
        self._client.open()

    def perform(self, action: Action) -> None:
        """Send what is played; nobody listening is no error."""
        if isinstance(action, Play):
            for address in self._addresses:
                self._client.send(encode(address, action.values))

    def close(self) -> None:
        """Stop receiving and sending."""
        self._client.close()
        self._server.close()

    def _receive(self, packet: bytes, sender: Address) -> None:
        vocabulary.receive(packet, "osc", self._controls, self._inbox, partial(self._answer, sender))

    def _answer(self, to: Address, packet: bytes) -> None:
        try:
            self._server.answer(packet, to)
        except OSError:
            self._inbox.refuse("osc", "a question from an address that cannot be answered")


class _Destination:
    """Where predictions go; a host that is named is looked up aside, until it is found."""

    def __init__(self, host: str, port: int, inbox: Inbox) -> None:
        self._host = sent_to(host)
        self._port = port
        self._inbox = inbox
        self._closed = threading.Event()
        self._found: tuple[socket.socket, Address] | None = None

    def open(self) -> None:
        """Find the host; a number at once, a name in the time it takes."""
        if not self._find(socket.AI_NUMERICHOST):
            threading.Thread(target=self._look_up, name="osc-host", daemon=True).start()

    def send(self, packet: bytes) -> None:
        """Send, or let it be: the engine does not wait for a network."""
        if self._found is None:
            return
        out, address = self._found
        try:
            out.sendto(packet, address)
        except OSError as error:
            if error.errno != errno.ECONNREFUSED:
                self._inbox.refuse("osc", f"predictions do not reach {self._host}")

    def close(self) -> None:
        self._closed.set()
        if self._found is not None:
            self._found[0].close()

    def _look_up(self) -> None:
        while not self._find(0) and not self._closed.is_set():
            self._inbox.refuse("osc", f"no host is called {self._host}, which is looked up again and again")
            self._closed.wait(LOOK_UP_AGAIN)

    def _find(self, flags: int) -> bool:
        try:
            family, _, _, _, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM, flags=flags)[
                0
            ]
        except (OSError, UnicodeError):
            return False
        out = socket.socket(family, socket.SOCK_DGRAM)
        out.setblocking(False)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)  # a client may be a whole network
        self._found = out, address
        return True
