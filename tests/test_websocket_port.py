"""The WebSocket port with real clients: both dialects, the page, and those who mean it ill."""

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from peers import STATUS, CollectingInbox, free_port, until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from impsy.adapters.websocket import MOST_CLIENTS, MOST_SOCKETS, WebSocketPort
from impsy.core.actions import Announce, Applied, Origin, Play, Record, Silence, Status
from impsy.core.events import Gesture, SetMode
from impsy.core.mapping import ControlEntry, NoteEntry
from impsy.core.modes import Mode, Turn
from impsy.wire.osc import Message, decode, encode

MAPPING = (NoteEntry(0), ControlEntry(1, 74))


class Server:
    """A port with its inbox, and a way to knock at it."""

    def __init__(self, **options: object) -> None:
        self.inbox = CollectingInbox()
        self.address = ("127.0.0.1", free_port())
        self.port = WebSocketPort(self.inbox, self.address, 2, **options)  # type: ignore[arg-type]
        self.port.open(STATUS)

    def connect(self, path: str = "/osc", **options: object) -> ClientConnection:
        return connect(f"ws://127.0.0.1:{self.address[1]}{path}", compression=None, **options)  # type: ignore[arg-type]

    def get(self, path: str, **headers: str) -> tuple[int, str, bytes]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.address[1]}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, response.headers["Content-Type"], response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(received=MAPPING, sent=MAPPING, origins=("null", "https://example.org"))
    yield made
    made.port.close()


def messages(packet: str | bytes) -> list[Message]:
    assert isinstance(packet, bytes)
    return [message for _, message in decode(packet)]


def play(server: Server, *values: float, origin: Origin = Origin.MODEL) -> None:
    server.port.perform(Play(1.0, values, origin, "impsy"))


def test_the_page_is_served_with_its_parts(server: Server) -> None:
    status, kind, body = server.get("/")

    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert b"<title>" in body
    assert server.get("/style.css")[:2] == (200, "text/css; charset=utf-8")
    assert server.get("/app.js?x=1")[:2] == (200, "text/javascript; charset=utf-8")
    for elsewhere in ("/nothing", "/../connection.py", "/__init__.py", "/%2e%2e/http.py"):
        assert server.get(elsewhere)[0] == 404


def test_an_osc_client_is_told_the_state_and_then_each_change(server: Server) -> None:
    with server.connect() as client:
        told = {message.address for message in messages(client.recv(2))}
        assert {"/impsy/mode", "/impsy/turn", "/impsy/dimension", "/impsy/model"} <= told

        after = Status(Mode.BATTLE, Turn.CALL, 0.01, 1.0, 1.0, 0.1, False, 3, "test model", (0.5, 0.5))
        server.port.perform(Announce(1.0, Applied(SetMode(Mode.BATTLE, "osc"), after)))

        assert messages(client.recv(2)) == [Message("/impsy/mode", ("battle",))]


def test_osc_frames_play_and_hear(server: Server) -> None:
    with server.connect() as client:
        client.recv(2)
        client.send(encode("/interface", [0.25, 0.5]))
        assert server.inbox.next() == Gesture(((0, 0.25), (1, 0.5)), "websocket")

        server.port.perform(Record(1.0, Origin.PERFORMER, (0.25, 0.5)))
        play(server, 0.5, 0.75)
        play(server, 0.25, 0.5, origin=Origin.PERFORMER)

        heard = [message for _ in range(4) for message in messages(client.recv(2))]
        assert heard == [
            Message("/monitor/in", (0.25, 0.5)),
            Message("/prediction", (0.5, 0.75)),
            Message("/monitor/out", (0.5, 0.75)),
            Message("/prediction", (0.25, 0.5)),
        ]


