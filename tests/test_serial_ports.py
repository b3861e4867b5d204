"""Both serial ports over real pseudo-terminals: what comes, what goes, cables that are pulled, devices that sleep."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from boards import Board, sounding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peers import STATUS, CollectingInbox, until

from impsy.adapters import serial_line
from impsy.adapters.build import build_ports
from impsy.adapters.serial import BEHIND, SerialPort
from impsy.adapters.serial_midi import SerialMidiPort
from impsy.adapters.serial_system import MissingPort, OpenPort
from impsy.config.load import parse_config
from impsy.core.actions import DeviceFound, DeviceLost, Origin, Play, Silence, Status
from impsy.core.events import Gesture, Panic
from impsy.core.mapping import BendEntry, ControlButton, ControlEntry, NoteEntry
from impsy.core.midi import ControlChange, MidiMessage, NoteOff, NoteOn, PitchBend
from impsy.errors import PortError
from impsy.wire.lines import Unreadable
from impsy.wire.midi_bytes import MidiStream, encode

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="pseudo-terminals are needed")

SAID = (NoteEntry(0), ControlEntry(1, 74))
HEARD = (ControlEntry(0, 1), BendEntry(0))


class Inbox(CollectingInbox):
    """Replies to questions in the engine's stead: whoever asks holds it while it does."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = threading.RLock()

    def ask(self, reply: Callable[[Status], None]) -> bool:
        with self.engine:
            return super().ask(reply)


class Bench:
    """A board, a port that plays it, and an inbox that answers at once."""

    def __init__(self, folder: Path, make: Callable[[Inbox, str], SerialPort | SerialMidiPort]) -> None:
        self.inbox = Inbox()
        self.board = Board(folder / "board")
        self.port = make(self.inbox, str(self.board.path))

    def open(self) -> None:
        self.port.open(STATUS)
        assert until(lambda: self.port._line._port)

    def play(self, *values: float, at: float = 1.0) -> None:
        with self.inbox.engine:
            self.port.perform(Play(at, values, Origin.MODEL, "impsy"))

    def silence(self, *, everything: bool = False) -> None:
        with self.inbox.engine:
            self.port.perform(Silence(1.0, "impsy", everything))

    def lose(self) -> None:
        self.board.unplug()
        assert until(lambda: any(isinstance(what, DeviceLost) for what in self.inbox.news))
        self.inbox.news.clear()

    def find(self) -> None:
        self.board.plug()
        assert until(lambda: DeviceFound(str(self.board.path)) in self.inbox.news)

    def midi(self, messages: int) -> list[MidiMessage]:
        """At least so many messages of three bytes, and those that come soon behind."""
        return MidiStream().feed(self.board.hear(3 * messages) + self.board.drain())

    def close(self) -> None:
        self.port.close()
        self.board.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_line, "AGAIN", 0.05)


@pytest.fixture
def numbers(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, lambda inbox, path: SerialPort(inbox, path, 115200, 2))
    yield bench
    bench.close()


@pytest.fixture
def midi(tmp_path: Path) -> Iterator[Bench]:
    panic = ControlButton(9, 64)
    bench = Bench(tmp_path, lambda inbox, path: SerialMidiPort(inbox, path, received=HEARD, sent=SAID, panic=panic))
    yield bench
    bench.close()


# -- lines of numbers


def test_a_line_is_a_dense_gesture(numbers: Bench) -> None:
    numbers.open()

    numbers.board.send(b"0.25, 1\r\n")

    assert numbers.inbox.next() == Gesture(((0, 0.25), (1, 1.0)), "serial")


def test_what_is_played_is_a_line(numbers: Bench) -> None:
    numbers.open()

    numbers.play(0.25, 1 / 3)

    assert numbers.board.hear(14) == b"0.2500,0.3333\n"


def test_what_is_no_vector_is_counted_and_nothing_else(numbers: Bench) -> None:
    numbers.open()

    numbers.board.send(b"rst:0x1 (POWERON)\n0.5\nnan,0\n\xff,0\n" + b"0.5," * 2000 + b"\n0.5,0.25\n")

    assert numbers.inbox.next() == Gesture(((0, 0.5), (1, 0.25)), "serial")
    assert numbers.inbox.refusals == [
        ("serial", why)
        for why in (
            Unreadable.NO_NUMBERS,
            Unreadable.WRONG_COUNT,
            Unreadable.NOT_FINITE,
            Unreadable.NO_TEXT,
            Unreadable.TOO_LONG,
        )
    ]


def test_a_line_that_had_begun_before_we_listened_is_passed_over(numbers: Bench) -> None:
    numbers.port.begin(b"5,0.25\n0.5")
    numbers.port.feed(b",0.75\n")

    assert numbers.inbox.next() == Gesture(((0, 0.5), (1, 0.75)), "serial")
    assert numbers.inbox.is_empty()


