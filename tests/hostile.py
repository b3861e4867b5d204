"""What an attacker sends: seeded packets, frames, requests; and a performer who plays on meanwhile."""

import random
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

from peers import CollectingInbox
from server import OscPeer, Server
from websockets.frames import Frame, Opcode

from impsy.adapters import vocabulary
from impsy.core.events import Gesture
from impsy.wire.osc import Message, encode, encode_bundle

CONTROLS = 2
MARK = struct.unpack(">f", struct.pack(">f", 0.123456))[0]  # the performer's second control; nobody else's
RATE = 100.0  # gestures a second

GESTURE = encode("/interface", [0.25, 0.5])
VALID = [
    GESTURE,
    encode("/interface", [-3.0, 1e30]),
    encode("/interface", [1, 2**40]),
    encode("/interface", [True, False]),
    encode("/impsy/state"),
    encode("/impsy/threshold"),
    encode("/impsy/sigmatemp", [-1.0]),
    encode("/impsy/mode", ["disco"]),
    encode_bundle([Message("/interface", (0.5, 0.5)), Message("/interface", (0.5, 0.75))]),
]
TEXTS = ["/channel/9/cc/1/64", "/channel/16/noteon/60/127", "/channel/3/pitchbend/16383", "/channel/1/noteoff/60/0"]


class Performer:
    """Plays `RATE` gestures a second in a thread, each unlike all others, and asks something every tenth."""

    def __init__(self, server: Server) -> None:
        self._peer = server.osc()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play)
        self.sent: list[tuple[float, tuple[float, ...]]] = []  # (perf_counter, values)
        self.asked = self.answered = 0
        self.slowest = 0.0  # seconds until an answer
        self._asked_at = 0.0

    def __enter__(self) -> "Performer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def values(self) -> list[tuple[float, ...]]:
        return [values for _, values in self.sent]

    def _play(self) -> None:
        start = time.perf_counter()
        while not self._stop.is_set():
            number = len(self.sent)
            values = (number % 65_536 / 65_536, MARK)
            try:
                self.sent.append((time.perf_counter(), values))
                self._peer.send("/interface", *values)
                if number % 10 == 0 and self.answered == self.asked:
                    self._asked_at = time.perf_counter()
                    self.asked += 1
                    self._peer.send("/impsy/threshold")
            except OSError:  # it has ended
                return
            while (wait := start + (number + 1) / RATE - time.perf_counter()) > 0 and not self._stop.is_set():
                self._hear(wait)
        end = time.perf_counter() + 2.0
        while self.answered < self.asked and time.perf_counter() < end:
            self._hear(0.1)

    def _hear(self, seconds: float) -> None:
        try:
            self._peer.receive(max(seconds, 0.001))
        except TimeoutError:
            return
        except OSError:
            time.sleep(seconds)
            return
        self.answered += 1
        self.slowest = max(self.slowest, time.perf_counter() - self._asked_at)


def gestures(packet: bytes) -> list[tuple[float, ...]] | None:
    """The rows that a packet is worth; None when it holds a control that would be obeyed."""
    inbox = CollectingInbox()
    vocabulary.receive(packet, "osc", CONTROLS, inbox, lambda _: None)
    rows = []
    while not inbox.events.empty():
        event, _ = inbox.events.get()
        if isinstance(event, Gesture):
            rows.append(tuple(min(max(value, 0.0), 1.0) for _, value in event.changes))
        elif packet not in VALID:
            return None
    return rows


def packets(chance: random.Random, number: int) -> Iterator[bytes]:
    """Random, truncated and malicious OSC packets, none of which is a control to be obeyed."""
    makers: list[Callable[[random.Random], bytes]] = [
        lambda r: r.randbytes(r.randrange(200)),
        lambda r: r.choice(VALID),
        lambda r: damaged(r, r.choice(VALID)),
        lambda r: damaged(r, r.choice(VALID)),
        lambda r: (whole := r.choice(VALID))[: r.randrange(len(whole))],
        lambda r: nested(r.choice(VALID), r.randrange(1, 40)),
        lambda r: bundled(r.choice(VALID), length=r.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, r.getrandbits(32)])),
        lambda r: bundled(GESTURE, time=r.getrandbits(64)),
        lambda r: b"/interface\0\0," + b"f" * r.randrange(300) + bytes(r.randrange(1, 300)),
        lambda r: b"/" + r.randbytes(7) + b"\0\0\0\0" + r.randbytes(r.randrange(40)),
        lambda r: b"/interface\0\0,ff\0" + struct.pack(">ff", *r.choices([float("nan"), float("inf"), 0.5], k=2)),
        lambda r: b"#bundle\0" * r.randrange(1, 100),
    ]
    rare: list[Callable[[random.Random], bytes]] = [
        lambda r: b"/" * 60_000,
        lambda r: nested(b"", 3000),
        lambda r: b"/interface\0\0," + b"i" * 50_000,
        lambda r: encode_bundle([Message("/impsy/threshold", ("x" * 60_000,))]),
        lambda r: b"#bundle\0" + bytes(8) + bytes(60_000),
    ]
    made = 0
    while made < number:
        packet = chance.choice(rare if chance.random() < 0.01 else makers)(chance)
        if packet and gestures(packet) is not None:
            made += 1
            yield packet


