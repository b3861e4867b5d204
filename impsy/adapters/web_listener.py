"""The WebSocket port, heard only: play page, text and OSC clients connect as they do to a performance."""

from impsy.adapters.connection import Binary, Connection, Text
from impsy.adapters.listening import Hear, Heard, Listener, MidiEar, cut, hear_frame, hear_packet
from impsy.adapters.websocket import SOURCE, WebSocketPort
from impsy.config.schema import WebSocket


class WebSocketListener(WebSocketPort):
    """Speaks both dialects, whether or not they are mapped."""

    def __init__(self, config: WebSocket, controls: int | None, hear: Hear, inbox: Listener) -> None:
        server = config.server_ip, config.server_port
        self.name = f"WebSocket {config.server_ip}:{config.server_port}"
        self._hear = hear
        self._length = controls
        self._mapping = (config.input or ())[:controls]
        super().__init__(inbox, server, controls or 0, received=self._mapping, origins=config.origins)

    def _receive_osc(self, client: Connection) -> None:
        for message in client.messages():
            if isinstance(message, Binary):
                hear_packet(SOURCE, message.data, self._length, self._hear)
            else:
                self._hear(Heard(SOURCE, cut(message.data), why="a text frame at /osc, where OSC packets are expected"))

    def _receive_text(self, client: Connection) -> None:
        ear = MidiEar(SOURCE, self._mapping, None, self._hear)
        for message in client.messages():
            if isinstance(message, Text):
                hear_frame(ear, SOURCE, message.data, self._hear)
            else:
                self._hear(Heard(SOURCE, f"{len(message.data)} bytes", why="a binary frame; OSC has its place at /osc"))
