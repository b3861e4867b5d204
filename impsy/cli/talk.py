"""A conversation on the command line: one live line, and answers that are whole lines.

Whole lines need no special mode of the terminal, which a crash would leave behind, and come as well from a file or a
pipe. What is said goes to stderr.
"""

import os
import shutil
import sys
import threading
from collections.abc import Callable
from typing import TypeAlias

import click

CLEAR = "\r\x1b[K"
UP = "\x1b[A"

Answer: TypeAlias = str | None  # None: there will be no more


class Talk:
    """Says lines, and keeps the last one up to date where somebody looks at it (`shows`)."""

    def __init__(self) -> None:
        self._live = ""
        self.shows = sys.stderr.isatty()
        self.is_with_person = sys.stdin.isatty()

    def live(self, text: str) -> None:
        """What holds now; it is replaced by what is said next, and not shown where no one looks."""
        if self.shows and text != self._live:
            self._live = text
            width = shutil.get_terminal_size().columns
            click.echo(CLEAR + _harmless(text)[: width - 1], err=True, nl=False)

    def say(self, text: str) -> None:
        """One line, which stays."""
        click.echo((CLEAR if self._live else "") + _harmless(text), err=True)
        self._live = ""

    def end(self) -> None:
        """What is said by others begins a line of its own."""
        if self._live:
            click.echo(CLEAR, err=True, nl=False)
            self._live = ""

    def answered(self) -> None:
        """The person pressed Enter, which began a line: back to the live one."""
        if self._live and self.is_with_person:
            click.echo(UP + CLEAR, err=True, nl=False)
            self._live = ""


def listen_to_answers(answered: Callable[[Answer], None]) -> None:
    """Hear the lines of the standard input by a thread of its own, each without its end and in lower case."""
    threading.Thread(target=_read, args=(answered,), name="answers", daemon=True).start()


def _harmless(text: str) -> str:
    """Without what would move the cursor, or worse: whoever sends OSC chooses the address."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _read(answered: Callable[[Answer], None]) -> None:
    begun = b""
    while True:
        try:
            data = os.read(0, 1024)  # sys.stdin has a lock, which a thread that outlives the program must not hold
        except OSError:
            data = b""
        if not data:
            break
        *lines, begun = (begun + data).split(b"\n")
        for line in lines:
            answered(line.decode("utf-8", "replace").strip().lower())
    if begun:
        answered(begun.decode("utf-8", "replace").strip().lower())
    answered(None)
