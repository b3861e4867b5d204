"""MIDI gear for tests: a controller with knobs and keys, a synth that remembers what it hears; JACK ports, by mido."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO

import mido
from peers import until

API = "UNIX_JACK"


def environment() -> dict[str, str]:
    """Of a process that finds impsy where we are, and the JACK server of now."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


class Gear:
    """A device with an output and an input, `NAME:out` and `NAME:in`, which can be unplugged.

    A process of its own, as a device is: nobody else's work makes it miss what JACK brings, and JACK's library, which
    is not the same again where it has seen a server die, dies with it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[mido.Message] = []
        self.times: list[float] = []
        self.plug_in()

    def __enter__(self) -> "Gear":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def plug_in(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, self.name],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # JACK's own words
            text=True,
            bufsize=1,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def unplug(self) -> None:
        self._process.kill()
        self._process.wait()

    def send(self, kind: str, **data: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(mido.Message(kind, **data).hex() + "\n")

    def bytes(self) -> list[tuple[int, ...]]:
        """All that was heard, as bytes."""
        return [tuple(message.bytes()) for message in self.heard]

    def hears(self, *messages: tuple[int, ...], seconds: float = 3.0) -> bool:
        """Whether exactly that has been heard, in time."""
        return until(lambda: self.bytes() == list(messages), seconds)

    def gets(self, true: Callable[[mido.Message], bool], seconds: float = 3.0) -> bool:
        """Whether such a message comes in time, or has come."""
        return until(lambda: any(true(message) for message in list(self.heard)), seconds)

    def forget(self) -> None:
        self.heard.clear()
        self.times.clear()

    @property
    def sounding(self) -> set[tuple[int, int]]:
        """The (channel, note) pairs that have begun and not ended."""
        held = set()
        for message in list(self.heard):
            if message.type == "note_on" and message.velocity:
                held.add((message.channel, message.note))
            elif message.type in ("note_on", "note_off"):
                held.discard((message.channel, message.note))
        return held

    def _listen(self, said: IO[str]) -> None:
        for line in said:
            at, _, data = line.partition(" ")
            self.times.append(float(at))
            self.heard.append(mido.Message.from_hex(data))


def main(name: str) -> None:
    """Be the device: send what stands on standard input, tell what is heard, and when, on standard output."""

    def tell(message: mido.Message) -> None:
        sys.stdout.write(f"{time.perf_counter()} {message.hex()}\n")
        sys.stdout.flush()

    out = mido.open_output("out", virtual=True, client_name=name, api=API)
    heard = mido.open_input("in", virtual=True, client_name=name, api=API, callback=tell)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        out.send(mido.Message.from_hex(line))
    heard.callback = None
    os._exit(0)  # unplugged


if __name__ == "__main__":
    main(sys.argv[1])
