"""MIDI: any number of inputs and outputs, each with a mapping of its own (formats §7)."""

from impsy.adapters.midi_devices import InputDevice, OutputDevice
from impsy.adapters.midi_watch import MidiWatch
from impsy.config.mappings import VIRTUAL_IN, VIRTUAL_OUT
from impsy.config.routing import inputs_of, outputs_of, source_of, thru_routes
from impsy.config.schema import Midi
from impsy.core.actions import Action, Play, Silence, Status, Thru
from impsy.core.midi import NoteOn
from impsy.core.ports import Inbox


class MidiPort:
    """All devices of `[midi]`; those that are not there are waited for, and no device makes the engine wait."""

    def __init__(self, inbox: Inbox, midi: Midi, controls: int) -> None:
        self._echo_within = midi.feedback_threshold if midi.feedback_protection else None
        self._outputs = [
            OutputDevice(
                inbox,
                name,
                midi.output.get(name, ())[:controls],
                is_virtual=midi.virtual and name == VIRTUAL_OUT,
            )
            for name in outputs_of(midi)
        ]
        self._inputs = [
            InputDevice(
                inbox,
                name,
                midi.input.get(name, ())[:controls],
                source=source_of(name),
                panic=midi.panic,
                is_echo=self._is_echo,
                is_virtual=midi.virtual and name == VIRTUAL_IN,
            )
            for name in inputs_of(midi)
        ]
        self._thru = {
            source: [device for device in self._outputs if device.name in names]
            for source, names in thru_routes(midi).items()
        }
        self._watch = MidiWatch(inbox, midi.backend, self._inputs, self._outputs)

    def open(self, status: Status) -> None:
        """Connect what is there, and wait for the rest."""
        self._watch.open()

    def close(self) -> None:
        """End all notes, and give the devices back."""
        for output in self._outputs:
            output.finish()
        self._watch.close()

    def perform(self, action: Action) -> None:
        """Say what is played, and what one input's player sends thru."""
        match action:
            case Play(at=at, values=values):
                for output in self._outputs:
                    output.play(values, at)
            case Thru(at=at, values=values, source=source):
                for output in self._thru.get(source, ()):
                    output.play(values, at)
            case Silence(everything=everything):
                for output in self._outputs:
                    output.silence(everything=everything)

    def next_deadline(self) -> float | None:
        """When a gate ends a note."""
        ends = [end for output in self._outputs if (end := output.next_deadline()) is not None]
        return min(ends, default=None)

    def advance(self, now: float) -> None:
        """End the notes whose gates are over."""
        for output in self._outputs:
            output.advance(now)

    def _is_echo(self, device: InputDevice, note: NoteOn) -> bool:
        """Whether the note is what we sent to the same device a moment ago; by the input's thread."""
        within = self._echo_within
        return within is not None and any(
            output.has_just_sent(note, within) for output in self._outputs if output.is_same(device)
        )
