"""`impsy learn`, or another command, at a terminal of its own, with somebody who types and reads."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

START = Path(__file__).parents[1] / "start_impsy.py"
WIDTH, HEIGHT = 120, 50
CONTROL = re.compile(r"\x1b\[K|\x1b\[A|\r|\n|[^\x1b\r\n]+|\x1b")


class Screen:
    """As much of a terminal as we use: what stands on it in the end."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = self._column = 0

    def write(self, text: str) -> None:
        for piece in CONTROL.findall(text):
            line = self.lines[self._row]
            if piece == "\x1b[K":
                self.lines[self._row] = line[: self._column]
            elif piece == "\x1b[A":
                self._row = max(0, self._row - 1)
            elif piece == "\r":
                self._column = 0
            elif piece == "\n":
                self._row += 1
                self.lines += [""] * (self._row == len(self.lines))
            else:
                self.lines[self._row] = (
                    line[: self._column].ljust(self._column) + piece + line[self._column + len(piece) :]
                )
                self._column += len(piece)

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).rstrip() + "\n"


class Learner:
    """A session as a context manager; whatever is left of it at the end is killed."""

    def __init__(self, folder: Path, *arguments: str, command: str = "learn") -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, START, command, *arguments],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.screen = Screen()

    def __enter__(self) -> "Learner":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def type(self, line: str = "") -> None:
        """Type a line and press Enter."""
        os.write(self._ours, line.encode() + b"\n")

    def press_ctrl_c(self) -> None:
        os.write(self._ours, b"\x03")

    def sees(self, words: str, seconds: float = 3.0) -> bool:
        """Whether the terminal shows these words in time."""
        end = time.monotonic() + seconds
        while words not in str(self.screen) and time.monotonic() < end:
            self._look(0.05)
        return words in str(self.screen)

    def ends(self, seconds: float = 10.0) -> int:
        """Wait until it ends, and read all that it said; the exit code."""
        end = time.monotonic() + seconds
        while self._look(0.05) and time.monotonic() < end:
            continue
        return self.process.wait(max(0.1, end - time.monotonic()))

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def _look(self, seconds: float) -> bool:
        if not select.select([self._ours], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._ours, 65_536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.screen.write(data.decode())
        return bool(data)