def test_a_device_that_never_reads_hears_the_newest_when_it_does(numbers: Bench) -> None:
    numbers.open()
    started = time.perf_counter()

    for i in range(2000):
        numbers.play(i / 2000, 0.5)
    assert time.perf_counter() - started < 1.0  # the engine does not wait: carried, they would take 2.4 s
    assert numbers.port._line.waiting < 20
    assert ("serial", BEHIND) in numbers.inbox.refusals

    heard = numbers.board.drain(0.2).splitlines()
    assert heard[-1] == b"0.9995,0.5000"
    assert len(heard) < 100


# -- lines that come and go


def test_a_device_that_is_not_there_is_said_once_with_what_there_is(numbers: Bench) -> None:
    numbers.board.unplug()
    numbers.port.open(STATUS)
    time.sleep(0.3)

    (lost,) = numbers.inbox.news
    assert isinstance(lost, DeviceLost)
    assert lost.device == str(numbers.board.path)
    assert lost.why.startswith("not there; ")
    assert "found" in lost.why


def test_a_device_that_returns_is_told_where_everything_stands(numbers: Bench) -> None:
    numbers.open()
    numbers.play(0.25, 0.75)
    numbers.lose()
    numbers.play(0.5, 1.0)

    numbers.find()
    assert numbers.board.hear(14) == b"0.5000,1.0000\n"

    numbers.board.send(b"0.5,0.25\n")
    assert numbers.inbox.next() == Gesture(((0, 0.5), (1, 0.25)), "serial")


def test_half_a_line_from_before_a_loss_is_no_part_of_the_next(numbers: Bench) -> None:
    numbers.open()
    numbers.board.send(b"0.9")
    time.sleep(0.05)
    numbers.lose()
    numbers.find()

    numbers.board.send(b"0.5,0.25\n")

    assert numbers.inbox.next() == Gesture(((0, 0.5), (1, 0.25)), "serial")


def test_a_port_that_another_program_holds_says_so_and_is_watched_for(numbers: Bench) -> None:
    other = OpenPort(str(numbers.board.path), 115200)
    numbers.port.open(STATUS)
    assert until(lambda: numbers.inbox.news)
    assert "in use by another program" in numbers.inbox.news[0].why  # type: ignore[union-attr]

    other.close()

    assert until(lambda: DeviceFound(str(numbers.board.path)) in numbers.inbox.news)


def test_another_hindrance_that_stays_is_said_too(numbers: Bench) -> None:
    numbers.board.unplug()
    numbers.port.open(STATUS)
    assert until(lambda: numbers.inbox.news)

    numbers.board.path.write_text("no serial port at all")

    assert until(lambda: len(numbers.inbox.news) == 2)
    assert numbers.inbox.news[1] == DeviceLost(str(numbers.board.path), "no serial port")


def test_a_port_that_cannot_be_opened_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingPort, match="not there"):
        OpenPort(str(tmp_path / "nothing"), 115200)
    with pytest.raises(PortError, match="no serial port"):
        OpenPort("/dev/null", 115200)


# -- MIDI


def test_messages_become_gestures_however_they_come(midi: Bench) -> None:
    midi.open()

    for byte in bytes.fromhex("b0 017f f8 0100 f0 7e f8 01 f7 e0 00 fe 40 90 3c40"):
        midi.board.send(bytes([byte]))

    heard = [midi.inbox.next() for _ in range(3)]
    assert heard == [
        Gesture(((index, value),), "serialmidi") for index, value in ((0, 1.0), (0, 0.0), (1, 8192 / 16383))
    ]
    assert until(lambda: midi.inbox.refusals == [("serialmidi", "a message that [serialmidi] input does not map")])


def test_a_panic_button_is_heard(midi: Bench) -> None:
    midi.open()

    midi.board.send(encode(ControlChange(9, 64, 127)))

    assert midi.inbox.next() == Panic("serialmidi")


def test_what_is_played_is_midi_and_notes_end(midi: Bench) -> None:
    midi.open()

    midi.play(0.5, 1.0)
    assert midi.midi(2) == [NoteOn(0, 64, 127), ControlChange(1, 74, 127)]
    midi.silence()
    assert midi.midi(1) == [NoteOff(0, 64)]
    midi.silence(everything=True)
    assert midi.midi(4) == [ControlChange(channel, cc, 0) for channel in (0, 1) for cc in (120, 123)]


def test_a_gate_ends_a_note(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lambda inbox, path: SerialMidiPort(inbox, path, sent=(NoteEntry(0, gate=0.5),)))
    with ExitStack() as stack:
        stack.callback(bench.close)
        bench.open()
        bench.play(0.5, at=2.0)
        assert isinstance(bench.port, SerialMidiPort)

        assert bench.port.next_deadline() == 2.5
        bench.port.advance(2.5)

        assert bench.midi(2) == [NoteOn(0, 64, 127), NoteOff(0, 64)]
        assert bench.port.next_deadline() is None


