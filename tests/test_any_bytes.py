"""Whatever bytes arrive, in whatever pieces: the ports neither raise nor leave anything behind."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from peers import CollectingInbox, free_port, until
from websockets.frames import Frame, Opcode

from impsy.adapters import vocabulary
from impsy.adapters.connection import CROWDED, LARGEST_MESSAGE, Binary, Connection, Message, Text
from impsy.adapters.websocket import WebSocketPort
from impsy.core.events import Gesture
from impsy.core.mapping import ControlEntry
from impsy.wire.osc import encode

HANDSHAKE = (
    b"GET /osc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PACKETS = [
    encode("/interface", [0.25, 0.5]),
    encode("/impsy/mode", ["battle"]),
    encode("/impsy/sigmatemp", [0.5]),
    encode("/impsy/state"),
    encode("/impsy/pause", [True]),
    b"#bundle\0" + bytes(7) + b"\1" + bytes([0, 0, 0, 20]) + encode("/interface", [0.25, 0.5]),
]
HEADERS = [b"Host: a", b"Host: localhost", b"Origin: \xff\xfe", b"Upgrade: websocket", b"Connection: Upgrade"]


def frame(data: bytes, opcode: Opcode = Opcode.BINARY, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def pieces(stream: bytes, cuts: list[int]) -> Iterator[bytes]:
    ends = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    yield from (stream[a:b] for a, b in pairwise(ends))


def damaged(valid: list[bytes]) -> st.SearchStrategy[bytes]:
    """Something valid, with a few bytes changed, cut out or put in."""
    edits = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=4)), max_size=4)

    def damage(data: bytes, how: list[tuple[int, int, bytes]]) -> bytes:
        for at, out, put in how:
            at %= len(data) + 1
            data = data[:at] + put + data[at + out :]
        return data

    return st.builds(damage, st.sampled_from(valid), edits)


frames = st.builds(frame, st.one_of(st.sampled_from(PACKETS), st.binary(max_size=200)), st.sampled_from(Opcode))
streams = st.lists(
    st.one_of(
        frames,
        st.binary(max_size=64),
        damaged([frame(packet) for packet in PACKETS]),
        st.builds(
            frame, st.binary(max_size=9), st.sampled_from([Opcode.CONT, Opcode.TEXT, Opcode.BINARY]), st.booleans()
        ),
    ),
    max_size=12,
).map(b"".join)
requests = st.one_of(
    st.just(HANDSHAKE),
    damaged([HANDSHAKE]),
    st.binary(max_size=300),
    st.lists(st.one_of(st.sampled_from(HEADERS), st.binary(max_size=20)), max_size=8).map(
        lambda lines: b"\r\n".join([b"GET /osc HTTP/1.1", *lines, b"", b""])
    ),
)


@given(packet=st.one_of(damaged(PACKETS), st.binary(max_size=100)))
def test_any_packet_is_understood_or_counted(packet: bytes) -> None:
    inbox, answers = CollectingInbox(), list[bytes]()

    vocabulary.receive(packet, "osc", 2, inbox, answers.append)

    while not inbox.events.empty():
        event, delay = inbox.events.get()
        assert 0.0 <= delay <= vocabulary.FURTHEST
        assert not isinstance(event, Gesture) or [index for index, _ in event.changes] == [0, 1]
    assert all("/" not in why or why.startswith("/interface takes") for _, why in inbox.refusals)


@pytest.fixture(scope="module")
def port() -> Iterator[WebSocketPort]:
    mapping = (ControlEntry(0, 1), ControlEntry(0, 2))
    made = WebSocketPort(CollectingInbox(), ("127.0.0.1", free_port()), 2, received=mapping, sent=mapping)
    yield made
    made.close()


@settings(max_examples=150)
@example(request=b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", stream=b"", cuts=[])
@example(
    request=b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: \xff\r\nUpgrade: websocket\r\n\r\n", stream=b"", cuts=[]
)
@example(request=HANDSHAKE, stream=frame(b"", Opcode.CONT), cuts=[])
@example(request=HANDSHAKE, stream=b"\x82\xff" + b"\xff" * 8, cuts=[])
@given(request=requests, stream=streams, cuts=st.lists(st.integers(0, 3000), max_size=20))
def test_any_bytes_in_any_pieces_end_quietly(
    port: WebSocketPort, request: bytes, stream: bytes, cuts: list[int]
) -> None:
    before = set(threading.enumerate())
    listener = socket.create_server(("127.0.0.1", 0))
    theirs = socket.create_connection(listener.getsockname())
    ours, _ = listener.accept()
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener, theirs:
        serving = threading.Thread(target=port._serve, args=(ours,))
        serving.start()
        try:
            for piece in pieces(request + stream, cuts):
                theirs.send(piece)
            theirs.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it did not want to hear more
        serving.join(5)

        assert not serving.is_alive()
    assert until(lambda: set(threading.enumerate()) <= before)
    assert port._talking == 0
    assert port._osc_clients == port._text_clients == ()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs sockets that keep the pieces apart")
@settings(max_examples=100)
@given(payloads=st.lists(st.binary(max_size=40), max_size=8), cuts=st.lists(st.integers(0, 600), max_size=30))
def test_valid_frames_arrive_whole_in_any_pieces(payloads: list[bytes], cuts: list[int]) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # one piece is one recv
    with ours, theirs:
        for piece in pieces(HANDSHAKE, cuts):
            theirs.send(piece)
        connection = Connection(ours)
        request = connection.request()
        assert request is not None
        assert connection.accept(request)
        for piece in pieces(b"".join(map(frame, payloads)), cuts):
            theirs.send(piece)
        theirs.shutdown(socket.SHUT_WR)

        assert list(connection.messages()) == [Binary(payload) for payload in payloads]
        connection.close()


class Talk:
    """A connection after its handshake, served in a thread; `say` speaks as the client."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair()
        self.connection = Connection(self._ours)
        self.theirs.sendall(HANDSHAKE)
        request = self.connection.request()
        assert request is not None
        assert self.connection.accept(request)
        self.heard: list[Message] = []
        self.thread = threading.Thread(target=lambda: self.heard.extend(self.connection.messages()))
        self.thread.start()

    def close(self) -> None:
        self.theirs.close()
        self.thread.join(5)
        assert not self.thread.is_alive()
        self.connection.close()


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    yield made
    made.close()