def test_text_frames_play_and_hear(server: Server) -> None:
    with server.connect("/anything") as client:
        client.send("/channel/2/cc/74/127")
        assert server.inbox.next() == Gesture(((1, 1.0),), "websocket")
        assert until(lambda: server.port._text_clients)

        play(server, 0.5, 0.0)
        assert [client.recv(2) for _ in range(2)] == ["/channel/1/noteon/64/127", "/channel/2/cc/74/0"]
        play(server, 0.5, 0.0)
        assert [client.recv(2) for _ in range(2)] == ["/channel/1/noteoff/64/0", "/channel/1/noteon/64/127"]
        server.port.perform(Silence(1.0, "impsy"))
        assert client.recv(2) == "/channel/1/noteoff/64/0"


def test_a_new_text_client_makes_the_next_step_send_everything(server: Server) -> None:
    with server.connect("/") as first:
        assert until(lambda: len(server.port._text_clients) == 1)
        play(server, 0.0, 0.5)
        assert [first.recv(2) for _ in range(2)][1] == "/channel/2/cc/74/64"
        with server.connect("/") as second:
            assert until(lambda: len(server.port._text_clients) == 2)
            play(server, 0.0, 0.5)
            assert "/channel/2/cc/74/64" in [second.recv(2) for _ in range(3)]


@pytest.mark.parametrize(
    "frame",
    ["", "hello", "/channel/17/cc/1/1", "/channel/1/cc/1/128", "/channel/1/noteon/60", b"\x00\xff", "\ud7ff" * 9],
)
def test_malformed_frames_change_nothing_and_close_nothing(server: Server, frame: str | bytes) -> None:
    with server.connect("/") as client:
        client.send(frame)
        client.send("/channel/2/cc/74/127")

        assert server.inbox.next() == Gesture(((1, 1.0),), "websocket")
    assert len(server.inbox.refusals) == 1


def test_text_that_is_no_utf_8_closes_nothing(server: Server) -> None:
    with server.connect("/") as client:
        client.send(b"\xff\xfe", text=True)
        client.send(["/channel/2/", "cc/74/", "127"])  # in fragments

        assert server.inbox.next() == Gesture(((1, 1.0),), "websocket")


def test_text_at_osc_and_unmapped_messages_are_only_counted(server: Server) -> None:
    with server.connect("/osc") as osc, server.connect("/") as text:
        osc.send("/channel/2/cc/74/127")
        text.send("/channel/9/cc/1/1")
        text.send("/channel/1/noteoff/60/0")

        assert until(lambda: len(server.inbox.refusals) == 2)
        assert server.inbox.is_empty()


def test_without_a_mapping_there_is_no_text_dialect() -> None:
    server = Server()

    with pytest.raises(InvalidStatus) as refused, server.connect("/"):
        pass

    assert refused.value.response.status_code == 404
    with server.connect("/osc") as client:
        assert client.recv(2)
    server.port.close()


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", ""])
def test_another_name_for_this_machine_is_turned_away(server: Server, host: str) -> None:
    assert server.get("/", Host=host)[0] == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:5001", "[::1]:80", "studio.local", socket.gethostname()])
def test_the_names_of_this_machine_are_let_in(server: Server, host: str) -> None:
    assert server.get("/", Host=host)[0] == 200


