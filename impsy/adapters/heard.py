"""What is heard on a port by those who do not play, as it is, before it means anything."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from impsy.core.actions import DeviceLost, Happening, Status
from impsy.core.events import Event
from impsy.core.midi import MidiMessage


class Packet(Struct, frozen=True):
    """What should be an OSC packet."""

    data: bytes


class Line(Struct, frozen=True):
    """A line without its end; one that `had_begun` before we listened may be half of one."""

    data: bytes
    had_begun: bool = False


class Frame(Struct, frozen=True):
    """A text frame of a WebSocket client."""

    text: str


class OtherMidi(Struct, frozen=True):
    """MIDI that no mapping can take: a program change, sysex, anything damaged."""

    data: bytes


class Refused(Struct, frozen=True):
    """What a port does not take from anyone."""

    words: str
    why: str


class Came(Struct, frozen=True):
    """The device is there, and heard."""


class Went(Struct, frozen=True):
    """The device is not there, and is looked for."""

    why: str


class Heard(Struct, frozen=True):
    """Something happened on a device; `kind` is the section of a configuration that opens such ports."""

    kind: str
    device: str  # as this machine calls it
    what: MidiMessage | OtherMidi | Packet | Line | Frame | Refused | Came | Went
    named: str = ""  # as the configuration calls it


Tell: TypeAlias = Callable[[Heard], None]


class EarInbox:
    """Stands where an inbox stands when nobody plays: what becomes of devices is told, and questions are answered."""

    def __init__(self, kind: str, status: Status, tell: Tell) -> None:
        self._kind = kind
        self._status = status
        self._tell = tell

    def put(self, event: Event, delay: float = 0.0) -> None:
        """Ears hand over what arrives before it means anything."""

    def ask(self, reply: Callable[[Status], None]) -> bool:
        """The answer is always the same, and comes at once."""
        reply(self._status)
        return True

    def tell(self, what: Happening) -> None:
        """That a device is back is told by its ears."""
        if isinstance(what, DeviceLost):
            self._tell(Heard(self._kind, what.device, Went(what.why)))

    def refuse(self, source: str, why: str) -> None:
        self._tell(Heard(self._kind, source, Refused("refused", why)))
