"""Ears for MIDI inputs: those that are named, or all with something in their names, as they come and go."""

import threading
from collections.abc import Iterator, Sequence
from functools import partial

from impsy.adapters.heard import Came, Heard, OtherMidi, Tell, Went
from impsy.adapters.midi_system import FAILURES, Found, MidiInput, MidiSystem, match
from impsy.config.mappings import VIRTUAL_IN
from impsy.config.schema import Midi
from impsy.errors import NoSuchDevice, PortError
from impsy.wire.midi_bytes import decode

LOOK = 0.5  # seconds between two looks at what was plugged in or pulled
ENDING = 2.0  # seconds that closing waits for drivers, which may never return
OURS = Found(VIRTUAL_IN, VIRTUAL_IN, -1)  # the input that we make
SYSTEM = "MIDI"  # what the whole system is called, when it goes
NONE_THERE = "no input is there: plug your controller in; `impsy ports` lists what there is"
UNPLUGGED = "unplugged, or closed by its program"
GONE = "the MIDI system has gone; it is looked for"


class MidiEars:
    """One thread opens, closes and watches; threads of the system hear."""

    name = SYSTEM

    def __init__(self, midi: Midi, tell: Tell, any_midi: str | None) -> None:
        """With `any_midi` all inputs with that in their names are heard. Raises `PortError` without a MIDI system."""
        self._midi = midi
        self._tell = tell
        self._any = any_midi
        self._system: MidiSystem | None = MidiSystem(midi.backend)
        self._inputs: dict[str, MidiInput] = {}  # by the system's own name of the port
        self._said: dict[str, str] = {}  # of a device: why it is not there; empty when it is
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="midi", daemon=True)

    def open(self) -> None:
        self._watcher.start()

    def close(self) -> None:
        """Give everything back: a client that outlives its server would crash."""
        self._closed.set()
        if self._watcher.is_alive():
            self._watcher.join(ENDING)

    # -- the watching thread

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                self._look()
            except PortError as error:  # the system has not come back
                self._say(SYSTEM, error.what)
            except FAILURES:
                self._abandon()
            self._closed.wait(LOOK)
        if self._system is not None:
            for opened in self._inputs.values():
                opened.close()
            self._system.close()

    def _look(self) -> None:
        """Open what has come, and let go what has gone."""
        if self._system is None:
            self._system = MidiSystem(self._midi.backend)
            self._said.pop(SYSTEM, None)
        if not self._system.is_alive():
            self._abandon()
            return
        there = self._system.inputs()
        for raw in self._inputs.keys() - {port.raw for port in there} - {OURS.raw}:
            gone = self._inputs.pop(raw)
            gone.close()
            self._say(gone.port.name, UNPLUGGED)
        for named, port in self._wanted(there):
            if port.raw not in self._inputs:
                self._open(self._system, named, port)

    def _wanted(self, there: Sequence[Found]) -> Iterator[tuple[str, Found]]:
        """The ports to hear, each with the name that the configuration has for it."""
        if self._any is not None:
            wanted = [port for port in there if port.name == self._any]
            wanted = wanted or [port for port in there if self._any in port.name]
            if not wanted and not self._said:
                missing = NoSuchDevice("MIDI input", self._any, [port.name for port in there])
                self._say(SYSTEM, str(missing) if self._any else NONE_THERE)
            yield from ((port.name, port) for port in wanted)
            return
        if self._midi.virtual:
            yield OURS.name, OURS
        for name in self._midi.in_device:
            try:
                yield name, match(name, there, "MIDI input")
            except NoSuchDevice as error:
                self._say(name, error.what)

    def _open(self, system: MidiSystem, named: str, port: Found) -> None:
        hear = partial(self._hear, named, port.name)
        try:
            opened = system.make_input(port.name, hear) if port is OURS else system.open_input(port, hear)
        except PortError as error:  # another program has it, or it went in the same moment
            self._say(port.name, error.what)
        else:
            self._inputs[port.raw] = opened
            self._say(port.name)

    def _hear(self, named: str, device: str, data: bytes) -> None:
        if data:
            self._tell(Heard("midi", device, decode(data) or OtherMidi(data), named))

    def _abandon(self) -> None:
        """The system is dead: its clients are left to lie, and it is looked for again."""
        for opened in self._inputs.values():
            opened.abandon()
            self._say(opened.port.name, GONE)
        self._inputs.clear()
        if self._system is not None:
            self._system.abandon()
        self._system = None

    def _say(self, device: str, why: str = "") -> None:
        """That a device is there, or why not; once."""
        if self._said.get(device) != why:
            self._said[device] = why
            self._tell(Heard("midi", device, Went(why) if why else Came()))