def damaged(chance: random.Random, data: bytes) -> bytes:
    """With a few bytes changed, cut out or put in."""
    edited = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(edited) + 1)
        edited[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(4))
    return bytes(edited)


def bundled(packet: bytes, time: int = 1, length: int | None = None) -> bytes:
    return b"#bundle\0" + struct.pack(">QI", time, len(packet) if length is None else length) + packet


def nested(packet: bytes, depth: int) -> bytes:
    for _ in range(depth):
        packet = bundled(packet)
    return packet


def send_packets(peer: OscPeer, hostile: Iterator[bytes]) -> Counter[tuple[float, ...]]:
    """Send all, at the pace at which they are read (UDP loses what is not); the rows that they are worth."""
    worth: Counter[tuple[float, ...]] = Counter()
    waiting = 0
    for packet in hostile:
        worth.update(gestures(packet) or [])
        peer.send_packet(packet)
        waiting += 1000 + len(packet)
        if waiting > 60_000:
            peer.ask("/impsy/threshold")
            peer.drain()
            waiting = 0
    return worth


def frames(chance: random.Random, number: int, worth: set[tuple[float, ...]]) -> list[bytes]:
    """Hostile WebSocket frames for either dialect; adds to `worth` the rows that they may be worth.

    No gesture is among those that are damaged after framing: under another mask it would become any other.
    """

    def osc(r: random.Random) -> bytes:
        packet = next(packets(r, 1))
        worth.update(gestures(packet) or [])
        return frame(packet)

    kinds: list[Callable[[random.Random], bytes]] = [
        osc,
        osc,
        lambda r: frame(r.choice(TEXTS).encode(), Opcode.TEXT),
        lambda r: frame(r.choice(TEXTS).encode()[: r.randrange(12)], Opcode.TEXT),
        lambda r: frame(r.randbytes(r.randrange(100)), Opcode.TEXT),
        lambda r: frame(GESTURE[:5], fin=False) + frame(b"", Opcode.CONT, fin=False) + frame(GESTURE[5:], Opcode.CONT),
        lambda r: frame(r.randbytes(r.randrange(126)), r.choice([Opcode.PING, Opcode.PONG])),
        lambda r: frame(bytes(65_536)),
    ]
    deadly: list[Callable[[random.Random], bytes]] = [  # after these the protocol ends the connection
        lambda r: damaged(r, frame(encode("/impsy/threshold"))),
        lambda r: r.randbytes(r.randrange(1, 60)),
        lambda r: b"\x82\xff" + r.choice([b"\xff" * 8, b"\x7f" + b"\xff" * 7, struct.pack(">Q", 1 << 32)]),
        lambda r: bytes([0x83 + r.randrange(5), 0x80]) + bytes(4),  # a reserved opcode
        lambda r: b"\x82\x05hello",  # not masked
        lambda r: b"\x09\x80" + bytes(4),  # a control frame in fragments
        lambda r: frame(b"x", Opcode.CONT),
        lambda r: frame(bytes(65_536), fin=False) + frame(b"x", Opcode.CONT),
        lambda r: frame(r.randbytes(2), Opcode.CLOSE),
        lambda r: b"\xf2\x80" + bytes(4),  # reserved bits
    ]
    return [chance.choice(deadly if chance.random() < 0.005 else kinds)(chance) for _ in range(number)]


def frame(data: bytes, opcode: Opcode = Opcode.BINARY, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def handshake(path: str = "/osc", **headers: str) -> bytes:
    usual = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    } | headers
    return "\r\n".join([f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in usual.items()), "", ""]).encode("latin-1")


def requests(chance: random.Random, number: int) -> Iterator[bytes]:
    """HTTP, more or less."""
    fixed = [
        b"",
        b"\r\n\r\n",
        b"GET",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: \xff\xfe\r\nUpgrade: websocket\r\n\r\n",
        b"GET /" + b"x" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 10_000,
        b"GET / HTTP/1.1\r\nHost: " + b"l" * 100_000,
        b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # somebody speaks TLS
        *(f"{verb} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n123456789".encode() for verb in VERBS),
        handshake(**{"Sec-WebSocket-Key": "short"}),
        handshake(**{"Sec-WebSocket-Version": "8"}),
        handshake(Connection="close"),
        handshake(**{"Sec-WebSocket-Extensions": "permessage-deflate; nonsense=\xff"}),
        handshake(Upgrade="websocket\r\nUpgrade: websocket"),
        handshake(**{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: AAAA"}),
    ]
    for _ in range(number):
        yield chance.choice([*fixed, damaged(chance, handshake()), chance.randbytes(chance.randrange(500))])


VERBS = ("POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
