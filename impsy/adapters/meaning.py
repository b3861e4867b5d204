"""What things that are heard mean: to a configuration, in words (`impsy monitor`); as vectors, before there is one.

What a message means is asked of those who decide it when it is played: the vocabulary, the mappings, the codecs.
"""

import math
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from impsy.adapters import vocabulary
from impsy.adapters.heard import Came, Frame, Heard, Line, OtherMidi, Packet, Refused, Went
from impsy.config.schema import Config
from impsy.core.actions import Happening, Status
from impsy.core.events import Event, Gesture
from impsy.core.mapping import Button, Changes, Mapping, MidiReceiver, pressed
from impsy.core.midi import ControlChange, MidiMessage
from impsy.wire import lines, osc, text
from impsy.wire.words import byte_words, midi_words

NOT_MAPPED = "not mapped"
COMMAND, QUESTION = "a control of impsy", "a question to impsy"
PANIC = "the panic button"
MOST_SHOWN = 80  # characters of what cannot be read


class Meaning(Struct, frozen=True):
    """Something arrived: what it sets, or `why` it sets nothing."""

    port: str
    words: str
    changes: Changes = ()
    why: str = ""


class Numbers(Struct, frozen=True):
    """A vector; `address` is that of an OSC message, or the device."""

    address: str
    numbers: lines.Vector


class Unread(Struct, frozen=True):
    """Something that no vector can be read from, in words."""

    words: str


class Interpreter:
    """Tells what things mean to a configuration; gestures have any length where nobody knows how many `controls`."""

    def __init__(self, config: Config, controls: int | None) -> None:
        self._config = config
        self._controls = controls
        self._receivers: dict[tuple[str, str], MidiReceiver] = {}  # by kind and device

    def meanings(self, heard: Heard) -> Iterable[Meaning]:
        """What was heard, in words; a packet may hold several messages."""
        is_midi = heard.kind == "midi"  # of which there may be many
        port = f"midi {heard.device}" if is_midi else heard.kind
        match heard.what:
            case Came():
                self._receivers.pop((heard.kind, heard.device), None)  # half of a pair from before means nothing
                return [Meaning(port if is_midi else heard.device, "heard")]
            case Went(why):
                return [Meaning(port if is_midi else heard.device, "not there", why=why)]
            case Refused(words, why):
                return [Meaning(port, cut(words), why=why)]
            case Packet(data):
                return _packet(port, data, self._controls)
            case Line(data):
                return [_line(port, data, self._controls)]
            case Frame(frame):
                message = text.decode(frame)
                if message is None:
                    return [Meaning(port, cut(frame), why="no frame such as /channel/1/noteon/60/127")]
                return [self._message(port, heard, message)]
            case OtherMidi(data):
                return [Meaning(port, byte_words(data), why=NOT_MAPPED)]
            case message:
                return [self._message(port, heard, message)]

    def _message(self, port: str, heard: Heard, message: MidiMessage) -> Meaning:
        mapping, panic = self._mapping(heard.kind, heard.named)
        key = heard.kind, heard.device
        receiver = self._receivers.setdefault(key, MidiReceiver(mapping[: self._controls]))
        changes, why = receiver.receive(message), ""
        if pressed(panic, message):
            changes, why = (), PANIC
        elif changes is None:
            why = NOT_MAPPED
        elif not changes:
            why = "half of a pair" if isinstance(message, ControlChange) else "the end of a note sets nothing"
        return Meaning(port, midi_words(message), changes or (), why)

    def _mapping(self, kind: str, named: str) -> tuple[Mapping, Button | None]:
        config = self._config
        if kind == "midi" and config.midi:
            return config.midi.input.get(named, ()), config.midi.panic
        if kind == "serialmidi" and config.serialmidi:
            return config.serialmidi.input or (), config.serialmidi.panic
        return (config.websocket and config.websocket.input) or (), None


def _packet(port: str, packet: bytes, controls: int | None) -> Iterator[Meaning]:
    try:
        messages = osc.decode(packet)
    except osc.OscError as error:
        yield Meaning(port, f"{len(packet)} bytes", why=cut(f"not OSC as impsy reads it: {error}"))
        return
    for _, message in messages:
        outcome = _Outcome()
        length = len(message.arguments) if controls is None else controls
        alone = osc.encode(message.address, message.arguments)
        vocabulary.receive(alone, port, length, outcome, lambda _: None)
        yield Meaning(port, _told(message), outcome.changes, outcome.why)


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


def _told(message: osc.Message) -> str:
    shown = [f"{item:.4g}" if isinstance(item, float) else str(item) for item in message.arguments]
    return cut(" ".join([message.address, *shown]))


def _line(port: str, line: bytes, controls: int | None) -> Meaning:
    words = cut(line.decode(errors="replace").strip())
    said = lines.decode(line, controls)
    if isinstance(said, lines.Unreadable):
        return Meaning(port, words, why=said.value)
    return Meaning(port, words, tuple(enumerate(said)))


def cut(words: str) -> str:
    """On one line, printable, and not too long; what comes from outside could move the cursor of a terminal."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in words[: MOST_SHOWN + 1])
    return plain if len(plain) <= MOST_SHOWN else plain[:MOST_SHOWN] + "…"


def vectors(heard: Heard) -> Iterator[Numbers | Unread]:
    """What was heard as vectors of any length, where it is OSC or a line."""
    match heard.what:
        case Packet(data):
            try:
                messages = osc.decode(data)
            except osc.OscError as error:
                yield Unread(f"a packet that is not OSC as impsy reads it: {error}")
                return
            for _, message in messages:
                numbers = tuple(float(item) for item in message.arguments if not isinstance(item, str))
                if numbers and len(numbers) == len(message.arguments) and all(map(math.isfinite, numbers)):
                    yield Numbers(message.address, numbers)
                else:
                    yield Unread(f"{message.address}, which does not carry numbers alone")
        case Line(data, had_begun=False):
            said = lines.decode(data)
            if isinstance(said, lines.Unreadable):
                yield Unread(f"{said}: {data[:40]!r}")
            else:
                yield Numbers(heard.device, said)