def test_notes_that_sounded_when_the_cable_was_pulled_end_when_it_is_back(midi: Bench) -> None:
    midi.open()
    midi.play(0.5, 1.0)
    assert len(midi.midi(2)) == 2
    midi.lose()
    midi.play(0.75, 0.0)

    midi.find()

    assert midi.midi(4) == [
        NoteOff(0, 64),
        ControlChange(0, 123, 0),
        ControlChange(1, 123, 0),
        ControlChange(1, 74, 0),
    ]


def test_a_panic_that_a_lost_device_missed_is_told_when_it_is_back(midi: Bench) -> None:
    midi.open()
    midi.lose()
    midi.silence(everything=True)

    midi.find()

    assert ControlChange(0, 120, 0) in midi.midi(6)


def test_a_device_that_never_reads_delays_nobody_and_no_note_hangs(midi: Bench) -> None:
    midi.open()
    started = time.perf_counter()

    for i in range(3000):
        midi.play(i % 100 / 100, i / 3000)
    assert time.perf_counter() - started < 1.0  # the engine does not wait: carried, they would take 8.6 s
    assert midi.port._line.waiting < 80

    midi.silence()
    heard = midi.midi(60)
    assert sounding(heard) == set()
    assert [said for said in heard if isinstance(said, ControlChange) and said.controller == 74][-1].value == 127


def test_the_ends_of_notes_come_before_the_end(midi: Bench) -> None:
    midi.open()
    for i in range(200):
        midi.play(i % 100 / 100, i / 200)
    midi.silence()

    midi.port.close()

    assert sounding(midi.midi(60)) == set()


def test_closing_does_not_wait_for_a_device_that_does_not_read(midi: Bench) -> None:
    midi.open()
    line = midi.port._line
    line._baudrate = 10**9  # faster than the board reads
    while line.waiting < 60:
        for _ in range(50):
            line.put(bytes(100))
        time.sleep(0.002)
    started = time.perf_counter()

    midi.port.close()
    midi.port.close()

    assert time.perf_counter() - started < 1.5


def test_half_a_message_from_before_a_loss_is_no_part_of_the_next(midi: Bench) -> None:
    midi.open()
    midi.board.send(b"\xb0\x01")
    time.sleep(0.05)
    midi.lose()
    midi.find()

    midi.board.send(b"\x7f" + encode(PitchBend(0, 16383)))

    assert midi.inbox.next() == Gesture(((1, 1.0),), "serialmidi")
    assert midi.inbox.is_empty()


def test_serialmidi_gets_a_port_that_both_name(tmp_path: Path) -> None:
    both = parse_config('[serial]\nport = "p"\n[serialmidi]\nport = "p"', "test", tmp_path).config
    each = parse_config('[serial]\nport = "p"\n[serialmidi]\nport = "q"', "test", tmp_path).config

    assert [type(port) for port in build_ports(both, Inbox(), 2)[0]] == [SerialMidiPort]
    assert [type(port) for port in build_ports(each, Inbox(), 2)[0]] == [SerialPort, SerialMidiPort]


MOVES = st.tuples(st.just("play"), st.sampled_from([0.0, 0.5, 1.0]), st.integers(1, 60)) | st.tuples(
    st.sampled_from(["silence", "panic", "lose", "find", "wait"]), st.none(), st.none()
)


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MOVES, max_size=12))
def test_no_note_hangs_after_any_history_of_plays_and_pulled_cables(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, float, int]]
) -> None:
    folder = tmp_path_factory.mktemp("history")
    bench = Bench(folder, lambda inbox, path: SerialMidiPort(inbox, path, sent=(NoteEntry(0), NoteEntry(0, low=50))))
    synth = Synth()
    with ExitStack() as stack:
        stack.callback(bench.close)
        bench.open()
        is_there = True
        for move, value, times in [*moves, ("find", 0.0, 1), ("silence", 0.0, 1)]:
            if move == "play":
                for i in range(times):
                    bench.play(value, i / 60)
            elif move in ("silence", "panic"):
                bench.silence(everything=move == "panic")
            elif move == "lose" and is_there:
                synth.hear(bench.board.drain(0.02))
                bench.lose()
                is_there = False
            elif move == "find" and not is_there:
                bench.find()
                is_there = True
            elif move == "wait" and is_there:
                synth.hear(bench.board.drain(0.02))

        assert until(lambda: not bench.port._line.waiting)
        synth.hear(bench.board.drain())
        assert synth.sounding == set()


class Synth:
    """Keeps sounding while its cable is pulled, as one with power of its own does; All Notes Off ends what is left."""

    def __init__(self) -> None:
        self.sounding: set[tuple[int, int]] = set()

    def hear(self, data: bytes) -> None:
        for message in MidiStream().feed(data):
            match message:
                case NoteOn(channel, note):
                    self.sounding.add((channel, note))
                case NoteOff(channel, note):
                    self.sounding.discard((channel, note))
                case ControlChange(channel, 123):
                    self.sounding = {held for held in self.sounding if held[0] != channel}
