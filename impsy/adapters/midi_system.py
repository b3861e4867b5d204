"""The MIDI systems of this machine (ALSA, JACK, CoreMIDI, WinMM): ports by name, open ports, and signs of life.

The only module that imports rtmidi, which has its silences: no error when a message goes to a port or a server that is
gone; no return from a message that a dead JACK takes no more, when the 2340 before it have filled its buffer; a crash
when a client is closed that has outlived its server. So JACK is asked for an answer before rtmidi is, and as long as it
plays (`MidiSystem.is_alive`); who sends keeps to `MOST_UNHEARD` between two answers; and what a dead system leaves
behind is abandoned, not closed.

Ports have the names that people know, without the numbers that change at every plugging in; two devices of one name are
«nanoKONTROL2» and «nanoKONTROL2 #2». Listing, opening and closing take milliseconds: no work for the engine thread.
"""

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from types import ModuleType
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from impsy.adapters.midi_libraries import jack_answers, libraries, never_end
from impsy.errors import NoSuchDevice, PortError

SYSTEMS = {"coremidi": "CoreMIDI", "winmm": "WinMM", "alsa": "ALSA", "jack": "JACK"}  # «auto» tries them in this order
MOST_UNHEARD = 2000  # messages
CLIENT = "impsy"  # what our connections are called: nobody's devices
HEARTBEAT = b"\xfe"  # Active Sensing (MIDI 1.0): nothing but a sign of life
SETTLING = 0.05  # seconds; much more than a callback of ours takes
BEATS, BEAT = 4, 0.1  # how many may be lost before a server counts as dead, and seconds between them
FAILURES = OSError, RuntimeError, ValueError  # what rtmidi raises
LOOPMIDI = "Windows has no virtual ports: make one with loopMIDI, and name it in in_device and out_device"

Heard: TypeAlias = Callable[[bytes], None]  # called with each whole message, by a thread of the system; must not wait


class Found(Struct, frozen=True):
    """A port that is there: the name that people know, that of the system, and its number of today."""

    name: str
    raw: str
    index: int


class MidiInput:
    """An input that is open."""

    def __init__(self, client: "_Client", port: Found, heard: Heard) -> None:
        self.port = port
        self._client = client
        self._heard: Heard | None = heard
        client.set_callback(self._receive)

    def close(self) -> None:
        """Hear no more, and give the port back; some 50 ms, and with a driver that hangs for ever."""
        self._heard = None
        _close_input(self._client)

    def abandon(self) -> None:
        """Hear no more, and leave the rest to the system, which is dead."""
        self._heard = None
        self._client.cancel_callback()
        never_end(self._client)

    def _receive(self, message: tuple[Sequence[int], float], _: object) -> None:
        if (heard := self._heard) is not None:
            heard(bytes(message[0]))


class MidiOutput:
    """An output that is open."""

    def __init__(self, client: "_Client", port: Found) -> None:
        self.port = port
        self._client = client

    def send(self, message: bytes) -> None:
        """Send one whole message; to nobody, if the device has gone."""
        with suppress(*FAILURES):  # few systems tell; the list of ports does, sooner or later
            self._client.send_message(message)

    def close(self) -> None:
        """Give the port back; what was sent in the last 50 ms may be lost."""
        self._client.delete()

    def abandon(self) -> None:
        """Leave all to the system, which is dead."""
        never_end(self._client)


