"""What people read while it plays: lines on stderr, by a thread of their own: a stuck terminal stops nothing."""

import os
import sys
import threading
import time
from queue import SimpleQueue

from impsy.core.actions import (
    Action,
    Announce,
    Applied,
    DeviceFound,
    DeviceLost,
    Overflowed,
    Record,
    Refused,
    Shifted,
    TurnTaken,
)
from impsy.core.events import Panic, Pause, Reset, SetMode, SetPredictor, SetTemperature, SetThreshold, SetTimescale

MOST_WAITING = 1000  # lines; beyond, they are counted
LAST_CHANCE = 0.3  # seconds that an ending waits for the terminal
BUSY = 0.05  # seconds until a terminal that takes nothing now, and says so, is tried again


class Console:
    """A listener that tells what happens, one line each; `verbose` adds every gesture and prediction.

    Lines go straight to the file descriptor: a thread that hangs inside Python's own buffer could keep the process
    from ending.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._left_out = 0
        self._refused: set[tuple[str, str]] = set()
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._print, name="console", daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        """Print a line soon; any thread."""
        if self._lines.qsize() < MOST_WAITING:
            self._lines.put(line)
        else:
            self._left_out += 1

    def perform(self, action: Action) -> None:
        """Tell of an action, if it is one to tell of."""
        match action:
            case Announce(what=Refused(source=source, why=why)):
                self._tell_refusal(source, why)
            case Announce(what=Shifted(seconds=seconds)):
                self.say(f"stalled    {seconds:.2f} s; what was pending comes that much later")
            case Announce(what=Overflowed(count=count)):
                self.say(f"overflow   {count} predictions dropped: more were pending than polyphony holds")
            case Announce(what=DeviceLost(device=device, why=why)):
                self.say(f"lost       {device}: {why}; it is watched for")
            case Announce(what=DeviceFound(device=device)):
                self.say(f"found      {device}")
            case Announce(what=Applied(event=event)) if not self._quiet:
                self.say(_told(event))
            case Announce(what=TurnTaken(turn=turn)) if self._verbose:
                self.say(f"turn       {turn}")
            case Record(source=source, values=values) if self._verbose:
                self.say(f"{source:<10} {' '.join(f'{value:.3f}' for value in values)}")

    def close(self) -> None:
        """Print what waits, unless the terminal hangs."""
        if self._left_out:
            self._lines.put(f"console    {self._left_out} lines left out")
        self._lines.put(None)
        self._thread.join(LAST_CHANCE)

    def _tell_refusal(self, source: str, why: str) -> None:
        """The first of its kind; how often it came stands in the session record."""
        reason = why.partition(" (")[0]  # without the count
        if (source, reason) not in self._refused:
            self._refused.add((source, reason))
            self.say(f"ignored    {source}: {why}")

    def _print(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                _write_all(sys.stderr.fileno(), f"{line}\n".encode(errors="replace"))
        except (OSError, ValueError, AttributeError):  # the terminal has gone, or never was: play on without
            return


def _write_all(terminal: int, line: bytes) -> None:
    while line:
        try:
            line = line[os.write(terminal, line) :]
        except BlockingIOError:  # somebody who shares it made it non-blocking
            time.sleep(BUSY)


def _told(event: object) -> str:
    match event:
        case SetMode(mode=mode):
            return f"mode       {mode}"
        case SetTemperature(sigma=sigma, pi=pi):
            told = [f"{name} {value:g}" for name, value in (("sigma", sigma), ("pi", pi)) if value is not None]
            return f"temperature {', '.join(told)}"
        case SetTimescale(timescale=timescale):
            return f"timescale  {timescale:g}"
        case SetThreshold(threshold=threshold):
            return f"threshold  {threshold:g} s"
        case SetPredictor(name=name):
            return f"model      {name}"
        case Pause(paused=paused):
            return "paused" if paused else "resumed"
        case Reset():
            return "reset"
        case Panic():
            return "panic      everything is silent until you resume"
        case _:
            return str(event)
