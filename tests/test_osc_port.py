"""OSC over real UDP sockets, with python-osc as an independent peer."""

import math
import os
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from peers import STATUS, CollectingInbox, free_port, until
from pythonosc import osc_bundle, osc_bundle_builder, osc_message, osc_message_builder

from impsy.adapters.osc import OscPort
from impsy.core.actions import Origin, Play
from impsy.core.events import Gesture, Panic, Pause, Reset, SetMode, SetTemperature, SetThreshold, SetTimescale
from impsy.core.modes import Mode
from impsy.errors import PortError


class Peer:
    """A client with one socket, and the port that it plays into."""

    def __init__(self) -> None:
        self.inbox = CollectingInbox()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(2)
        self.server = ("127.0.0.1", free_port(socket.SOCK_DGRAM))
        self.port = OscPort(self.inbox, self.server, self.socket.getsockname(), ["/prediction", "/impsy"], 2)
        self.port.open(STATUS)

    def send(self, address: str, *arguments: object) -> None:
        self.raw(message(address, *arguments))

    def raw(self, packet: bytes) -> None:
        self.socket.sendto(packet, self.server)

    def answer(self) -> bytes:
        return self.socket.recv(65536)


def message(address: str, *arguments: object) -> bytes:
    builder = osc_message_builder.OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)  # type: ignore[arg-type]
    return builder.build().dgram


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.port.close()
    made.socket.close()


def test_a_vector_is_a_dense_gesture(peer: Peer) -> None:
    peer.send("/interface", 0.25, 1)

    assert peer.inbox.next() == Gesture(((0, 0.25), (1, 1.0)), "osc")


def test_controls_become_events(peer: Peer) -> None:
    sent = {
        ("/impsy/mode", "battle"): SetMode(Mode.BATTLE, "osc"),
        ("/impsy/sigmatemp", 0.5): SetTemperature(sigma=0.5, source="osc"),
        ("/impsy/pitemp", 2): SetTemperature(pi=2.0, source="osc"),
        ("/impsy/timescale", 0.5): SetTimescale(0.5, "osc"),
        ("/impsy/threshold", 0.25): SetThreshold(0.25, "osc"),
        ("/impsy/pause", 1.0): Pause(True, "osc"),
        ("/impsy/pause", False): Pause(False, "osc"),
        ("/impsy/reset",): Reset("osc"),
        ("/impsy/reset", 1.0): Reset("osc"),
        ("/impsy/panic",): Panic("osc"),
    }
    for words, event in sent.items():
        peer.send(*words)  # type: ignore[arg-type]

        assert peer.inbox.next() == event


@pytest.mark.parametrize(
    "packet",
    [
        message("/interface", 0.5),
        message("/interface", 0.5, 0.5, 0.5),
        message("/interface", 0.5, math.nan),
        message("/interface", 0.5, "loud"),
        message("/impsy/mode", "duet"),
        message("/impsy/timescale", "fast"),
        message("/impsy/timescale", 1.0, 2.0),
        message("/elsewhere", 1.0),
        b"/interface\0\0,fb\0" + struct.pack(">f", 0.5) + struct.pack(">i", 0),
        b"#bundle\0",
        os.urandom(50),
    ],
)
def test_what_is_not_understood_is_counted_and_nothing_else(peer: Peer, packet: bytes) -> None:
    peer.raw(packet)
    peer.send("/interface", 0.5, 0.5)

    assert peer.inbox.next() == Gesture(((0, 0.5), (1, 0.5)), "osc")
    assert len(peer.inbox.refusals) == 1


def test_a_control_without_a_value_is_a_question(peer: Peer) -> None:
    peer.send("/impsy/threshold")

    answer = osc_message.OscMessage(peer.answer())
    assert answer.address == "/impsy/threshold"
    assert answer.params == [pytest.approx(0.1)]


def test_a_gesture_without_values_asks_where_the_controls_stand(peer: Peer) -> None:
    peer.send("/interface")

    answer = osc_message.OscMessage(peer.answer())
    assert (answer.address, answer.params) == ("/interface", [0.25, 0.75])
    assert peer.inbox.is_empty()


