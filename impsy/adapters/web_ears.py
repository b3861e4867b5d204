"""Ears for the WebSocket port: play page, text and OSC clients connect as they do to a performance."""

from impsy.adapters.connection import Binary, Connection, Text
from impsy.adapters.heard import EarInbox, Frame, Heard, Packet, Refused, Tell
from impsy.adapters.websocket import SOURCE, WebSocketPort
from impsy.config.schema import WebSocket
from impsy.core.actions import Status


class WebSocketEars:
    """Hears both dialects, whether or not they are mapped; `status` is what pages are told."""

    def __init__(self, web: WebSocket, status: Status, tell: Tell) -> None:
        self.name = f"WebSocket {web.server_ip}:{web.server_port}"
        self._status = status
        self._port = _Port(web, status, tell)

    def open(self) -> None:
        self._port.open(self._status)

    def close(self) -> None:
        self._port.close()


class _Port(WebSocketPort):
    """Tells what arrives, where the other has it played."""

    def __init__(self, web: WebSocket, status: Status, tell: Tell) -> None:
        inbox, server = EarInbox(SOURCE, status, tell), (web.server_ip, web.server_port)
        super().__init__(inbox, server, len(status.vector), received=(), origins=web.origins)
        self._tell = tell

    def _receive_osc(self, client: Connection) -> None:
        for message in client.messages():
            if isinstance(message, Binary):
                self._hear(Packet(message.data))
            else:
                self._hear(Refused(message.data, "a text frame at /osc, where OSC packets are expected"))

    def _receive_text(self, client: Connection) -> None:
        for message in client.messages():
            if isinstance(message, Text):
                self._hear(Frame(message.data))
            else:
                words = f"{len(message.data)} bytes"
                self._hear(Refused(words, "a binary frame; OSC has its place at /osc"))

    def _hear(self, what: Packet | Frame | Refused) -> None:
        self._tell(Heard(SOURCE, SOURCE, what))
