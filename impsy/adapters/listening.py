"""What arrives, in words, for `impsy monitor`: what each message sets, or why it sets nothing.

What a message means is asked of those who decide it when it is played: the vocabulary, the mappings, the codecs.
"""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from impsy.adapters import vocabulary
from impsy.core.actions import DeviceFound, DeviceLost, Happening, Status
from impsy.core.events import Event, Gesture
from impsy.core.mapping import Button, Changes, Mapping, MidiReceiver, pressed
from impsy.core.midi import ControlChange, MidiMessage
from impsy.wire import lines, osc, text
from impsy.wire.midi_bytes import MidiStream, decode
from impsy.wire.words import byte_words, is_whole, midi_words

NOT_MAPPED = "not mapped"
COMMAND, QUESTION = "a control of impsy", "a question to impsy"
PANIC = "the panic button"
MOST_SHOWN = 80  # characters of what cannot be read
TICKING = 0xF8, 0xFE  # clock and active sensing: hundreds a second, that nobody wants to see
FIRST_STATUS, END_OF_SYSEX = 0x80, 0xF7


class Heard(Struct, frozen=True):
    """Something arrived: what it sets, or `why` it sets nothing."""

    port: str
    words: str
    changes: Changes = ()
    why: str = ""


Hear: TypeAlias = Callable[[Heard], None]  # any thread calls it; it must not wait


class Listener:
    """Stands where an inbox stands: what happens to ports, and what they refuse, is heard as well."""

    def __init__(self, status: Status, hear: Hear) -> None:
        self._status = status
        self._hear = hear

    def put(self, event: Event, delay: float = 0.0) -> None:
        """What a message means is heard elsewhere."""

    def ask(self, reply: Callable[[Status], None]) -> bool:
        """Nobody plays: the answer is always the same, and comes at once."""
        reply(self._status)
        return True

    def tell(self, what: Happening) -> None:
        match what:
            case DeviceLost(device=device, why=why):
                self._hear(Heard(device, "not there", why=why))
            case DeviceFound(device=device):
                self._hear(Heard(device, "there"))

    def refuse(self, source: str, why: str) -> None:
        self._hear(Heard(source, "refused", why=why))


class _Outcome:
    """An inbox for one message, which keeps what became of it."""

    def __init__(self) -> None:
        self.changes: Changes = ()
        self.why = ""

    def put(self, event: Event, delay: float = 0.0) -> None:
        if isinstance(event, Gesture):
            self.changes = event.changes
        else:
            self.why = COMMAND

    def ask(self, reply: Callable[[Status], None]) -> bool:
        self.why = QUESTION
        return True

    def tell(self, what: Happening) -> None:
        """No message does that."""

    def refuse(self, source: str, why: str) -> None:
        self.why = why


def hear_packet(port: str, packet: bytes, controls: int | None, hear: Hear) -> None:
    """The messages of one OSC packet; a gesture has any length where nobody knows how many `controls` there are."""
    try:
        messages = osc.decode(packet)
    except osc.OscError as error:
        hear(Heard(port, f"{len(packet)} bytes", why=cut(f"not OSC as impsy reads it: {error}")))
        return
    for _, message in messages:
        outcome = _Outcome()
        length = len(message.arguments) if controls is None else controls
        alone = osc.encode(message.address, message.arguments)
        vocabulary.receive(alone, port, length, outcome, lambda _: None)
        hear(Heard(port, _told(message), outcome.changes, outcome.why))


def _told(message: osc.Message) -> str:
    shown = [f"{item:.4g}" if isinstance(item, float) else str(item) for item in message.arguments]
    return cut(" ".join([message.address, *shown]))


class MidiEar:
    """Hears the messages of one MIDI input."""

    def __init__(self, port: str, mapping: Mapping, panic: Button | None, hear: Hear) -> None:
        self._port = port
        self._receiver = MidiReceiver(mapping)
        self._panic = panic
        self._hear = hear

    def bytes(self, data: bytes) -> None:
        """One whole message as drivers have it."""
        message = decode(data)
        if message is not None:
            self.message(message)
        elif data:
            self._hear(Heard(self._port, byte_words(data), why=NOT_MAPPED))

    def message(self, message: MidiMessage) -> None:
        """A message that a control may have."""
        changes, why = self._receiver.receive(message), ""
        if pressed(self._panic, message):
            changes, why = (), PANIC
        elif changes is None:
            why = NOT_MAPPED
        elif not changes:
            why = "half of a pair" if isinstance(message, ControlChange) else "the end of a note sets nothing"
        self._hear(Heard(self._port, midi_words(message), changes or (), why))


class SerialMidiEar(MidiEar):
    """Hears the bytes of a serial line; what is no message of ours is told when it, or the next one, is complete."""

    def __init__(self, port: str, mapping: Mapping, panic: Button | None, hear: Hear) -> None:
        super().__init__(port, mapping, panic, hear)
        self._stream = MidiStream()
        self._unread = bytearray()

    def feed(self, data: bytes) -> None:
        """Any piece of the stream."""
        for byte in data:
            if byte in TICKING:
                continue
            if byte >= FIRST_STATUS and byte != END_OF_SYSEX:
                self._tell_unread()
            self._unread.append(byte)
            found = self._stream.feed(bytes([byte]))
            for message in found:
                self._unread.clear()
                self.message(message)
            if is_whole(self._unread) or len(self._unread) >= lines.LONGEST:
                self._tell_unread()

    def _tell_unread(self) -> None:
        if self._unread:
            self._hear(Heard(self._port, byte_words(bytes(self._unread)), why=NOT_MAPPED))
            self._unread.clear()


class LineEar:
    """Hears lines of numbers, of any length where nobody knows how many `controls` there are."""

    def __init__(self, port: str, controls: int | None, hear: Hear) -> None:
        self._port = port
        self._controls = controls
        self._hear = hear
        self._begun = b""

    def feed(self, data: bytes) -> None:
        """Any piece of the stream; each line is read as it would be played."""
        *ended, begun = (self._begun + data).split(b"\n")
        self._begun = begun[-lines.LONGEST :]
        for line in filter(bytes.strip, ended):
            length = line.count(b",") + 1 if self._controls is None else self._controls
            said = lines.Unreadable.TOO_LONG if len(line) >= lines.LONGEST else lines.decode(line, length)
            words = cut(line.decode(errors="replace").strip())
            if isinstance(said, lines.Unreadable):
                self._hear(Heard(self._port, words, why=said.value))
            else:
                self._hear(Heard(self._port, words, tuple(enumerate(said))))


def hear_frame(ear: MidiEar, port: str, frame: str, hear: Hear) -> None:
    """One text frame of a WebSocket client."""
    message = text.decode(frame)
    if message is None:
        hear(Heard(port, cut(frame), why="no frame such as /channel/1/noteon/60/127"))
    else:
        ear.message(message)


def cut(words: str) -> str:
    """On one line, printable, and not too long; what comes from outside could move the cursor of a terminal."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in words[: MOST_SHOWN + 1])
    return plain if len(plain) <= MOST_SHOWN else plain[:MOST_SHOWN] + "…"
