"""The log of a performance and, beside it, the session record: written in order, by a thread of their own.

The engine only puts lines into a queue. What waits is written at least every 200 ms, whole lines at a time; a disk
that refuses is said once and tried again, and playing goes on. At most `MOST_WAITING` lines wait.

The record (`.jsonl` of the log's name) holds what the log cannot: first the settings, seed, model and versions, then
every event that is not a gesture, takeovers, stalls and refusals, last the stop. `at` counts seconds from its `wall`.
"""

import errno
import json
import os
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias

import msgspec
from msgspec.structs import asdict

from impsy.core.actions import (
    Action,
    Announce,
    Applied,
    DeviceFound,
    DeviceLost,
    Happening,
    Origin,
    Overflowed,
    Record,
    Refused,
    Shifted,
    TurnTaken,
)
from impsy.core.events import Panic, Pause, Reset, SetMode, SetPredictor, SetTemperature, SetThreshold, SetTimescale
from impsy.data.logs import format_row, log_name
from impsy.runtime.clock import WallClock

MOST_WAITING = 100_000  # lines
INTERVAL = 0.1  # seconds between two writes; with the writing itself it stays below 200 ms
RETRY = 1.0  # seconds before a disk that refused is tried again
LAST_CHANCE = 1.0  # seconds that an ending waits for the disk

Entry: TypeAlias = dict[str, object]

_NAMES = {
    SetMode: "mode",
    SetTemperature: "temperature",
    SetTimescale: "timescale",
    SetThreshold: "threshold",
    SetPredictor: "model",
    Pause: "pause",
    Reset: "reset",
    Panic: "panic",
}


class Journal:
    """A listener that writes the log and the record of one run; files appear with the first row."""

    def __init__(
        self,
        folder: Path,
        dimension: int,
        wall: WallClock,
        start: Entry,
        *,
        sources: frozenset[Origin],
        say: Callable[[str], None],
    ) -> None:
        """`start` opens the record; only rows of `sources` are written; `say` tells people of trouble, any thread."""
        self._folder = folder
        self._dimension = dimension
        self._wall = wall
        self._sources = sources
        self._say = say
        self._queue: SimpleQueue[Record | Entry] = SimpleQueue()
        self._dropped = 0  # by the engine's thread
        self._left_out = 0  # by the journal's
        self._in_trouble = False
        self._log: _LineFile | None = None
        self._record: _LineFile | None = None
        self._rows: list[bytes] = []  # formatted, not yet on the disk
        self._entries: list[bytes] = [_line({"what": "start", "wall": wall.local.isoformat(), **start})]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._write_until_the_end, name="journal", daemon=True)
        self._thread.start()

    @property
    def _lost(self) -> int:
        """Lines for which there was no room."""
        return self._dropped + self._left_out

    @property
    def path(self) -> Path | None:
        """The log file, once there is one."""
        return self._log.path if self._log else None

    # -- the engine thread

    def perform(self, action: Action) -> None:
        """Queue what belongs into the log or the record."""
        if isinstance(action, Record):
            if action.source in self._sources:
                self._put(action)
        elif isinstance(action, Announce):
            self.note(action.at, _entry(action.what))

    def note(self, at: float, entry: Entry) -> None:
        """Queue an entry of the record."""
        if self._sources:
            self._put({"at": round(at - self._wall.at, 6), **entry})

    def _put(self, item: Record | Entry) -> None:
        if self._queue.qsize() < MOST_WAITING:
            self._queue.put(item)
        else:
            self._dropped += 1

    def close(self) -> None:
        """Write what waits and end; a disk that refuses to the last costs the rest, and that is said."""
        if self._ending.is_set():
            return
        if self._lost:
            self._queue.put({"what": "lost", "lines": self._lost})
        self._ending.set()
        self._queue.put({})  # wakes a thread that waits for something to write
        self._thread.join(LAST_CHANCE)
        waiting = self._queue.qsize() + len(self._rows) + len(self._entries)
        lost = self._lost + (waiting if self._in_trouble else 0)
        if lost:
            self._say(f"log: {lost} lines could not be written")

    # -- the journal's thread

    def _write_until_the_end(self) -> None:
        while not self._ending.is_set():
            if not (self._rows or self._in_trouble):
                self._take(self._queue.get())  # sleeps while nothing happens
            self._ending.wait(RETRY if self._in_trouble else INTERVAL)
            self._write()
        self._write()
        for file in filter(None, (self._log, self._record)):
            try:
                file.close()
            except OSError as error:
                self._say(f"log: {file.path} may not be whole on the disk ({error.strerror})")

    def _take(self, item: Record | Entry) -> None:
        if isinstance(item, Record):
            self._rows.append(format_row(self._wall.timestamp(item.at), item.source, item.values).encode())
        elif item and (
            len(self._entries) < MOST_WAITING or item["what"] == "lost"
        ):  # before the first row there is no file to put them in
            self._entries.append(_line(item))
        elif item:
            self._left_out += 1

    def _write(self) -> None:
        try:
            if not self._in_trouble:
                self._take_all()
            self._write_out()
            while self._in_trouble and (self._rows or not self._queue.empty()):  # it works again: all that waited
                self._take_all()
                self._write_out()
        except OSError as error:
            if not self._in_trouble:
                self._in_trouble = True
                self._say(f"log: cannot write to {self._folder} ({error.strerror}); playing goes on, and so do tries")
            return
        if self._in_trouble:
            self._in_trouble = False
            self._say(f"log: writing to {self._folder} again")

    def _take_all(self) -> None:
        try:
            while True:
                self._take(self._queue.get_nowait())
        except Empty:
            return

    def _write_out(self) -> None:
        if self._log is None:
            if not self._rows:
                return
            self._log, self._record = self._create()
        assert self._record is not None
        self._record.write(self._entries)
        self._log.write(self._rows)

    def _create(self) -> tuple["_LineFile", "_LineFile"]:
        """Make both files under a name that neither has."""
        self._folder.mkdir(parents=True, exist_ok=True)
        taken = {path.with_suffix(".log").name for path in self._folder.iterdir()}
        path = self._folder / log_name(self._wall.local, self._dimension, taken)
        try:
            log = _LineFile(path)
        except FileExistsError:  # another performance began in the same moment
            return self._create()
        try:
            return log, _LineFile(path.with_suffix(".jsonl"))
        except OSError:
            log.discard()
            raise


