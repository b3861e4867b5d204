"""MIDI gear for tests: a controller with knobs and keys, a synth that remembers what it hears; JACK ports, by mido."""

import time
from collections.abc import Callable
from types import TracebackType

import mido
from peers import until

from impsy.adapters.midi_libraries import never_end

API = "UNIX_JACK"


class Gear:
    """A device with an output and an input, `NAME:out` and `NAME:in` or so, which can be unplugged."""

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
        self._out = mido.open_output("out", virtual=True, client_name=self.name, api=API)
        self._in = mido.open_input("in", virtual=True, client_name=self.name, api=API, callback=self._hear)

    def unplug(self) -> None:
        self._in._rt.cancel_callback()  # to close it in the middle of one would wait for ever
        time.sleep(0.05)
        self._out.close()
        self._in.close()

    def abandon(self) -> None:
        """Leave it to a server that is dead: to close it would crash."""
        for port in (self._out, self._in):
            never_end(port._rt)
            port.closed = True

    def send(self, kind: str, **data: int) -> None:
        self._out.send(mido.Message(kind, **data))

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

    def _hear(self, message: mido.Message) -> None:
        self.times.append(time.perf_counter())
        self.heard.append(message)
