"""Each port, in and out: from a gesture's sending to its stamp in the log, and to its coming back through `input_thru`.

One gesture at a time, and beside each port, in turns, a bare echo in a process of its own: what the driver, this
machine and Python cost before anything musical happens. MIDI goes over a JACK server with a dummy driver, serial lines
over pseudo-terminals. Of a port that is busy elsewhere for a period JACK drops what it had for it: so an unanswered
gesture is counted, with impsy and with the echo.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
import tty
from bisect import bisect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from harness import CONTROLS, Figure, Server, models, options, percentile, prepare_thread, show
from websockets.sync.client import connect

COUNT = 400  # gestures a round
ROUNDS = 3
GAP = 0.01  # seconds between two gestures
UNANSWERED = 0.5  # seconds, after which no answer comes any more
JACK = "impsy-benchmark"
MAPPING = [["control_change", 1, controller] for controller in range(CONTROLS)]
MAPS = {"input": MAPPING, "output": MAPPING}

MIDI_ECHO = """
import rtmidi, sys, time
sys.setswitchinterval(0.0005)
heard, said = (kind(rtapi=rtmidi.API_UNIX_JACK, name="bare") for kind in (rtmidi.MidiIn, rtmidi.MidiOut))
said.open_virtual_port("back")
heard.set_callback(lambda message, _: said.send_message(message[0]))
heard.open_virtual_port("there")
print("ready", flush=True)
time.sleep(1e6)
"""
SERIAL_ECHO = """
import os, sys, tty
line = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
tty.setraw(line)
print("ready", flush=True)
while True:
    os.write(line, os.read(line, 4096))
"""


class Wire:
    """One way to send a gesture, numbered, and to hear what comes back."""

    def __init__(self, send: Callable[[int], None], heard: "SimpleQueue[float]") -> None:
        self._send = send
        self._heard = heard  # the time of each answer, `time.time()` seconds

    def ask(self) -> tuple[list[float], list[float]]:
        """Milliseconds that each answer took, and when each gesture that was answered was sent."""
        waits, sent = [], []
        for number in range(COUNT):
            while not self._heard.empty():  # the rest of an answer: the first tells of all controls
                self._heard.get()
            at = time.time()
            self._send(number)
            with suppress(Empty):
                waits.append((self._heard.get(timeout=UNANSWERED) - at) * 1000)
                sent.append(at)
            time.sleep(GAP)
        return waits, sent


# -- MIDI


@contextmanager
def jack() -> Iterator[None]:
    """A private JACK server for this process and its children."""
    os.environ |= {"JACK_DEFAULT_SERVER": JACK, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
    command = ["jackd", "-n", JACK, "-r", "-d", "dummy", "-r", "48000", "-p", "64"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.0)
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(5)
        server.kill()


@contextmanager
def midi(to: str, back: str) -> Iterator[Wire]:
    """A wire to the input whose name holds `to`, and from the output whose name holds `back`."""
    import rtmidi

    heard: SimpleQueue[float] = SimpleQueue()
    out = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="player")
    ear = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="listener")
    ear.set_callback(lambda _message, _data: heard.put(time.time()))
    out.open_port(_index(out.get_ports(), to))
    ear.open_port(_index(ear.get_ports(), back))
    time.sleep(0.2)
    try:
        yield Wire(lambda number: out.send_message([0xB0, 0, number % 2 * 64 + number % 60]), heard)
    finally:
        ear.cancel_callback()
        for port in (out, ear):
            port.close_port()
            port.delete()


def _index(names: list[str], wanted: str) -> int:
    return next(index for index, name in enumerate(names) if wanted in name)


# -- serial


@contextmanager
def serial_line(write: Callable[[int], bytes], answers: int) -> Iterator[tuple[Wire, str]]:
    """A wire over a pseudo-terminal, and the path of its other end; an answer is at least `answers` bytes."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    heard: SimpleQueue[float] = SimpleQueue()

    def listen() -> None:
        got = 0
        while True:
            try:
                got += len(os.read(ours, 4096))
            except OSError:
                return
            if got >= answers:
                got = 0
                heard.put(time.time())

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield Wire(lambda number: os.write(ours, write(number)) and None, heard), os.ttyname(theirs)
    finally:
        os.close(theirs)
        os.close(ours)


