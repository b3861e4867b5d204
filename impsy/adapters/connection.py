"""One client of the WebSocket port: its socket, the protocol on it, and an outbox with a thread of its own.

The protocol is that of `websockets`, without its I/O: two threads a client instead of three, and an end that never
waits for anybody (closing its threaded connection waits for a client that does not read).
"""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeAlias

from msgspec import Struct
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

LARGEST_MESSAGE = 65_536  # bytes
HANDSHAKE = 10.0  # seconds in which a client has to say what it wants, however slowly it speaks
CROWDED = 256  # frames waiting: beyond, those that the next ones replace are dropped
HOPELESS = 2048  # frames waiting: beyond, the client is
TOGETHER = 32  # frames at most that are sent at once
GOODBYE = 1.0  # seconds for the last words
_CHUNK = 16_384
_NOT_UNDERSTOOD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_silent = logging.getLogger("impsy.websocket")  # what a client gets wrong is its own business, not the terminal's
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


class Text(Struct, frozen=True):
    """A text frame."""

    data: str


class Binary(Struct, frozen=True):
    """A binary frame."""

    data: bytes


class _Raw(Struct, frozen=True):
    """Bytes of the protocol itself: pongs, the closing handshake."""

    data: list[bytes]


class _End:
    """The last thing in an outbox."""


Message: TypeAlias = Text | Binary


class Connection:
    """The reading thread calls all but `put` and `drop`, which any thread may call and which never wait."""

    def __init__(self, sock: socket.socket) -> None:
        self.gone = False  # kept by the port, under its lock
        self._socket = sock
        self._protocol = ServerProtocol(max_size=LARGEST_MESSAGE, logger=_silent)
        self._early = b""  # what came with the request, after it
        self._lock = threading.Lock()  # the protocol is used by the reading and the sending thread
        self._outbox: SimpleQueue[Message | _Raw | _End] = SimpleQueue()
        self._writer: threading.Thread | None = None
        self._sent = 0
        self._sending = False
        self._seen_sending: int | None = None

    # -- the handshake

    def request(self) -> Request | None:
        """The client's request, or None when it sent something else, or nothing in time."""
        end = time.monotonic() + HANDSHAKE
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            data = self._socket.recv(_CHUNK)
            if not data:
                break
            while data:  # by lines: the protocol must not see frames before it has answered
                line_end = data.find(b"\n") + 1 or len(data)
                self._protocol.receive_data(data[:line_end])
                data = data[line_end:]
                for event in self._protocol.events_received():
                    if isinstance(event, Request):
                        self._early = data
                        return event
                if self._protocol.handshake_exc is not None:
                    self._socket.sendall(b"".join(self._protocol.data_to_send()) or _NOT_UNDERSTOOD)
                    return None
        return None

    def accept(self, request: Request) -> bool:
        """Become a WebSocket; False when the request was not a right one, which the client is told."""
        response = self._protocol.accept(request)
        self.respond(response)
        if response.status_code != 101:
            return False
        self._socket.settimeout(None)
        self._writer = threading.Thread(target=self._send, name="websocket-out", daemon=True)
        self._writer.start()
        return True

    def respond(self, response: Response) -> None:
        """Answer the request."""
        self._protocol.send_response(response)
        self._socket.settimeout(HANDSHAKE)
        self._socket.sendall(b"".join(self._protocol.data_to_send()))

    # -- messages

    def messages(self) -> Iterator[Message]:
        """What the client says, until it goes; text that is not UTF-8 comes with replacement characters."""
        parts: list[bytes] = []
        opcode = Opcode.BINARY
        while True:
            for frame in self._receive():
                if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
                    parts, opcode = [bytes(frame.data)], frame.opcode
                elif frame.opcode is Opcode.CONT:
                    parts += [bytes(frame.data)] if frame.data else []  # of empty ones there can be any number
                else:
                    continue
                if frame.fin:
                    whole = b"".join(parts)
                    yield Binary(whole) if opcode is Opcode.BINARY else Text(whole.decode(errors="replace"))
            if self._protocol.state is not OPEN:
                return

    def _receive(self) -> list[Frame]:
        """The frames that the next bytes complete; none at the end."""
        try:
            data = self._early or self._socket.recv(_CHUNK)
        except OSError:
            data = b""
        self._early = b""
        with self._lock:
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            answers = self._protocol.data_to_send()
            events = self._protocol.events_received()
        if any(answers) and self._outbox.qsize() < CROWDED:  # who does not read gets no pongs either
            self._outbox.put(_Raw(answers))
        return [event for event in events if isinstance(event, Frame)]

    def put(self, message: Message, *, lasting: bool) -> bool:
        """Send soon; what is `lasting` (a note's end, a setting) is never left out, the rest when it is crowded.

        False when the message was left out. A client that has read nothing for far too long is dropped.
        """
        waiting = self._outbox.qsize()
        if waiting >= HOPELESS:
            self.drop()
            return False
        if waiting >= CROWDED and not lasting:
            return False
        self._outbox.put(message)
        return True

    def is_stuck(self) -> bool:
        """Whether it is still busy sending what it was when this was asked last."""
        stuck = self._sending and self._seen_sending == self._sent
        self._seen_sending = self._sent if self._sending else None
        return stuck

    def drop(self) -> None:
        """End the connection at once, even while it is blocked in sending; closing it would wait."""
        with suppress(OSError):  # it may be gone already
            self._socket.shutdown(socket.SHUT_RDWR)

    def say_goodbye(self) -> None:
        """Let what waits be sent, and then the end; any thread, at once."""
        self._outbox.put(_End())

    def wait(self, seconds: float) -> None:
        """Until all is said, or no longer than that."""
        if self._writer is not None:
            self._writer.join(max(seconds, 0.0))

    def close(self) -> None:
        """End: say goodbye to those who listen, and do not wait long for those who do not."""
        self.say_goodbye()
        self.wait(GOODBYE)
        self.drop()
        self._socket.close()

    def _send(self) -> None:
        ended = False
        while not ended:
            messages = [self._outbox.get()]
            while not self._outbox.empty() and len(messages) < TOGETHER:
                messages.append(self._outbox.get())
            data = [chunk for message in messages for chunk in self._framed(message)]
            ended = any(isinstance(message, _End) for message in messages)
            self._sending = True
            try:
                self._socket.sendall(b"".join(data))
                if b"" in data:  # the protocol's word for «no more»
                    self._socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.drop()
                return
            self._sending = False
            self._sent += 1

    def _framed(self, message: Message | _Raw | _End) -> list[bytes]:
        if isinstance(message, _Raw):
            return message.data
        with self._lock:
            try:
                if isinstance(message, _End):
                    self._protocol.send_close(CloseCode.GOING_AWAY)
                elif isinstance(message, Text):
                    self._protocol.send_text(message.data.encode())
                else:
                    self._protocol.send_binary(message.data)
            except InvalidState:  # it is closing
                return []
            return self._protocol.data_to_send()
