"""The WebSocket port: MIDI as text frames, OSC as binary frames at `/osc`, and the play page (formats §9)."""

import socket
import threading
import time
from collections.abc import Collection
from contextlib import suppress

from impsy.adapters import http, vocabulary
from impsy.adapters.connection import Binary, Connection, Text
from impsy.adapters.sockets import bound_socket, tune
from impsy.core.actions import Action, Announce, Applied, Origin, Play, Record, Silence, Status, TurnTaken
from impsy.core.events import Gesture
from impsy.core.mapping import Mapping, MidiReceiver
from impsy.core.midi import MidiMessage, NoteOff
from impsy.core.ports import Inbox
from impsy.core.sender import MidiSender
from impsy.wire import osc, text

MOST_CLIENTS = 16
MOST_SOCKETS = 128  # with those that have not said yet what they want: a storm must not become a thousand threads
LAST_WORDS = 0.5  # seconds for all clients together, at the end
WATCH = 1.0  # seconds between two looks after clients and the accepting thread
FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

OSC_PATH = "/osc"
SOURCE = "websocket"


class WebSocketPort:
    """A server of at most `MOST_CLIENTS` clients, none of which can make the engine wait."""

    def __init__(
        self,
        inbox: Inbox,
        server: tuple[str, int],
        controls: int,
        *,
        received: Mapping | None = None,
        sent: Mapping | None = None,
        origins: Collection[str] = (),
    ) -> None:
        """`received` and `sent` map text frames; without both there is no text dialect."""
        self._inbox = inbox
        self._controls = controls
        self._received = received or ()
        self._has_text = received is not None or sent is not None
        self._sender = MidiSender(sent or ())
        self._resend = threading.Event()  # a text client came, or missed something: the next step sends all
        self._origins = origins
        self._socket = bound_socket(*server, kind=socket.SOCK_STREAM)
        self._lock = threading.Lock()  # the counts and the two tuples below; the engine reads the tuples without it
        self._sockets = 0
        self._talking = 0
        self._osc_clients: tuple[Connection, ...] = ()
        self._text_clients: tuple[Connection, ...] = ()
        self._closed = threading.Event()
        self._status: Status | None = None  # as last told

    def open(self, status: Status) -> None:
        """Begin to accept."""
        self._status = status
        threading.Thread(target=self._watch, name="websocket-watch", daemon=True).start()

    def close(self) -> None:
        """Let everybody hear the last words, such as the ends of notes, and drop who does not listen."""
        if self._closed.is_set():
            return
        self._closed.set()
        with suppress(OSError):  # wakes the accepting thread; where it raises, closing does
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        clients = (*self._osc_clients, *self._text_clients)
        for client in clients:
            client.say_goodbye()
        end = time.monotonic() + LAST_WORDS
        for client in clients:
            client.wait(end - time.monotonic())
            client.drop()

    # -- the engine thread

    def perform(self, action: Action) -> None:
        """Put into the outboxes what each kind of client hears."""
        match action:
            case Play(at=at, values=values, origin=origin):
                if self._osc_clients:
                    self._tell_osc(osc.encode("/prediction", values), lasting=False)
                    if origin is Origin.MODEL:
                        self._tell_osc(osc.encode("/monitor/out", values), lasting=False)
                if self._resend.is_set():
                    self._resend.clear()
                    self._sender.refresh()
                self._tell_text(self._sender.messages(values, at))
            case Record(source=Origin.PERFORMER, values=values) if self._osc_clients:
                self._tell_osc(osc.encode("/monitor/in", values), lasting=False)
            case Silence(everything=everything):
                self._tell_text(self._sender.panic() if everything else self._sender.silence(), lasting=True)
            case Announce(what=Applied(status=status) | TurnTaken(status=status)):
                for packet in vocabulary.changes(self._status or status, status):
                    self._tell_osc(packet, lasting=True)
                self._status = status

    def next_deadline(self) -> float | None:
        """When a gate ends a note."""
        return self._sender.next_deadline()

    def advance(self, now: float) -> None:
        """End the notes whose gates are over."""
        self._tell_text(self._sender.advance(now), lasting=True)

    def _tell_osc(self, packet: bytes, lasting: bool) -> None:
        for client in self._osc_clients:
            client.put(Binary(packet), lasting=lasting)

    def _tell_text(self, messages: list[MidiMessage], lasting: bool = False) -> None:
        for message in messages if self._text_clients else ():
            frame = Text(text.encode(message))
            for client in self._text_clients:
                if not client.put(frame, lasting=lasting or isinstance(message, NoteOff)):
                    self._resend.set()

    # -- accepting

    def _watch(self) -> None:
        """Keep the accepting thread alive, and drop clients that do not read."""
        accepting = self._start_accepting()
        while not self._closed.wait(WATCH):
            if not accepting.is_alive():
                self._inbox.refuse(SOURCE, "its accepting thread had ended and was started again")
                accepting = self._start_accepting()
            for client in (*self._osc_clients, *self._text_clients):
                if client.is_stuck():
                    self._inbox.refuse(SOURCE, "a client that does not read was dropped")
                    client.drop()

    def _start_accepting(self) -> threading.Thread:
        thread = threading.Thread(target=self._accept, name="websocket-accept", daemon=True)
        thread.start()
        return thread

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                sock, _ = self._socket.accept()
            except OSError:  # no descriptors left, or closed
                self._closed.wait(0.1)
                continue
            with self._lock:
                full = self._sockets >= MOST_SOCKETS
                self._sockets += not full
            if full:
                self._inbox.refuse(SOURCE, "too many connections at once")
                _turn_away(sock)
            else:
                self._start_serving(sock)

    def _start_serving(self, sock: socket.socket) -> None:
        try:
            threading.Thread(target=self._serve, args=(sock,), name="websocket-in", daemon=True).start()
        except RuntimeError:  # no more threads to be had
            self._leave()
            sock.close()

    def _leave(self) -> None:
        with self._lock:
            self._sockets -= 1

    # -- one client, in a thread of its own

    def _serve(self, sock: socket.socket) -> None:
        try:
            tune(sock)
            connection = Connection(sock)
            try:
                self._answer(connection)
            finally:
                connection.close()
        except (OSError, RuntimeError):
            pass  # it went in the middle of a sentence, or there are no more threads to be had
        finally:
            sock.close()
            self._leave()

    def _answer(self, connection: Connection) -> None:
        request = connection.request()
        if request is None:
            return
        why = http.refusal(request, self._origins)
        is_osc = request.path.partition("?")[0] == OSC_PATH
        if why:
            connection.respond(http.answer(403, why))
        elif getattr(request, "method", "GET") != "GET":  # before websockets 16 the request was not even parsed
            connection.respond(http.answer(405, "There is only something to GET here.\n"))
        elif not http.wants_websocket(request):
            connection.respond(http.page(request.path))
        elif not (is_osc or self._has_text):
            connection.respond(http.answer(404, "No text frames here without [websocket] input or output; OSC: /osc\n"))
        elif not self._reserve():
            self._inbox.refuse(SOURCE, f"a client beyond the {MOST_CLIENTS} that are served")
            connection.respond(http.answer(503, f"{MOST_CLIENTS} clients are connected, and that is all.\n"))
        else:
            try:
                if connection.accept(request):
                    self._talk(connection, is_osc)
            finally:
                self._release()

    def _reserve(self) -> bool:
        with self._lock:
            if self._talking >= MOST_CLIENTS:
                return False
            self._talking += 1
            return True

    def _release(self) -> None:
        with self._lock:
            self._talking -= 1

    def _talk(self, client: Connection, is_osc: bool) -> None:
        try:
            if not self._inbox.ask(lambda status: self._admit(client, is_osc, status)):
                return
            if is_osc:
                self._receive_osc(client)
            else:
                self._receive_text(client)
        finally:
            with self._lock:
                client.gone = True
                self._osc_clients = tuple(c for c in self._osc_clients if c is not client)
                self._text_clients = tuple(c for c in self._text_clients if c is not client)

    def _admit(self, client: Connection, is_osc: bool, status: Status) -> None:
        """By the engine thread, so that no change falls between the first state and those that follow."""
        with self._lock:  # held for an assignment at most
            if client.gone:
                return
            if is_osc:
                client.put(Binary(vocabulary.state(status)), lasting=True)
                self._osc_clients += (client,)
            else:
                self._resend.set()
                self._text_clients += (client,)

    def _receive_osc(self, client: Connection) -> None:
        for message in client.messages():
            if isinstance(message, Binary):
                vocabulary.receive(message.data, SOURCE, self._controls, self._inbox, lambda said: _put(client, said))
            else:
                self._inbox.refuse(SOURCE, "a text frame at /osc, where OSC packets are expected")

    def _receive_text(self, client: Connection) -> None:
        receiver = MidiReceiver(self._received)
        for message in client.messages():
            heard = text.decode(message.data) if isinstance(message, Text) else None
            if heard is None:
                self._inbox.refuse(SOURCE, "a frame that is not such as /channel/1/noteon/60/127")
            elif (made := receiver.receive(heard)) is None:
                self._inbox.refuse(SOURCE, "a message that [websocket] input does not map")
            elif made:
                self._inbox.put(Gesture(made, SOURCE))


def _put(client: Connection, packet: bytes) -> None:
    client.put(Binary(packet), lasting=True)


def _turn_away(sock: socket.socket) -> None:
    with sock, suppress(OSError):  # it may have left before
        sock.setblocking(False)
        sock.send(FULL)
