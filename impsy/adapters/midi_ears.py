"""Ears for MIDI inputs: every one, or those of one name; what is plugged in later is heard too."""

from collections.abc import Callable, Sequence
from functools import partial

from impsy.adapters.ears import Came, Message, Tell, Went
from impsy.adapters.midi_system import MidiInput, MidiSystem
from impsy.errors import NoSuchDevice, PortError
from impsy.wire.midi_bytes import decode

NONE_THERE = "no input is there: plug your controller in; `impsy ports` lists what there is"


class MidiEars:
    """Hears the inputs whose names hold `device`, all of them where it is None.

    Raises `PortError` where there is no MIDI system.
    """

    def __init__(self, backend: str, device: str | None, tell: Tell, *, insist: bool = False) -> None:
        """To `insist` is to raise `NoSuchDevice` where none is there now, rather than wait until one comes."""
        self._new_system: Callable[[], MidiSystem] = partial(MidiSystem, backend)
        self._device = device
        self._tell = tell
        self._system: MidiSystem | None = self._new_system()
        self._inputs: dict[str, MidiInput] = {}
        self._refused: dict[str, str] = {}  # told once
        self._has_waited = False
        names = [port.name for port in self._system.inputs()]
        if insist and not self._wanted(names):
            self.close()
            raise NoSuchDevice("MIDI input", device, names) if device else PortError("MIDI", NONE_THERE)

    def look(self) -> None:
        """Open what has come, let go of what has gone; a system that died is asked for again."""
        if self._system is not None and not self._system.is_alive():
            self._abandon()
        if self._system is None:
            try:
                self._system = self._new_system()
            except PortError:
                return
        there = {port.name: port for port in self._system.inputs()}
        for name in [name for name in self._inputs if name not in there]:
            self._inputs.pop(name).close()
            self._tell(Went(name, "it was unplugged"))
        for name in self._wanted([name for name in there if name not in self._inputs]):
            try:
                self._inputs[name] = self._system.open_input(there[name], partial(self._hear, name))
            except PortError as error:
                if self._refused.get(name) != str(error):
                    self._refused[name] = str(error)
                    self._tell(Went(name, str(error)))
                continue
            self._tell(Came(name))
        if not self._inputs and not self._has_waited:
            self._tell(Went("MIDI", NONE_THERE))
        self._has_waited = True

    def outputs(self) -> list[str]:
        """The outputs that are there."""
        return [port.name for port in self._system.outputs()] if self._system else []

    def close(self) -> None:
        for opened in self._inputs.values():
            opened.close()
        self._inputs.clear()
        if self._system is not None:
            self._system.close()
            self._system = None

    def _wanted(self, names: Sequence[str]) -> list[str]:
        if self._device is None:
            return list(names)
        exact = [name for name in names if name == self._device]
        return exact or [name for name in names if self._device in name]

    def _hear(self, name: str, data: bytes) -> None:
        message = decode(data)
        if message is not None:
            self._tell(Message(name, message))

    def _abandon(self) -> None:
        for name, opened in self._inputs.items():
            opened.abandon()
            self._tell(Went(name, "the MIDI system is gone"))
        self._inputs.clear()
        if self._system is not None:
            self._system.abandon()
            self._system = None