class MidiSystem:
    """A MIDI system in use; raises `PortError` when there is none that answers."""

    def __init__(self, backend: str = "auto") -> None:
        self._rtmidi = _import_rtmidi()
        self.backend, self._api = _choose(self._rtmidi, backend)
        try:
            self._lists = self._client("MidiIn"), self._client("MidiOut")
        except FAILURES as error:
            raise PortError("MIDI", f"{SYSTEMS[self.backend]} takes no client ({error})") from None
        self._pulse: _Pulse | None = None

    def inputs(self) -> list[Found]:
        """The inputs that are there."""
        return self._found(self._lists[0])

    def outputs(self) -> list[Found]:
        """The outputs that are there."""
        return self._found(self._lists[1])

    def open_input(self, port: Found, heard: Heard) -> MidiInput:
        """Hear one of `inputs()`. Raises `PortError`."""
        return MidiInput(self._open("MidiIn", port), port, heard)

    def open_output(self, port: Found) -> MidiOutput:
        """Send to one of `outputs()`. Raises `PortError`."""
        return MidiOutput(self._open("MidiOut", port), port)

    def make_input(self, name: str, heard: Heard) -> MidiInput:
        """A virtual input, to which other programs send. Raises `PortError`."""
        return MidiInput(self._make("MidiIn", name), Found(name, name, -1), heard)

    def make_output(self, name: str) -> MidiOutput:
        """A virtual output, which other programs hear. Raises `PortError`."""
        return MidiOutput(self._make("MidiOut", name), Found(name, name, -1))

    def is_alive(self) -> bool:
        """Whether the system carries a message now, within 0.4 s at most; only JACK, a server, can die."""
        if self.backend != "jack":
            return True
        try:
            if self._pulse is None:
                self._pulse = _Pulse(*self._lists)
            return self._pulse.was_heard()
        except FAILURES:
            return False

    def close(self) -> None:
        """Give back what the system holds for itself; open ports are closed by whoever opened them."""
        inputs, outputs = self._lists
        _close_input(inputs)
        outputs.delete()

    def abandon(self) -> None:
        """Leave what a dead system holds as it is."""
        for client in self._lists:
            never_end(client)

    def _found(self, client: "_Client") -> list[Found]:
        with suppress(*FAILURES):  # a system that cannot tell has none
            return found_ports(client.get_ports(), self.backend)
        return []

    def _client(self, side: str, name: str = CLIENT) -> "_Client":
        made: _Client = getattr(self._rtmidi, side)(self._api, name=name)
        return made

    def _open(self, side: str, port: Found) -> "_Client":
        try:
            client = self._client(side)
            client.open_port(port.index, name=port.name)
        except FAILURES as error:
            raise PortError(port.name, f"cannot be opened, perhaps another program has it ({error})") from None
        return client

    def _make(self, side: str, name: str) -> "_Client":
        if self.backend == "winmm":
            raise PortError(name, LOOPMIDI)
        try:
            client = self._client(side, name)
            client.open_virtual_port(name)
        except FAILURES as error:
            raise PortError(name, f"{SYSTEMS[self.backend]} does not let us make this port ({error})") from None
        return client


def _close_input(client: "_Client") -> None:
    """Let calls that are under way end first: deleting holds Python's lock, which they wait for, and waits for them."""
    client.cancel_callback()
    time.sleep(SETTLING)
    client.delete()


def match(wanted: str, ports: Sequence[Found], kind: str) -> Found:
    """The port that is meant: the one of that name, or the only one with `wanted` in its name.

    `kind` is «MIDI input» or «MIDI output». Raises `NoSuchDevice`.
    """
    for name in (wanted, _without_numbers(wanted)):
        exact = [port for port in ports if name in (port.name, port.raw)]
        matching = exact[:1] or [port for port in ports if name in port.name]
        if len(matching) == 1:
            return matching[0]
        if matching:
            break
    raise NoSuchDevice(kind, wanted, [port.name for port in matching or ports], ambiguous=bool(matching))


def found_ports(raw: Sequence[str], backend: str) -> list[Found]:
    """The ports of a listing by the names that people know, without those of our own connections.

    >>> [port.name for port in found_ports(["S-1:S-1 MIDI 1 20:0", "S-1:S-1 MIDI 1 24:0", "impsy:in 128:0"], "alsa")]
    ['S-1:S-1 MIDI 1', 'S-1:S-1 MIDI 1 #2']
    """
    seen: Counter[str] = Counter()
    ports = []
    for index, full in enumerate(raw):
        if re.match(rf"{CLIENT}(-\d+)?:", full):
            continue
        name = full.removesuffix(f" {index}") if backend == "winmm" else _without_numbers(full)
        seen[name] += 1
        number = f" #{seen[name]}" if seen[name] > 1 else ""
        unique = full if backend in ("alsa", "jack") else name + number
        ports.append(Found(name + number, unique, index))
    return ports


