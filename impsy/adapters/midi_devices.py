"""One MIDI device on either side: what the performer's messages become, and what is said to a synth."""

import time
from collections.abc import Callable, Iterable

from impsy.adapters.midi_system import MOST_UNHEARD, Found, MidiInput, MidiOutput, MidiSystem
from impsy.core.actions import Values
from impsy.core.events import Gesture, Panic
from impsy.core.mapping import Button, Mapping, MidiReceiver, pressed
from impsy.core.midi import MidiMessage, NoteOn
from impsy.core.ports import Inbox
from impsy.core.sender import MidiSender
from impsy.wire.midi_bytes import decode, encode

SOURCE = "midi"
ROOM = 300  # messages that must still be allowed when a vector or a panic is begun
BEHIND = "more is played than a port carries: it misses some"
ECHO = "a note that came back from the device it was sent to"


class Device:
    """A device by the name that a configuration gives it; `port` is where it is connected now."""

    def __init__(self, name: str, *, is_virtual: bool = False) -> None:
        self.name = name
        self.is_virtual = is_virtual
        self.port: Found | None = None

    def is_same(self, other: "Device") -> bool:
        """Whether both are sides of one device, as far as names tell."""
        ours, theirs = self.port, other.port
        if ours is None or theirs is None:
            return self.name == other.name
        return self.name == other.name or _body(ours) == _body(theirs)


class InputDevice(Device):
    """Hears what the performer plays on it, in a thread of the MIDI system."""

    kind = "MIDI input"

    def __init__(
        self,
        inbox: Inbox,
        name: str,
        mapping: Mapping,
        *,
        source: str,
        panic: Button | None = None,
        is_echo: Callable[["InputDevice", NoteOn], bool] = lambda _device, _note: False,
        is_virtual: bool = False,
    ) -> None:
        super().__init__(name, is_virtual=is_virtual)
        self._source = source
        self._inbox = inbox
        self._receiver = MidiReceiver(mapping)
        self._panic = panic
        self._is_echo = is_echo

    def connect(self, system: MidiSystem, port: Found | None) -> MidiInput:
        """Open it; without a port, make it. Raises `PortError`."""
        return system.make_input(self.name, self.hear) if port is None else system.open_input(port, self.hear)

    def hear(self, data: bytes) -> None:
        """One whole message becomes one gesture, or is counted."""
        message = decode(data)
        if message is None:
            return  # a program change and the like, which say nothing here
        if pressed(self._panic, message):
            self._inbox.put(Panic(self._source))
        elif isinstance(message, NoteOn) and self._is_echo(self, message):
            self._inbox.refuse(self._source, ECHO)
        elif (made := self._receiver.receive(message)) is None:
            self._inbox.refuse(self._source, "a message that [midi] input does not map")
        elif made:
            self._inbox.put(Gesture(made, self._source))


class OutputDevice(Device):
    """Says what is played; but for `mark` and `allow_more`, all by the engine thread, which never waits for it.

    A port that was given `MOST_UNHEARD` messages since it was last known to live is told nothing new, as if it were
    gone, until it is known to live on: a flood loses moves, but no note hangs.
    """

    kind = "MIDI output"

    def __init__(self, inbox: Inbox, name: str, mapping: Mapping, *, is_virtual: bool = False) -> None:
        super().__init__(name, is_virtual=is_virtual)
        self._inbox = inbox
        self._sender = MidiSender(mapping)
        self._connection: MidiOutput | None = None
        self._is_behind = False
        self._missed_panic = False
        self._sent = self._marked = 0
        self._allowed = 0  # messages in all: `_sent` may not become greater
        self._last_notes: dict[int, tuple[int, float]] = {}  # by channel: the last note sent, and when

    def connect(self, system: MidiSystem, port: Found | None) -> MidiOutput:
        """Open it; without a port, make it; by the watching thread. Raises `PortError`."""
        return system.make_output(self.name) if port is None else system.open_output(port)

    def attach(self, connection: MidiOutput) -> None:
        """Somebody is there: the ends of notes that were missed, and where every controller stands."""
        self._connection = connection
        self._allowed = self._sent + MOST_UNHEARD
        self._catch_up()

    def detach(self) -> None:
        """Nobody is there."""
        self._connection = None
        self._sender.lose()

    def play(self, values: Values, at: float) -> None:
        """Say a vector."""
        self._keep_up()
        self._say(self._sender.messages(values, at))

    def silence(self, *, everything: bool) -> None:
        """End the notes that sound, or `everything`."""
        self._keep_up()
        if everything:
            self._missed_panic = self._connection is None or self._is_behind
        self._say(self._sender.panic() if everything else self._sender.silence())

    def finish(self) -> None:
        """End the notes that sound, even those of a port that is behind: `ROOM` was kept for that."""
        if self._is_behind:
            self._catch_up()
        self._say(self._sender.silence())

    def next_deadline(self) -> float | None:
        """When a gate ends a note."""
        return self._sender.next_deadline()

    def advance(self, now: float) -> None:
        """End the notes whose gates are over."""
        self._say(self._sender.advance(now))

    def mark(self) -> None:
        """By the watching thread: it is about to be seen whether the port lives."""
        self._marked = self._sent

    def allow_more(self) -> None:
        """By the watching thread: it lives, and has carried all that was sent before `mark`."""
        self._allowed = self._marked + MOST_UNHEARD
        if self._is_behind:
            self._inbox.ask(lambda _: self._catch_up())

    def has_just_sent(self, note: NoteOn, seconds: float) -> bool:
        """Whether that note is the last sent on its channel, no longer ago than that; any thread."""
        last, at = self._last_notes.get(note.channel, (None, 0.0))
        return last == note.note and time.perf_counter() - at <= seconds

    def _keep_up(self) -> None:
        if self._connection is None:
            self._sender.lose()
        elif not self._is_behind and self._allowed - self._sent < ROOM:
            self._is_behind = True
            self._inbox.refuse(SOURCE, BEHIND)
            self._sender.lose()

    def _catch_up(self) -> None:
        if self._connection is None:
            return
        self._is_behind = False
        self._say(self._sender.recover())
        if self._missed_panic:
            self._missed_panic = False
            self._say(self._sender.panic())

    def _say(self, messages: Iterable[MidiMessage]) -> None:
        connection = self._connection
        if connection is None:
            return
        for message in messages:
            if isinstance(message, NoteOn):
                self._last_notes[message.channel] = message.note, time.perf_counter()
            self._sent += 1
            connection.send(encode(message))


def _body(port: Found) -> str:
    """What both sides of a device have in common: «synth» of «synth:in»."""
    return port.raw.partition(":")[0]
