"""`impsy monitor`, a real process: whatever arrives is shown, with what it sets or why it sets nothing."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from boards import Board
from jack import Jack
from peers import free_port, until
from server import START, OscPeer
from websockets.sync.client import connect

HOST = "127.0.0.1"


class Monitor:
    """The command with a configuration, its lines as they come."""

    def __init__(self, folder: Path, text: str = "", *arguments: str) -> None:
        self.file = folder / "mine.toml"
        self.file.write_text(text)
        self.out, self.err = folder / "out.txt", folder / "err.txt"
        self._arguments = ["-c", str(self.file), *arguments] if text else list(arguments)
        self._folder = folder

    def __enter__(self) -> "Monitor":
        with self.out.open("wb") as out, self.err.open("wb") as err:
            command = [sys.executable, START, "monitor", *self._arguments]
            self.process = subprocess.Popen(command, cwd=self._folder, stdout=out, stderr=err)
        assert until(lambda: "listening" in self.said or self.process.poll() is not None, 20)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def said(self) -> str:
        return self.err.read_text()

    def shows(self, words: str, seconds: float = 5.0) -> bool:
        return until(lambda: words in self.out.read_text(), seconds)

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(5)


@pytest.fixture
def udp() -> int:
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board(tmp_path / "tty")
    yield made
    if made.path.exists():
        made.close()


def test_osc_is_shown_with_the_controls_that_it_sets_or_why_it_sets_none(tmp_path: Path, udp: int) -> None:
    with Monitor(tmp_path, f"[osc]\nserver_port = {udp}\n[model]\ndimension = 3") as monitor:
        peer = OscPeer((HOST, udp))
        peer.send("/interface", 0.25, 1.5)
        peer.send("/interface", 0.25)
        peer.send("/impsy/mode", "battle")
        peer.send("/someone/else", 1)
        peer.send_packet(b"\xff" * 11)

        assert monitor.shows("osc         /interface 0.25 1.5  → x1 = 0.250, x2 = 1.000")
        assert monitor.shows("/interface 0.25  (/interface takes 2 numbers here)")
        assert monitor.shows("/impsy/mode battle  (a control of impsy)")
        assert monitor.shows("/someone/else 1  (an address that means nothing here")
        assert monitor.shows("11 bytes  (not OSC as impsy reads it")
        assert monitor.stop(signal.SIGINT) == 0
        peer.close()


def test_a_websocket_hears_both_dialects_mapped_or_not(tmp_path: Path) -> None:
    port = free_port()
    text = f'[websocket]\nserver_port = {port}\ninput = [["note_on", 1], ["control_change", 2, 7]]'
    with Monitor(tmp_path, text) as monitor, connect(f"ws://{HOST}:{port}/text") as words:
        words.send("/channel/2/cc/7/127")
        words.send("/channel/2/cc/8/127")
        words.send("/channel/1/noteoff/60/0")
        words.send("\x1b[2Jgarbage")
        with connect(f"ws://{HOST}:{port}/osc") as packets:
            packets.send(b"not osc at all")

            assert monitor.shows("websocket   control_change ch 2 cc 7 = 127  → x2 = 1.000")
            assert monitor.shows("control_change ch 2 cc 8 = 127  (not mapped)")
            assert monitor.shows("note_off ch 1 note 60  (")
            assert monitor.shows("?[2Jgarbage  (no frame such as")
            assert monitor.shows("14 bytes  (not OSC")
        assert monitor.stop(signal.SIGTERM) == 0


def test_lines_of_a_serial_port_are_shown_and_so_are_pulled_cables(tmp_path: Path, board: Board) -> None:
    with Monitor(tmp_path, f'[serial]\nport = "{board.path}"\n[model]\ndimension = 3') as monitor:
        board.send(b"0.5,0.25\nhello\n0.1\n")

        assert monitor.shows("serial      0.5,0.25  → x1 = 0.500, x2 = 0.250")
        assert monitor.shows("hello  (a line that is not numbers with commas between)")
        assert monitor.shows("0.1  (a line of more or fewer numbers than there are controls)")
        board.unplug()
        assert monitor.shows(f"{board.path}  not there")
        board.plug()
        assert until(lambda: monitor.out.read_text().count(f"{board.path}  heard") == 2)


def test_bytes_of_serial_midi_are_shown_even_those_that_no_mapping_can_take(tmp_path: Path, board: Board) -> None:
    text = f'[serialmidi]\nport = "{board.path}"\ninput = [["pitch_bend", 1]]\npanic = ["note_on", 10, 36]'
    with Monitor(tmp_path, text, "--json") as monitor:
        board.send(bytes.fromhex("e0 7f 7f c0 05 f8 f0 7e 01 f7 b0 07 40 99 24 64"))

        assert monitor.shows("the panic button")
        lines = [json.loads(line) for line in monitor.out.read_text().splitlines()]
    told = [(line["message"], line["sets"], line["why"]) for line in lines if line["port"] == "serialmidi"]
    assert told == [
        ("pitch_bend ch 1 = 16383", [{"control": 1, "value": 1.0}], ""),
        ("program_change ch 1 = 5", [], "not mapped"),
        ("sysex of 4 bytes f0 7e 01 f7", [], "not mapped"),
        ("control_change ch 1 cc 7 = 64", [], "not mapped"),
        ("note_on ch 10 note 36 velocity 100", [], "the panic button"),
    ]


def test_a_port_that_an_impsy_has_is_said_with_what_to_do_and_the_rest_is_heard(tmp_path: Path, udp: int) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, udp))
        with Monitor(tmp_path, f"[osc]\nserver_port = {udp}\n[websocket]\nserver_port = {port}") as monitor:
            assert f"not heard  UDP {HOST}:{udp}: in use" in monitor.said
            assert "--verbose" in monitor.said
            assert f"listening  WebSocket {HOST}:{port}" in monitor.said
        with Monitor(tmp_path, f"[osc]\nserver_port = {udp}") as monitor:
            assert monitor.process.wait(5) == 1
            assert "there is nothing to listen to" in monitor.said


def test_a_configuration_that_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    with Monitor(tmp_path, "[osc]\nserver_port = 0") as monitor:
        assert monitor.process.wait(5) == 1
        assert "[osc] server_port must be" in monitor.said


@pytest.fixture(scope="module")
def jack() -> Iterator[Jack]:
    with Jack() as server:
        yield server


@pytest.mark.slow
def test_midi_is_shown_from_devices_that_come_and_go(tmp_path: Path, jack: Jack) -> None:
    mido = pytest.importorskip("mido")
    text = (
        '[midi]\nbackend = "jack"\nin_device = "knobs"\ninput = [["control_change", 1, 1], ["control_change", 1, 74]]'
    )
    with Monitor(tmp_path, text) as monitor:
        assert monitor.shows("midi knobs  not there  (none matches")
        knobs = mido.open_output("knobs", virtual=True, client_name="gear", api="UNIX_JACK")
        assert monitor.shows("midi gear:knobs  heard")
        knobs.send(mido.Message("control_change", channel=0, control=74, value=93))
        knobs.send(mido.Message("program_change", channel=0, program=5))

        assert monitor.shows("midi gear:knobs  control_change ch 1 cc 74 = 93  → x2 = 0.732")
        assert monitor.shows("program_change ch 1 = 5  (not mapped)")
        knobs.close()
        assert monitor.shows("midi gear:knobs  not there  (unplugged")
        assert monitor.stop(signal.SIGINT) == 0


@pytest.mark.slow
def test_without_a_configuration_every_midi_input_is_heard(tmp_path: Path, jack: Jack) -> None:
    mido = pytest.importorskip("mido")
    keys = mido.open_output("keys", virtual=True, client_name="gear", api="UNIX_JACK")
    with Monitor(tmp_path) as monitor:
        assert monitor.shows("midi gear:keys  heard")
        keys.send(mido.Message("note_on", note=60, velocity=100))

        assert monitor.shows("note_on ch 1 note 60 velocity 100  (not mapped)")
        assert monitor.stop(signal.SIGTERM) == 0
    keys.close()
