"""Real performances over serial ports: every mode, every ending, pulled cables, deaf devices and rubbish."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import floor
from pathlib import Path

import pytest
from boards import Board, sounding
from peers import until
from server import Server

from impsy.core.midi import ControlChange, MidiMessage, NoteOff, NoteOn
from impsy.core.modes import Mode
from impsy.wire.lines import LineSplitter, decode
from impsy.wire.midi_bytes import MidiStream, encode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "openpty"), reason="pseudo-terminals are needed"),
]

NOTES = [["note_on", 1], ["control_change", 2, 74]]
KNOBS = [["control_change", 1, 1], ["control_change", 1, 2]]
THRU = {"mode": "useronly", "input_thru": True}
RATE = 500  # gestures a second


class Ensemble(ExitStack):
    """A board that prints numbers, a board that speaks MIDI, and the impsy between them."""

    def __init__(self, folder: Path, *, plugged: bool = True, **interaction: object) -> None:
        super().__init__()
        self.numbers = Board(folder / "numbers", plugged=plugged)
        self.midi = Board(folder / "midi", plugged=plugged)
        self.callback(self.numbers.close)
        self.callback(self.midi.close)
        self.server = self.enter_context(
            Server(
                folder,
                interaction=interaction or THRU,
                serial={"port": str(self.numbers.path)},
                serialmidi={
                    "port": str(self.midi.path),
                    "input": KNOBS,
                    "output": NOTES,
                    "panic": ["control_change", 16, 1],
                },
            )
        )
        self.player = self.server.osc()
        if plugged:
            time.sleep(0.3)  # it does not say when it listens

    def has_row(self, *values: float, seconds: float = 5.0) -> bool:
        return until(lambda: values in [row.values for row in self.server.rows("interface")], seconds)

    def hears_line(self, *values: float, seconds: float = 5.0) -> bool:
        lines = LineSplitter()
        return until(lambda: values in map(decode, lines.feed(self.numbers.drain(0.01))), seconds)

    def hears(self, message: MidiMessage, seconds: float = 5.0) -> bool:
        stream = MidiStream()
        return until(lambda: message in stream.feed(self.midi.drain(0.01)), seconds)


@pytest.fixture
def ensemble(tmp_path: Path) -> Iterator[Ensemble]:
    with Ensemble(tmp_path) as made:
        yield made


class Stream(threading.Thread):
    """Somebody who plays `RATE` gestures a second over OSC, each unlike all others."""

    def __init__(self, ensemble: Ensemble) -> None:
        super().__init__()
        self._player = ensemble.server.osc()
        self._stopped = threading.Event()
        self.sent: list[tuple[float, ...]] = []

    def __enter__(self) -> "Stream":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        started = time.perf_counter()
        while not self._stopped.is_set():
            values = (len(self.sent) % 4096 / 4096, 0.25)
            self._player.send("/interface", *values)
            self.sent.append(values)
            time.sleep(max(started + len(self.sent) / RATE - time.perf_counter(), 0.0))


def test_what_boards_send_is_logged_in_every_mode(ensemble: Ensemble) -> None:
    for number, mode in enumerate(Mode, 1):
        ensemble.player.send("/impsy/mode", mode)
        assert until(lambda mode=mode: ensemble.player.ask() == mode)  # type: ignore[misc]
        first, second = number / 10, number / 8

        ensemble.numbers.send(f"{first},{second}\n".encode())
        assert ensemble.has_row(first, second)
        ensemble.midi.send(encode(ControlChange(0, 2, number)))
        assert ensemble.has_row(first, number / 127)


def test_what_is_played_is_heard_on_both_boards(ensemble: Ensemble) -> None:
    ensemble.player.send("/interface", 0.5, 1.0)

    assert ensemble.numbers.hear(14) == b"0.5000,1.0000\n"
    assert MidiStream().feed(ensemble.midi.hear(6)) == [NoteOn(0, 64, 127), ControlChange(1, 74, 127)]


@pytest.mark.parametrize("mode", ["battle", "polyphony", "callresponse"])
def test_the_model_is_heard_on_both_boards(tmp_path: Path, mode: str) -> None:
    with Ensemble(tmp_path, mode=mode) as ensemble:
        ensemble.midi.send(encode(ControlChange(0, 1, 64)))

        assert until(lambda: ensemble.server.rows("rnn"))
        played = ensemble.server.rows("rnn")[0].values
        assert ensemble.numbers.hear(14) == "{:.4f},{:.4f}\n".format(*played).encode()
        (note,) = MidiStream().feed(ensemble.midi.hear(3))
        assert note == NoteOn(0, floor(127 * played[0] + 0.5), 127)


def panic_by_osc(ensemble: Ensemble) -> None:
    ensemble.player.send("/impsy/panic")


def panic_by_midi(ensemble: Ensemble) -> None:
    ensemble.midi.send(encode(ControlChange(15, 1, 127)))


def end_by(number: int) -> Callable[[Ensemble], None]:
    return lambda ensemble: ensemble.server.send_signal(number)


@pytest.mark.parametrize(
    "end",
    [panic_by_osc, panic_by_midi, *map(end_by, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))],
    ids=["osc", "button", "SIGTERM", "SIGINT", "SIGHUP"],
)
def test_notes_end_whatever_ends_them(ensemble: Ensemble, end: Callable[[Ensemble], None]) -> None:
    ensemble.player.send("/interface", 0.5, 1.0)
    before = MidiStream().feed(ensemble.midi.hear(6))
    assert sounding(before) == {(0, 64)}

    end(ensemble)

    heard = MidiStream().feed(ensemble.midi.hear(3) + ensemble.midi.drain())
    assert heard[0] == NoteOff(0, 64)
    assert heard.count(NoteOff(0, 64)) == 1
    if end in (panic_by_osc, panic_by_midi):
        assert heard[1:] == [ControlChange(channel, cc, 0) for channel in (0, 1) for cc in (120, 123)]
        assert ensemble.server.stop() == 0
    else:
        assert ensemble.server.process.wait(5) == 0
    assert "Traceback" not in ensemble.server.stderr


def test_pulled_cables_disturb_nobody_and_playing_goes_on_when_they_are_back(ensemble: Ensemble) -> None:
    with Stream(ensemble) as stream:
        time.sleep(0.5)
        for board in (ensemble.numbers, ensemble.midi):
            board.unplug()
            assert ensemble.server.says(f"lost       {board.path}: the connection has gone")
            time.sleep(0.5)
            board.plug()
            assert len(board.hear(14, 2.0)) == 14
            assert ensemble.server.says(f"found      {board.path}", 0.5)
        ensemble.numbers.send(b"0.125,0.0625\n")
        assert ensemble.has_row(0.125, 0.0625)
        ensemble.midi.send(encode(ControlChange(0, 2, 99)))
        assert until(lambda: 99 / 127 in [row.values[1] for row in ensemble.server.rows("interface")])

    assert until(lambda: [r.values for r in ensemble.server.rows("interface") if r.values[1] == 0.25] == stream.sent)
    assert ensemble.server.stop() == 0
    devices = [entry for entry in ensemble.server.record() if entry["what"] == "device"]
    assert [bool(entry["lost"]) for entry in devices] == [True, False, True, False]


def test_a_note_that_sounded_when_the_cable_was_pulled_ends_when_it_is_back(ensemble: Ensemble) -> None:
    ensemble.player.send("/interface", 0.5, 1.0)
    assert len(ensemble.midi.hear(6)) == 6
    ensemble.midi.unplug()
    assert ensemble.server.says("lost ")
    ensemble.player.send("/interface", 0.25, 0.0)
    assert ensemble.has_row(0.25, 0.0)

    ensemble.midi.plug()

    heard = MidiStream().feed(ensemble.midi.hear(12))
    assert heard[:3] == [NoteOff(0, 64), ControlChange(0, 123, 0), ControlChange(1, 123, 0)]
    assert heard[3] == ControlChange(1, 74, 0)


def test_boards_that_come_later_are_played(tmp_path: Path) -> None:
    with Ensemble(tmp_path, plugged=False) as ensemble:
        assert ensemble.server.says(f"lost       {ensemble.midi.path}: not there; ")
        ensemble.player.send("/interface", 0.5, 1.0)
        assert ensemble.has_row(0.5, 1.0)

        ensemble.midi.plug()
        ensemble.numbers.plug()

        assert ensemble.hears(ControlChange(1, 74, 127), 2.0)
        assert ensemble.numbers.hear(14, 2.0) == b"0.5000,1.0000\n"


def test_boards_that_never_read_delay_nobody(ensemble: Ensemble) -> None:
    """Five seconds at 500 gestures: more than a pseudo-terminal and the line hold."""
    with Stream(ensemble) as stream:
        slowest = 0.0
        end = time.monotonic() + 5.0
        while time.monotonic() < end:
            asked = time.monotonic()
            assert ensemble.player.ask() == "useronly"
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.02)

    assert slowest < 0.25
    assert until(lambda: [row.values for row in ensemble.server.rows("interface")] == stream.sent)
    began = time.monotonic()
    assert ensemble.server.stop() == 0
    assert time.monotonic() - began < 2.0


def test_a_board_that_wakes_up_hears_where_everything_stands(ensemble: Ensemble) -> None:
    with Stream(ensemble):
        time.sleep(4.5)
    heard = []
    stream = MidiStream()
    ensemble.player.send("/interface", 0.5, 1.0)

    assert until(lambda: heard.extend(stream.feed(ensemble.midi.drain(0.1))) or ControlChange(1, 74, 127) in heard)
    assert ensemble.hears_line(0.5, 1.0)
    ensemble.player.send("/impsy/panic")
    assert until(lambda: heard.extend(stream.feed(ensemble.midi.drain(0.1))) or ControlChange(1, 120, 0) in heard)
    assert sounding(heard) == set()


def test_a_megabyte_of_rubbish_leaves_it_alive(ensemble: Ensemble) -> None:
    chance = random.Random(3)
    before = ensemble.server.memory()
    senders = [
        threading.Thread(target=board.send, args=(chance.randbytes(500_000),), daemon=True)
        for board in (ensemble.numbers, ensemble.midi)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)

    ensemble.numbers.send(b"\n0.125,0.0625\n")
    assert ensemble.has_row(0.125, 0.0625)
    ensemble.midi.send(encode(ControlChange(0, 2, 99)))
    assert until(lambda: ensemble.server.rows("interface")[-1].values[1] == 99 / 127)
    assert ensemble.server.memory() - before < 8.0
    assert ensemble.server.stop() == 0
    assert {entry["source"] for entry in ensemble.server.record() if entry["what"] == "refusals"} == {
        "serial",
        "serialmidi",
    }
    assert "Traceback" not in ensemble.server.stderr


def test_serialmidi_gets_a_port_that_both_name(tmp_path: Path) -> None:
    board = Board(tmp_path / "board")
    port = {"port": str(board.path)}
    with Server(tmp_path, interaction=THRU, serial=port, serialmidi={**port, "input": KNOBS}) as server:
        assert server.says("[serialmidi] gets it")
        time.sleep(0.3)

        board.send(encode(ControlChange(0, 2, 127)))

        assert until(lambda: server.values("interface") == [[0.5, 1.0]])
        assert "lost" not in server.stderr
    board.close()
