"""MIDI over a serial port: the five-pin kind on a UART, or anything that speaks its bytes (formats §10)."""

from collections.abc import Iterable

from impsy.adapters.serial_line import SerialLine
from impsy.core.actions import Action, Play, Silence, Status
from impsy.core.events import Gesture, Panic
from impsy.core.mapping import Button, Mapping, MidiReceiver, pressed
from impsy.core.midi import MidiMessage, NoteOff
from impsy.core.ports import Inbox
from impsy.core.sender import MidiSender
from impsy.wire.midi_bytes import BAUDRATE, MidiStream, encode

SOURCE = "serialmidi"
CROWDED = 64  # messages waiting, 60 ms at this speed: beyond, the device is told nothing new until it has heard them
BEHIND = "more is played than the device takes: it misses some"


class SerialMidiPort:
    """One device, which hears note-offs whatever happens; when it cannot keep up, it is as if it were gone for long."""

    def __init__(
        self, inbox: Inbox, port: str, *, received: Mapping = (), sent: Mapping = (), panic: Button | None = None
    ) -> None:
        self._inbox = inbox
        self._received = received
        self._panic = panic
        self._stream, self._receiver = MidiStream(), MidiReceiver(received)
        self._sender = MidiSender(sent)
        self._line = SerialLine(port, BAUDRATE, inbox, self)
        self._is_lost = False
        self._is_behind = False
        self._missed_panic = False

    def open(self, status: Status) -> None:
        """Begin to look for the device."""
        self._line.open()

    def close(self) -> None:
        """Let what waits, such as the ends of notes, be written within a moment."""
        self._catch_up()
        self._line.close()

    # -- the engine thread

    def perform(self, action: Action) -> None:
        """Write the messages of what is played, and the ends of notes."""
        if not isinstance(action, Play | Silence):
            return
        self._keep_up()
        if isinstance(action, Play):
            self._say(self._sender.messages(action.values, action.at))
        elif not action.everything:
            self._say(self._sender.silence(), lasting=True)
        else:
            self._missed_panic = self._is_lost or self._is_behind
            self._say(self._sender.panic(), lasting=True)

    def next_deadline(self) -> float | None:
        """When a gate ends a note."""
        return self._sender.next_deadline()

    def advance(self, now: float) -> None:
        """End the notes whose gates are over."""
        self._say(self._sender.advance(now))

    def lose(self) -> None:
        """Keep in mind what it will have to hear."""
        self._is_lost = True
        self._sender.lose()

    def recover(self) -> None:
        """Say the ends of notes that it missed, and where every controller stands."""
        self._is_lost = self._is_behind = False
        self._say(self._sender.recover(), lasting=True)
        if self._missed_panic:
            self._missed_panic = False
            self._say(self._sender.panic(), lasting=True)

    def _keep_up(self) -> None:
        """Say no more to a device that is behind; it hears the rest, as it then stands, when it has caught up."""
        if not self._is_behind and self._line.waiting >= CROWDED:
            self._is_behind = True
            self._inbox.refuse(SOURCE, BEHIND)
            self._sender.lose()
            self._line.call_when_written(self._catch_up)

    def _catch_up(self) -> None:
        if self._is_behind and not self._is_lost:
            self.recover()

    def _say(self, messages: Iterable[MidiMessage], lasting: bool = False) -> None:
        for message in messages:
            self._line.put(encode(message), lasting=lasting or isinstance(message, NoteOff))

    # -- the line's thread

    def begin(self, early: bytes) -> None:
        """Half a message from before is no part of what comes now."""
        self._stream, self._receiver = MidiStream(), MidiReceiver(self._received)
        self.feed(early)

    def feed(self, data: bytes) -> None:
        """Messages become gestures, one each, or are counted."""
        for message in self._stream.feed(data):
            if pressed(self._panic, message):
                self._inbox.put(Panic(SOURCE))
            elif (made := self._receiver.receive(message)) is None:
                self._inbox.refuse(SOURCE, "a message that [serialmidi] input does not map")
            elif made:
                self._inbox.put(Gesture(made, SOURCE))
