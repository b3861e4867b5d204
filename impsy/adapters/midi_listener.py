"""MIDI inputs, heard only: those that are named or, where none is, all that there are, as they come and go."""

import threading
from collections.abc import Iterator

from impsy.adapters.listening import Hear, Heard, MidiEar
from impsy.adapters.midi_system import FAILURES, Found, MidiInput, MidiSystem, match
from impsy.config.mappings import VIRTUAL_IN
from impsy.config.schema import Midi
from impsy.core.actions import Status
from impsy.errors import NoSuchDevice, PortError

LOOK = 1.0  # seconds between two looks at what was plugged in or pulled


class MidiListener:
    """One thread opens, closes and watches; threads of the system hear."""

    def __init__(self, config: Midi, controls: int | None, hear: Hear, *, everything: bool = False) -> None:
        """With `everything` no names are asked for. Raises `PortError` where no MIDI system answers."""
        self.name = "MIDI"
        self._config = config
        self._controls = controls
        self._hear = hear
        self._everything = everything
        self._system: MidiSystem | None = MidiSystem(config.backend)
        self._open: dict[str, MidiInput] = {}  # by the system's own name of the port
        self._told: dict[str, str] = {}  # what was said last of a device
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="midi", daemon=True)

    def open(self, status: Status) -> None:
        """Begin to watch."""
        self._watcher.start()

    def close(self) -> None:
        """Give everything back: a client that outlives its server would crash."""
        self._closed.set()
        if self._watcher.is_alive():
            self._watcher.join()

    def _watch(self) -> None:
        while True:
            try:
                self._look()
            except PortError as error:  # the system has not come back, or a port went in the same moment
                self._say("MIDI", error.what)
            except FAILURES:
                self._abandon()
            if self._closed.wait(LOOK):
                break
        if self._system is not None:
            for port in self._open.values():
                port.close()
            self._system.close()

    def _look(self) -> None:
        """Open what has come, and let go what has gone."""
        system = self._system = self._system or MidiSystem(self._config.backend)
        if not system.is_alive():
            self._abandon()
            return
        self._told.pop("MIDI", None)
        if self._config.virtual and VIRTUAL_IN not in self._open:
            self._open[VIRTUAL_IN] = system.make_input(VIRTUAL_IN, self._ear(VIRTUAL_IN).bytes)
            self._say(VIRTUAL_IN, "")
        there = system.inputs()
        for raw in self._open.keys() - {port.raw for port in there} - {VIRTUAL_IN}:
            gone = self._open.pop(raw)
            gone.close()
            self._say(gone.port.name, "unplugged, or closed by its program")
        for name, port in self._wanted(there):
            if port.raw not in self._open:
                self._open[port.raw] = system.open_input(port, self._ear(name, port.name).bytes)
                self._say(port.name, "")

    def _wanted(self, there: list[Found]) -> Iterator[tuple[str, Found]]:
        """The ports to hear, each with the name that the configuration has for it."""
        if self._everything:
            yield from ((port.name, port) for port in there)
            return
        for name in self._config.in_device:
            try:
                yield name, match(name, there, "MIDI input")
            except NoSuchDevice as error:
                self._say(name, error.what)

    def _ear(self, name: str, shown: str = "") -> MidiEar:
        mapping = self._config.input.get(name, ())[: self._controls]
        return MidiEar(f"midi {shown or name}", mapping, self._config.panic, self._hear)

    def _abandon(self) -> None:
        """The system is dead: its clients are left to lie, and it is looked for again."""
        for port in self._open.values():
            port.abandon()
        self._open.clear()
        if self._system is not None:
            self._system.abandon()
        self._system = None
        self._say("MIDI", "the MIDI system has gone; it is looked for")

    def _say(self, device: str, why: str) -> None:
        """That a device is there, or why not; once."""
        if self._told.get(device) != why:
            self._told[device] = why
            self._hear(Heard(f"midi {device}", "not there" if why else "heard", why=why))