def _without_numbers(name: str) -> str:
    """A port of ALSA without its client and port numbers, such as « 20:0»."""
    return re.sub(r" \d+:\d+$", "", name)


def _choose(rtmidi: ModuleType, backend: str) -> tuple[str, int]:
    """The first system that answers, by its name in a configuration and its number in rtmidi."""
    apis = {
        "coremidi": rtmidi.API_MACOSX_CORE,
        "winmm": rtmidi.API_WINDOWS_MM,
        "alsa": rtmidi.API_LINUX_ALSA,
        "jack": rtmidi.API_UNIX_JACK,
    }
    built = rtmidi.get_compiled_api()
    tried = [name for name in SYSTEMS if apis[name] in built and backend in ("auto", name)]
    if not tried:
        there = ", ".join(name for name in SYSTEMS if apis[name] in built)
        raise PortError("MIDI", f"{SYSTEMS[backend]} is not on this machine; [midi] backend can be: auto, {there}")
    for name in tried:
        if _answers(rtmidi, name, apis[name]):
            return name, apis[name]
    told = " and ".join(f"no {_ANSWERING[name]}" for name in tried)
    raise PortError("MIDI", f"{told} answers on this machine")


_ANSWERING = {"coremidi": "CoreMIDI", "winmm": "WinMM", "alsa": "ALSA sequencer", "jack": "JACK server"}


def _answers(rtmidi: ModuleType, name: str, api: int) -> bool:
    libraries()  # quiet
    if name == "jack":
        return jack_answers()
    try:
        rtmidi.MidiIn(api, name=CLIENT).delete()
    except FAILURES:
        return False
    return True


def _import_rtmidi() -> ModuleType:
    try:
        import rtmidi
    except ImportError as error:
        if "libasound" in str(error):
            why = "ALSA's library is missing: install libasound2 (Debian), alsa-lib (Fedora, Arch)"
        else:
            why = "python-rtmidi is not installed: pip install python-rtmidi"
            why += "; for Python 3.13 it has to be built, which needs a C++ compiler and the headers of ALSA and JACK"
        raise PortError("MIDI", why) from None
    module: ModuleType = rtmidi
    return module


class _Client(Protocol):
    """What we use of rtmidi's `MidiIn` and `MidiOut`."""

    def get_ports(self) -> list[str]: ...

    def open_port(self, port: int, name: str) -> Any: ...

    def open_virtual_port(self, name: str) -> Any: ...

    def set_callback(self, function: Callable[[tuple[Sequence[int], float], object], None]) -> None: ...

    def cancel_callback(self) -> None: ...

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None: ...

    def send_message(self, message: bytes) -> None: ...

    def delete(self) -> None: ...


_PULSES = count(1)


class _Pulse:
    """A connection from ourselves to ourselves, to see whether anything is carried."""

    def __init__(self, hears: _Client, sends: _Client) -> None:
        self._sends = sends
        self._heard = threading.Event()
        name = f"pulse {os.getpid()}-{next(_PULSES)}"  # an abandoned one may still be there
        sends.open_virtual_port(name)
        hears.ignore_types(sysex=True, timing=True, active_sense=False)
        hears.set_callback(lambda _message, _: self._heard.set())
        for index, port in enumerate(hears.get_ports()):
            if port.endswith(f":{name}"):
                hears.open_port(index, name="heard")

    def was_heard(self) -> bool:
        """Whether a beat comes through; a busy machine may lose one."""
        self._heard.clear()
        for _ in range(BEATS):
            self._sends.send_message(HEARTBEAT)
            if self._heard.wait(BEAT):
                return True
        return False