def csv_line(number: int) -> bytes:
    """A gesture as `[serial]` writes and reads it."""
    return (",".join([f"{number % 100 / 100:.4f}"] * CONTROLS) + "\n").encode()


def midi_bytes(number: int) -> bytes:
    """A gesture as `[serialmidi]` writes and reads it."""
    return bytes([0xB0, 0, number % 2 * 64 + number % 60])


# -- WebSocket


@contextmanager
def websocket(port: int) -> Iterator[Wire]:
    """A wire of text frames."""
    with connect(f"ws://127.0.0.1:{port}/", compression=None) as connection:
        heard: SimpleQueue[float] = SimpleQueue()

        def send(number: int) -> None:
            connection.send(f"/channel/1/cc/0/{number % 2 * 64 + number % 60}")
            connection.recv()
            heard.put(time.time())

        yield Wire(send, heard)


# -- figures


def to_the_log(sent: list[float], server: Server) -> list[float]:
    """Milliseconds from sending to the stamp of the row, of gestures that were answered: the first row after each."""
    rows = [row for row in server.stop() if row[1] == "interface"]
    stamps = [datetime.fromisoformat(row[0]).timestamp() for row in rows]
    return [(stamps[bisect(stamps, at)] - at) * 1000 for at in sent]


def figures(name: str, ours: Wire, server: Server, bare: Wire | None, within: float | None = None) -> list[Figure]:
    """Our port and the bare echo, in turns; `within` is how much longer than the echo ours may take, ms."""
    waits: list[float] = []
    echo: list[float] = []
    sent: list[float] = []
    for _ in range(ROUNDS):
        if bare is not None:
            echo += bare.ask()[0]
        more, at = ours.ask()
        waits += more
        sent += at
    logged = to_the_log(sent, server)
    shown = [
        Figure(f"{name}, in to log stamp, p50", percentile(logged, 0.5), "ms"),
        Figure(f"{name}, in to out, p50", percentile(waits, 0.5), "ms"),
        Figure(f"{name}, in to out, p99", percentile(waits, 0.99), "ms"),
        Figure(f"{name}, unanswered of {ROUNDS * COUNT}", ROUNDS * COUNT - len(waits), ""),
    ]
    if echo:
        more_than_bare = percentile(waits, 0.5) - percentile(echo, 0.5)
        shown += [
            Figure(f"{name}, a bare echo, p50", percentile(echo, 0.5), "ms"),
            Figure(f"{name}, a bare echo, p99", percentile(echo, 0.99), "ms"),
            Figure(f"{name}, a bare echo, unanswered of {ROUNDS * COUNT}", ROUNDS * COUNT - len(echo), ""),
            Figure(f"{name}, more than the bare echo, p50", more_than_bare, "ms", within),
        ]
    return shown


def run(model: Path, ports: dict[str, Any]) -> Server:
    """A server that only sends through what is played."""
    return Server(model, "useronly", ports, input_thru=True)


def bare_process(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A bare echo, ready."""
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def measure(model: Path) -> list[Figure]:
    """All ports, one after the other."""
    prepare_thread()
    shown = []
    with run(model, {"websocket": MAPS}) as server, websocket(server.web_port) as wire:
        shown += figures("WebSocket text", wire, server, None)
    for name, section, write, length in (
        ("serial lines", "serial", csv_line, len(csv_line(0))),
        ("serial MIDI", "serialmidi", midi_bytes, 3),
    ):
        with serial_line(write, length) as (wire, path), serial_line(write, length) as (bare, other):
            echo = bare_process(SERIAL_ECHO, other)
            with run(model, {section: {"port": path} | (MAPS if section == "serialmidi" else {})}) as server:
                shown += figures(name, wire, server, bare)
            echo.kill()
    if shutil.which("jackd") is None:
        print("MIDI is left out: it needs jackd (apt-get install jackd2)", file=sys.stderr)
        return shown
    with jack():
        echo = bare_process(MIDI_ECHO)
        with (
            run(model, {"midi": {"backend": "jack", "virtual": True} | MAPS}) as server,
            midi("IMPSY In", "IMPSY Out") as wire,
            midi("there", "back") as bare,
        ):
            shown += figures("MIDI over JACK", wire, server, bare, within=0.3)
        echo.kill()
    return shown


if __name__ == "__main__":
    given = options(__doc__).parse_args()
    with models(given.models) as folder:
        show(measure(folder / "hold-20ms.tflite"), given.json)