def test_state_is_one_bundle_that_tells_all(peer: Peer) -> None:
    peer.send("/impsy/state")

    told = {part.address: part.params for part in osc_bundle.OscBundle(peer.answer())}  # type: ignore[union-attr]
    assert told == {
        "/impsy/mode": ["callresponse"],
        "/impsy/sigmatemp": [pytest.approx(0.01)],
        "/impsy/pitemp": [1.0],
        "/impsy/timescale": [1.0],
        "/impsy/threshold": [pytest.approx(0.1)],
        "/impsy/pause": [0],
        "/impsy/turn": ["call"],
        "/impsy/dimension": [3],
        "/impsy/model": ["test model"],
    }


def test_a_play_goes_out_under_every_address(peer: Peer) -> None:
    peer.port.perform(Play(1.0, (0.25, 0.75), Origin.MODEL, "impsy"))

    heard = [osc_message.OscMessage(peer.answer()) for _ in range(2)]
    assert [part.address for part in heard] == ["/prediction", "/impsy"]
    assert heard[0].params == [0.25, 0.75]


@pytest.mark.parametrize(("ahead", "wait"), [(1.0, True), (-5.0, False), (3600.0, False)])
def test_a_timetag_is_kept_if_it_is_near(peer: Peer, ahead: float, wait: bool) -> None:
    bundle = osc_bundle_builder.OscBundleBuilder(time.time() + ahead)  # type: ignore[arg-type]
    bundle.add_content(osc_message.OscMessage(message("/interface", 0.5, 0.5)))  # type: ignore[arg-type]
    peer.raw(bundle.build().dgram)

    _, delay = peer.inbox.events.get(timeout=2)

    assert delay == (pytest.approx(ahead, abs=0.2) if wait else 0.0)


def test_order_is_kept_under_a_burst(peer: Peer) -> None:
    for i in range(500):
        peer.send("/interface", i / 500, 0.5)

    values = [peer.inbox.next().changes[0][1] for _ in range(500)]  # type: ignore[union-attr]
    assert values == sorted(values)


def test_nobody_listening_is_no_error() -> None:
    inbox = CollectingInbox()
    nobody = ("127.0.0.1", free_port(socket.SOCK_DGRAM))
    port = OscPort(inbox, ("127.0.0.1", free_port(socket.SOCK_DGRAM)), nobody, ["/prediction"], 2)
    port.open(STATUS)

    for _ in range(20):
        port.perform(Play(1.0, (0.25, 0.75), Origin.MODEL, "impsy"))
        time.sleep(0.001)

    assert inbox.refusals == []
    port.close()


def test_a_port_in_use_says_what_to_do() -> None:
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", 0))

    with pytest.raises(PortError, match="in use by another program"):
        OscPort(CollectingInbox(), taken.getsockname(), ("127.0.0.1", 1), ["/prediction"], 2)
    taken.close()


def test_a_host_that_is_not_there_is_said_and_the_rest_goes_on() -> None:
    inbox = CollectingInbox()
    port = OscPort(inbox, ("127.0.0.1", free_port(socket.SOCK_DGRAM)), ("no-such.invalid", 1), ["/prediction"], 2)
    port.open(STATUS)

    port.perform(Play(1.0, (0.25, 0.75), Origin.MODEL, "impsy"))

    assert until(lambda: any("no-such.invalid" in why for _, why in inbox.refusals))
    port.close()


def test_every_address_that_means_this_machine_is_heard_here() -> None:
    for word in ("", "0.0.0.0", "localhost"):
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(2)
        server = ("127.0.0.1", free_port(socket.SOCK_DGRAM))
        port = OscPort(CollectingInbox(), server, (word, listener.getsockname()[1]), ["/prediction"], 2)
        port.open(STATUS)
        assert until(lambda port=port: port._client._found is not None)  # type: ignore[misc]

        port.perform(Play(1.0, (0.25, 0.75), Origin.MODEL, "impsy"))

        assert osc_message.OscMessage(listener.recv(1000)).params == [0.25, 0.75]
        port.close()
        listener.close()


def test_closing_ends_the_receiving_thread_and_frees_the_port() -> None:
    server = ("127.0.0.1", free_port(socket.SOCK_DGRAM))
    for _ in range(3):
        port = OscPort(CollectingInbox(), server, ("127.0.0.1", 1), ["/prediction"], 2)
        port.open(STATUS)
        port.close()
        port.close()
