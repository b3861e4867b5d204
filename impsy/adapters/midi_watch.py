"""Looks after MIDI devices: opens those that come, closes those that have gone, and takes up a system that restarts.

One thread does it, twice a second. Nothing else tells that a cable was pulled: a port takes messages for ever. Outputs
are handed to the engine and given back by it (`Inbox.ask`), so that it needs no lock to send. Closing is left to
threads that nobody waits for: a driver may never return from it.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import TypeAlias

from impsy.adapters.midi_devices import InputDevice, OutputDevice
from impsy.adapters.midi_system import Found, MidiInput, MidiOutput, MidiSystem, match
from impsy.core.actions import DeviceFound, DeviceLost, Status
from impsy.core.ports import Inbox
from impsy.errors import NoSuchDevice, PortError

LOOK = 0.5  # seconds between two looks
FIRST_LOOK = 2.0  # seconds that a start waits for what is there already
ASK_AGAIN = 0.05  # seconds, when the engine has too much to answer
LAST_NOTES = 0.1  # seconds that drivers need to carry away what was sent last: two of the long periods of JACK
CLOSING = 0.3  # seconds that an ending waits for drivers in all
SYSTEM = "MIDI"  # what the whole system is called, when it goes

Device: TypeAlias = InputDevice | OutputDevice
Connection: TypeAlias = MidiInput | MidiOutput


class MidiWatch:
    """Connects devices, for as long as it is open."""

    def __init__(
        self, inbox: Inbox, backend: str, inputs: Sequence[InputDevice], outputs: Sequence[OutputDevice]
    ) -> None:
        self._inbox = inbox
        self._backend = backend
        self._inputs, self._outputs = tuple(inputs), tuple(outputs)
        self._system: MidiSystem | None = None
        self._connections: dict[Device, Connection] = {}
        self._missed: set[Device | str] = set()  # whose absence was told
        self._unused: SimpleQueue[Connection] = SimpleQueue()  # to be closed
        self._has_looked = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._live, name="midi-watch", daemon=True)

    def open(self) -> None:
        """Connect what is there, and go on looking."""
        self._thread.start()
        self._has_looked.wait(FIRST_LOOK)

    def close(self) -> None:
        """Give everything back within a moment; what was sent before is still heard."""
        if self._closed.is_set() or not self._thread.is_alive():
            return
        self._closed.set()
        self._thread.join(CLOSING)
        time.sleep(LAST_NOTES)
        open_things = [*self._connections.values(), *([self._system] if self._system else [])]
        if self._thread.is_alive() or not (self._system and self._system.is_alive()):
            for thing in open_things:
                thing.abandon()
        else:
            _close_aside(open_things).join(CLOSING)

    # -- the watching thread

    def _live(self) -> None:
        while not self._closed.is_set():
            self._look()
            self._has_looked.set()
            self._closed.wait(LOOK)

    def _look(self) -> None:
        if self._system is not None:
            self._check(self._system)
        while not self._unused.empty():
            _close_aside([self._unused.get()])
        if self._system is None:
            try:
                self._system = MidiSystem(self._backend)
            except PortError as error:
                self._miss(SYSTEM, error.what)
                return
            self._system.is_alive()  # now, while it surely is: the first time takes asking, which waits
            self._find(SYSTEM)
        self._look_after(self._inputs, self._system.inputs())
        self._look_after(self._outputs, self._system.outputs())

    def _check(self, system: MidiSystem) -> None:
        """What was sent before a sign of life has been carried."""
        for output in self._outputs:
            output.mark()
        if not system.is_alive():
            self._bury(system)
            return
        for output in self._outputs:
            output.allow_more()

    def _look_after(self, devices: Sequence[Device], ports: Sequence[Found]) -> None:
        there = {port.raw for port in ports}
        for device in devices:
            connection = self._connections.get(device)
            if connection is not None and not device.is_virtual and connection.port.raw not in there:
                self._part(device, self._unused.put)
                self._miss(device, "it has gone")
        for device in devices:
            if device not in self._connections:
                self._try(device, ports)

    def _try(self, device: Device, ports: Sequence[Found]) -> None:
        assert self._system is not None, "only a system has ports"
        taken = {device.port for device in self._connections}
        free = [port for port in ports if port.raw not in {port.raw for port in taken if port}]
        try:
            port = None if device.is_virtual else match(device.name, free, device.kind)
            connection = device.connect(self._system, port)
        except (NoSuchDevice, PortError) as error:
            self._miss(device, error.what)
            return
        self._connections[device] = connection
        device.port = connection.port
        if isinstance(device, OutputDevice) and isinstance(connection, MidiOutput):
            self._ask(partial(device.attach, connection))
        self._find(device)

    def _part(self, device: Device, put_away: Callable[[Connection], None]) -> None:
        """Take a connection from the device, and put it away when nobody uses it any more."""
        connection = self._connections.pop(device)
        device.port = None
        if isinstance(device, OutputDevice):
            self._ask(partial(_take_back, device, connection, put_away))
        else:
            put_away(connection)

    def _bury(self, system: MidiSystem) -> None:
        """Nothing of a dead system is touched again: closing it would crash."""
        for device in list(self._connections):
            self._part(device, lambda connection: connection.abandon())
        system.abandon()
        self._system = None
        self._miss(SYSTEM, "the JACK server has gone")

    def _miss(self, what: Device | str, why: str) -> None:
        if what not in self._missed:
            self._missed.add(what)
            self._inbox.tell(DeviceLost(_told(what), why))

    def _find(self, what: Device | str) -> None:
        if what in self._missed:
            self._missed.remove(what)
            self._inbox.tell(DeviceFound(_told(what)))

    def _ask(self, act: Callable[[], None]) -> None:
        """Have the engine call `act`; when too many ask at once, it is asked again."""

        def reply(_: Status) -> None:
            act()

        while not self._inbox.ask(reply) and not self._closed.wait(ASK_AGAIN):
            pass


def _take_back(device: OutputDevice, connection: Connection, put_away: Callable[[Connection], None]) -> None:
    """By the engine thread."""
    device.detach()
    put_away(connection)


def _told(what: Device | str) -> str:
    return what if isinstance(what, str) else f'{what.kind} "{what.name}"'


def _close_aside(things: Iterable[Connection | MidiSystem]) -> threading.Thread:
    """Close, in a thread that may be left hanging."""

    def close() -> None:
        for thing in things:
            thing.close()

    thread = threading.Thread(target=close, name="midi-close", daemon=True)
    thread.start()
    return thread
