"""A private JACK server on its dummy driver: real MIDI ports on a machine without a sound card."""

import os
import shutil
import subprocess
import zlib
from pathlib import Path
from types import TracebackType

import pytest

STARTING = 10  # seconds that a start may take on a busy machine; it takes 0.3 on an idle one


class Jack:
    """A JACK server as a context manager; within, whatever speaks JACK in this process and its children finds it.

    There are eight places for servers on a machine, and one that was killed keeps its own until its name comes again:
    so each checkout has one name.

    It turns over every `frames` at 48 kHz; long ones, since JACK drops what a client does not read within one, and the
    machine may be busy.
    """

    def __init__(self, frames: int = 2048) -> None:
        if shutil.which("jackd") is None:
            pytest.skip("jackd is not here: apt-get install jackd2")
        self._frames = str(frames)
        self.name = f"impsy-{zlib.crc32(bytes(Path(__file__)))}"

    def __enter__(self) -> "Jack":
        os.environ |= {"JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait()
        os.environ.pop("JACK_DEFAULT_SERVER")

    def start(self) -> None:
        """Start, again if need be, and wait until it takes clients."""
        command = ["jackd", "-n", self.name, "-r", "-d", "dummy", "-r", "48000", "-p", self._frames]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait = ["jack_wait", "-s", self.name, "-w", "-t", str(STARTING)]
        subprocess.run(wait, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def crash(self) -> None:
        """End it at once; `start` gives it its old place."""
        self.process.kill()
        self.process.wait()