class _LineFile:
    """A new file to which whole lines are added: a write that fails half-way is taken back to the last whole line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o644)

    def write(self, lines: list[bytes]) -> None:
        """Write and remove `lines` from the front; OSError leaves in `lines` those that are not in the file."""
        while lines:
            chunk = b"".join(lines[:1000])
            try:
                written = os.write(self._file, chunk)
            except OSError:
                self._take_back()
                raise
            whole = chunk.rfind(b"\n", 0, written) + 1
            del lines[: chunk.count(b"\n", 0, whole)]
            self._size += whole
            if whole < written:
                self._take_back()
            if not whole:  # the rest of a disk can be smaller than a line, for ever
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _take_back(self) -> None:
        if os.lseek(self._file, 0, os.SEEK_END) != self._size:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)

    def close(self) -> None:
        """Onto the disk, and done."""
        try:
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def discard(self) -> None:
        """As if it had never been made."""
        os.close(self._file)
        self.path.unlink()


def _line(entry: Entry) -> bytes:
    try:
        return msgspec.json.encode(entry) + b"\n"
    except UnicodeEncodeError:  # a file name that is no text: as escapes
        return json.dumps(entry).encode() + b"\n"


def _entry(what: Happening) -> Entry:
    """What happened, as plain values that JSON can hold."""
    match what:
        case Applied(event=event):
            given = asdict(event)
            given.pop("predictor", None)
            plain = {key: value.value if isinstance(value, Enum) else value for key, value in given.items()}
            return {"what": _NAMES[type(event)], **plain}
        case TurnTaken(turn=turn):
            return {"what": "turn", "turn": turn.value}
        case Refused(source=source, why=why):
            return {"what": "refused", "source": source, "why": why}
        case Overflowed(count=count):
            return {"what": "overflow", "count": count}
        case DeviceLost(device=device, why=why):
            return {"what": "device", "device": device, "lost": why}
        case DeviceFound(device=device):
            return {"what": "device", "device": device, "lost": None}
        case Shifted(seconds=seconds, source=source):
            return {"what": "stall", "seconds": seconds, "source": source}
