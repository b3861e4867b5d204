"""Session and sender together: after any history no note is left sounding on a device that is there."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from players import Echo

from impsy.core.actions import Action, Play, Silence
from impsy.core.events import Gesture, Panic, Pause, Quit, Reset, SetMode, SetPredictor, Stalled
from impsy.core.mapping import BendEntry, Mapping, NoteEntry, VelocityEntry
from impsy.core.midi import MidiMessage, NoteOff, NoteOn
from impsy.core.modes import Mode
from impsy.core.sender import MidiSender
from impsy.core.session import Session, Settings

LOSE, RETURN = "the cable is pulled", "and put back"

modes = st.sampled_from(list(Mode))
channels = st.integers(0, 1)  # few, so that controls meet on one note
gates = st.none() | st.sampled_from([0.03, 0.2])
notes = st.builds(NoteEntry, channels, gate=gates, low=st.integers(58, 62), high=st.integers(60, 64))
mappings = st.tuples(notes, notes | st.builds(VelocityEntry, channels) | st.builds(BendEntry, channels))
gestures = st.builds(lambda a, b: Gesture(((0, a), (1, b)), "test"), st.floats(0, 1), st.floats(0, 1))
ENDING = SetMode, Reset, Pause, Panic, SetPredictor
RESUME = Pause(False, "test")  # what was sent thru in the pause may go on
commands = st.one_of(
    st.builds(SetMode, modes, st.just("test")),
    st.builds(Pause, st.booleans(), st.just("test")),
    st.builds(Reset, st.just("test")),
    st.builds(Panic, st.just("test")),
    st.builds(SetPredictor, st.just(Echo(dt=0.02)), st.just("another"), st.just("test")),
    st.builds(Stalled, st.floats(0.25, 2.0)),
    st.sampled_from([LOSE, RETURN]),
)
histories = st.lists(st.tuples(st.floats(0, 0.4), gestures | gestures | commands), max_size=25)


class Synth:
    """A device that sounds what it is sent, and checks that each note that sounds is ended once."""

    def __init__(self, mapping: Mapping) -> None:
        self.sender = MidiSender(mapping)
        self.sounding: set[tuple[int, int]] = set()
        self.is_there = True

    def perform(self, action: Action) -> None:
        match action:
            case Play(at=at, values=values):
                self.hear(self.sender.messages(values, at))
            case Silence(everything=everything):
                self.hear(self.sender.panic() if everything else self.sender.silence())

    def hear(self, messages: Iterable[MidiMessage]) -> None:
        for message in messages:
            assert self.is_there
            if isinstance(message, NoteOn):
                self.sounding.add((message.channel, message.note))
            elif isinstance(message, NoteOff):
                self.sounding.remove((message.channel, message.note))  # KeyError: it was ended twice

    def lose(self) -> None:
        self.is_there = False
        self.sender.lose()

    def come_back(self) -> None:
        self.is_there = True
        self.hear(self.sender.recover())


@given(mappings, modes, st.booleans(), histories)
def test_no_note_is_left_sounding(mapping, mode, thru, history):
    synth = Synth(mapping)
    settings = Settings(mode=mode, threshold=0.1, sigma_temperature=0.5, input_thru=thru)
    session = Session(Echo(dt=0.02, deviation=0.1), settings, 1, 0.0)
    now = 0.0

    def advance(until: float) -> None:  # as the runner does
        while (due := min(filter(None, (session.next_deadline(), synth.sender.next_deadline())), default=None)) and (
            due <= until
        ):
            synth.hear(synth.sender.advance(due))
            session.advance_into(synth.perform, due)

    for gap, event in [*history, (0.1, Quit("test")), (0.0, RETURN)]:
        now += gap
        advance(now)
        if event == LOSE:
            synth.lose()
        elif event == RETURN:
            synth.come_back()
        else:
            before = session.status
            session.receive_into(synth.perform, event, now)
            ends = isinstance(event, ENDING) and event != RESUME and session.status != before
            if ends and session.status.mode is not Mode.BATTLE:
                assert not (synth.is_there and synth.sounding)

    assert not synth.sounding


def test_the_end_of_a_performance_ends_its_notes():
    synth = Synth((NoteEntry(0), NoteEntry(1)))
    session = Session(Echo(dt=0.02), Settings(mode=Mode.BATTLE), 1, 0.0)
    session.advance_into(synth.perform, 0.5)
    assert synth.sounding

    session.receive_into(synth.perform, Quit("test"), 0.5)
    assert not synth.sounding