def test_empty_fragments_without_end_are_not_collected(talk: Talk) -> None:
    talk.theirs.sendall(frame(b"a", Opcode.TEXT, fin=False) + 100_000 * frame(b"", Opcode.CONT, fin=False))
    talk.theirs.sendall(frame(b"b", Opcode.CONT))

    assert until(lambda: talk.heard)
    assert talk.heard == [Text("ab")]


def test_a_message_in_fragments_is_at_most_as_large_as_one_in_a_frame(talk: Talk) -> None:
    half = bytes(LARGEST_MESSAGE // 2 + 1)
    talk.theirs.sendall(frame(half, fin=False) + frame(half, Opcode.CONT))

    talk.thread.join(5)
    assert not talk.thread.is_alive()
    assert talk.heard == []


def test_pings_of_one_who_does_not_read_do_not_pile_up(talk: Talk) -> None:
    talk.theirs.settimeout(5)
    for _ in range(200):
        talk.theirs.sendall(1000 * frame(bytes(100), Opcode.PING))

    assert talk.connection._outbox.qsize() <= CROWDED


def test_frames_that_come_with_the_request_are_heard_too() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HANDSHAKE + frame(b"early", Opcode.TEXT))
        theirs.shutdown(socket.SHUT_WR)
        connection = Connection(ours)
        request = connection.request()
        assert request is not None
        assert connection.accept(request)

        assert list(connection.messages()) == [Text("early")]
        connection.close()


def test_one_who_speaks_ever_so_slowly_is_not_listened_to_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impsy.adapters.connection.HANDSHAKE", 0.3)
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip() -> None:
        for byte in HANDSHAKE:
            if stop.wait(0.02):
                return
            theirs.send(bytes([byte]))

    dripping = threading.Thread(target=drip)
    dripping.start()
    with ours, theirs:
        with suppress(TimeoutError):  # or nothing, where the time is up between two bytes
            assert Connection(ours).request() is None
        stop.set()
        dripping.join()


@pytest.mark.parametrize("request_line", [b"hello", b"GET / HTTP/9.9", b"\x16\x03\x01\x02\x00\x01"])
def test_what_is_no_right_request_is_told_so(request_line: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(request_line + b"\r\nHost: localhost\r\n\r\n")

        assert Connection(ours).request() is None
        assert theirs.recv(1000).startswith(b"HTTP/1.1 400 ")
