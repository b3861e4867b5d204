"""The small examples run, and examples/README.md names them all."""

import os
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from peers import free_port, until
from server import Server

EXAMPLES = Path(__file__).parents[1] / "examples"
STARTED_BY_OTHERS = {"touch~.pd", "reed~.pd", "glass~.pd"}

# What the sketch needs of a board, by CPython: two pins of which one is turned, an LED that writes down how it glows,
# and the board's end of a serial port as its standard input.
BOARD = {
    "board": "A0, A1, LED = range(3)",
    "analogio": """
import itertools
class AnalogIn:
    def __init__(self, pin):
        self.values = itertools.count(0, 655) if pin == 0 else itertools.repeat(65535)
    value = property(lambda self: next(self.values) % 65536)
""",
    "pwmio": """
class PWMOut:
    def __init__(self, pin):
        self.file = open("led.txt", "w")
    duty_cycle = property(fset=lambda self, value: print(value, file=self.file, flush=True))
""",
    "usb_cdc": """
import fcntl, os, struct, termios
data = None
class console:
    in_waiting = property(lambda self: struct.unpack("i", fcntl.ioctl(0, termios.FIONREAD, bytes(4)))[0])
    read = lambda self, size: os.read(0, size) if size else None
    write = lambda self, data: os.write(0, data)
console = console()
""",
}


def test_the_list_of_examples_is_whole() -> None:
    listing = (EXAMPLES / "README.md").read_text("utf-8")
    files = {
        path for path in EXAMPLES.rglob("*") if path.is_file() and path.suffix in (".pd", ".scd", ".pde", ".py", ".sh")
    }

    assert [
        path.name
        for path in files
        if path.name not in STARTED_BY_OTHERS and f"]({path.relative_to(EXAMPLES).as_posix()})" not in listing
    ] == []


@pytest.mark.slow
def test_the_client_prints_what_impsy_answers(tmp_path: Path) -> None:
    pytest.importorskip("pythonosc", reason="the client speaks through python-osc")
    port = free_port(socket.SOCK_DGRAM)

    with Server(tmp_path, model={"file": "starter:pad"}, osc={"client_port": port}) as server:
        command = [sys.executable, EXAMPLES / "client.py", str(server.osc_address[1]), str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        played, answered = server.values("interface"), server.values("rnn")

    printed = [[float(number) for number in line.split()] for line in done.stdout.splitlines()]
    assert len(played) == 50
    assert len(printed) >= 20
    assert printed[0] == [round(value, 3) for value in answered[0]]


@pytest.mark.slow
def test_a_circuitpython_board_plays_and_glows(tmp_path: Path) -> None:
    for module, source in BOARD.items():
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    led = tmp_path / "led.txt"
    tty = pytest.importorskip("tty", reason="pseudo-terminals are needed")
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    serial = {"port": os.ttyname(theirs)}

    with Server(tmp_path, interaction={"mode": "battle"}, model={"file": "starter:pad"}, serial=serial) as server:
        command = [sys.executable, EXAMPLES / "circuitpython" / "code.py"]
        board = subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}, stdin=ours)
        try:
            assert until(lambda: len(server.rows("interface")) >= 20 and led.read_text().count("\n") >= 20, 20)
        finally:
            board.kill()
            board.wait()
            os.close(ours)
            os.close(theirs)
    turned, answered = server.values("interface"), server.values("rnn")  # all of it is on the disk

    assert all(0.005 < after[0] - before[0] < 0.015 and after[1] == 1.0 for before, after in pairwise(turned[:20]))
    glows = [int(line) / 65535 for line in led.read_text().splitlines()]
    assert len(set(glows)) >= 10
    assert all(min(abs(glow - values[0]) for values in answered) < 1e-3 for glow in glows[:20])
