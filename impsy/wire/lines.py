r"""CSV lines <-> vectors (formats §10): `0.5000,0.2500` and a newline, as microcontrollers print them.

Read: n decimal numbers with commas between, `\n` or `\r\n` at the end; spaces around a number, and blank lines, are
allowed, since sketches print «0.5, 0.25». A line is a whole vector or it is refused, and the next is read as if
nothing had been. Whatever the bytes are, reading raises nothing and keeps no more than one line.
"""

from collections.abc import Sequence
from enum import StrEnum
from math import isfinite
from typing import TypeAlias

LONGEST = 4096  # bytes of a line, its end included


class Unreadable(StrEnum):
    """Why a line was refused, for people."""

    TOO_LONG = f"a line of more than {LONGEST} bytes"
    NO_TEXT = "a line that is not UTF-8"
    NO_NUMBERS = "a line that is not numbers with commas between"
    WRONG_COUNT = "a line of more or fewer numbers than there are controls"
    NOT_FINITE = "a number that is infinite or none (NaN)"


Vector: TypeAlias = tuple[float, ...]


def encode(values: Sequence[float]) -> bytes:
    r"""One line, with 4 decimals.

    >>> encode([0.5, 1 / 3])
    b'0.5000,0.3333\n'
    """
    return (",".join(f"{value:.4f}" for value in values) + "\n").encode()


def decode(line: bytes, controls: int | None = None) -> Vector | Unreadable:
    """The vector that a line (its newline taken off) holds, or why it holds none; values are not clipped here.

    Without `controls` it may have any length.
    """
    if len(line) >= LONGEST:
        return Unreadable.TOO_LONG
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return Unreadable.NO_TEXT
    if not text.isascii() or "_" in text:  # Python would read «1_0» and the digits of every script
        return Unreadable.NO_NUMBERS
    try:
        values = tuple(map(float, text.split(",")))
    except ValueError:
        return Unreadable.NO_NUMBERS
    if controls not in (None, len(values)):
        return Unreadable.WRONG_COUNT
    return values if all(map(isfinite, values)) else Unreadable.NOT_FINITE


class LineSplitter:
    """Finds the lines in a stream of bytes, however it is cut into pieces; blank ones are passed over."""

    def __init__(self) -> None:
        self._begun = b""  # of the line that has not ended yet
        self._skipping = False  # the rest of this line means nothing

    def skip(self) -> None:
        """Pass over what comes before the next line begins: we came in the middle of one."""
        self._begun, self._skipping = b"", True

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete; of one that is too long the beginning, as soon as it is."""
        found: list[bytes] = []
        *ended, rest = data.split(b"\n")
        for end in ended:
            line = self._begun + end
            if not self._skipping and (line.strip() or len(line) >= LONGEST):
                found.append(line[:LONGEST])
            self._begun, self._skipping = b"", False
        if not self._skipping:
            self._begun += rest
            if len(self._begun) >= LONGEST:
                found.append(self._begun[:LONGEST])
                self.skip()
        return found