def test_foreign_pages_are_turned_away_with_the_line_to_add(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused, server.connect(origin="https://evil.example"):
        pass

    assert refused.value.response.status_code == 403
    assert b'origins = ["https://evil.example"]' in (refused.value.response.body or b"")


@pytest.mark.parametrize("origin", [None, "null", "https://example.org"])
def test_own_and_listed_origins_are_let_in(server: Server, origin: str | None) -> None:
    with server.connect(origin=origin) as client:
        assert client.recv(2)
    with server.connect(origin=f"http://127.0.0.1:{server.address[1]}") as client:
        assert client.recv(2)


def test_more_clients_than_there_is_room_for_hear_503(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_CLIENTS - 1):
            stack.enter_context(server.connect())
        with server.connect(), pytest.raises(InvalidStatus) as refused, server.connect():
            pass
        assert refused.value.response.status_code == 503

        assert until(lambda: server.port._talking < MOST_CLIENTS)
        with server.connect() as client:
            assert client.recv(2)


def test_a_storm_of_silent_connections_makes_few_threads_and_passes(server: Server) -> None:
    before = threading.active_count()
    storm = []
    for _ in range(400):
        sock = socket.create_connection(server.address)
        storm.append(sock)
    assert until(lambda: any("too many" in why for _, why in server.inbox.refusals))
    assert threading.active_count() - before <= MOST_SOCKETS
    for sock in storm:
        sock.close()

    assert until(lambda: server.port._sockets == 0)
    with server.connect() as client:
        assert client.recv(2)


def test_a_client_that_does_not_read_is_dropped_and_makes_nobody_wait(server: Server) -> None:
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(server.address)
    deaf.sendall(
        b"GET /osc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert until(lambda: server.port._osc_clients)

    with server.connect() as reader:
        heard: list[object] = []
        thread = threading.Thread(target=lambda: heard.extend(iter_until_closed(reader)))
        thread.start()
        assert until(lambda: len(server.port._osc_clients) == 2)
        slowest = 0.0
        end = time.monotonic() + 10
        while len(server.port._osc_clients) > 1 and time.monotonic() < end:
            for _ in range(100):
                started = time.perf_counter()
                play(server, 0.5, 0.5)
                slowest = max(slowest, time.perf_counter() - started)
            time.sleep(0.01)
        assert len(server.port._osc_clients) == 1
        assert any("does not read" in why for _, why in server.inbox.refusals)
        server.port.close()
        thread.join(5)
    assert len(heard) > 1000
    assert slowest < 1.0  # never the seconds that the client was blocked for
    deaf.close()


def iter_until_closed(client: ClientConnection) -> Iterator[object]:
    try:
        while True:
            yield client.recv()
    except ConnectionClosed:
        return


def test_a_crowded_outbox_keeps_the_ends_of_notes() -> None:
    server = Server(sent=(NoteEntry(0),))
    deaf = socket.create_connection(server.address)
    deaf.sendall(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert until(lambda: server.port._text_clients)

    for i in range(1500):  # crowded, and not yet hopeless
        play(server, i % 2)
    server.port.perform(Silence(1.0, "impsy"))

    received = b""
    deaf.settimeout(1)
    try:
        while data := deaf.recv(65536):
            received += data
    except TimeoutError:
        pass
    assert received.endswith((b"noteoff/127/0", b"noteoff/0/0"))
    deaf.close()
    server.port.close()


def test_at_the_end_every_client_hears_the_notes_end(server: Server) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect("/")) for _ in range(MOST_CLIENTS)]
        assert until(lambda: len(server.port._text_clients) == MOST_CLIENTS)
        play(server, 0.5, 0.5)

        server.port.perform(Silence(1.0, "impsy"))
        server.port.close()

        for client in clients:
            assert list(iter_until_closed(client))[-1] == "/channel/1/noteoff/64/0"
            assert client.close_code == 1001


def test_closing_ends_clients_at_once(server: Server) -> None:
    with server.connect() as client:
        client.recv(2)
        started = time.monotonic()
        server.port.close()
        server.port.close()

        with pytest.raises(ConnectionClosed):
            client.recv(2)
        assert time.monotonic() - started < 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_accepting_thread_comes_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    original = WebSocketPort._start_serving

    def fail_once(self: WebSocketPort, sock: socket.socket) -> None:
        monkeypatch.setattr(WebSocketPort, "_start_serving", original)
        sock.close()
        raise SystemExit  # ends a thread quietly

    monkeypatch.setattr(WebSocketPort, "_start_serving", fail_once)
    with pytest.raises(Exception), server.connect(open_timeout=1):  # noqa: B017 whatever a torn handshake is
        pass

    assert until(lambda: any("accepting thread" in why for _, why in server.inbox.refusals))
    with server.connect() as client:
        assert client.recv(2)
