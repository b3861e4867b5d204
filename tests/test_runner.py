"""The loop, with a real inbox and a clock that only moves when it is told to."""

import threading
import time
from queue import SimpleQueue

import pytest
from players import Metronome

from impsy.core.actions import Action, Announce, DeviceLost, Origin, Play, Record, Refused, Shifted, Status
from impsy.core.events import Gesture, Quit, SetMode, SetTimescale
from impsy.core.modes import Mode
from impsy.core.session import Session, Settings
from impsy.runtime import inbox as inbox_module
from impsy.runtime.inbox import EventInbox
from impsy.runtime.runner import Runner


class Seen(list[Action]):
    """A listener that keeps what it is handed."""

    def perform(self, action: Action) -> None:
        self.append(action)


class Clock:
    """A clock that stands at `time`."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def gesture(*values: float) -> Gesture:
    return Gesture(tuple(enumerate(values)), "test")


def perform(inbox: EventInbox, clock: object, mode: Mode, **settings: object) -> Seen:
    seen = Seen()
    session = Session(Metronome(dt=0.1), Settings(mode=mode, **settings), 1, 0.0)  # type: ignore[arg-type]
    Runner(session, inbox, clock, [seen], []).run()  # type: ignore[arg-type]
    return seen


def test_events_are_played_at_their_arrival() -> None:
    clock = Clock()
    inbox = EventInbox(clock)
    for moment in (1.0, 2.0):
        clock.time = moment
        inbox.put(gesture(moment / 4, 0))
    inbox.put(Quit("test"))

    seen = perform(inbox, clock, Mode.USERONLY)

    assert [a.at for a in seen if isinstance(a, Record)] == [1.0, 2.0]


def test_a_question_is_answered_after_what_came_before_it() -> None:
    clock = Clock()
    inbox = EventInbox(clock)
    answers: list[Status] = []
    inbox.put(SetMode(Mode.POLYPHONY, "test"))
    inbox.ask(answers.append)
    inbox.put(Quit("test"))

    perform(inbox, clock, Mode.USERONLY)

    assert [status.mode for status in answers] == [Mode.POLYPHONY]


def test_an_event_with_a_time_of_its_own_waits_for_it() -> None:
    inbox = EventInbox(time.perf_counter)
    started = time.perf_counter()
    inbox.put(gesture(0.5, 0.5), delay=0.05)
    inbox.put(gesture(0.1, 0.1))
    threading.Timer(0.5, inbox.put, [Quit("test")]).start()

    seen = perform(inbox, time.perf_counter, Mode.USERONLY)

    first, second = [a for a in seen if isinstance(a, Record)]
    assert first.values == (0.1, 0.1)
    assert second.values == (0.5, 0.5)
    assert second.at - started >= 0.05


def test_an_event_for_later_does_not_flatten_the_stamps_behind_it() -> None:
    clock = Clock()
    inbox = EventInbox(clock)
    inbox.put(gesture(0.9, 0.9), delay=50.0)
    for moment in (1.0, 1.1, 1.2):
        clock.time = moment
        inbox.put(gesture(moment / 4, 0))
    clock.time = 1.25
    inbox.put(Quit("test"))

    seen = perform(inbox, clock, Mode.USERONLY)

    assert [a.at for a in seen if isinstance(a, Record)] == [1.0, 1.1, 1.2]


def test_a_process_that_stood_still_says_so_once_and_does_not_catch_up() -> None:
    clock = Clock()
    inbox = EventInbox(clock)
    clock.time = 10.0  # a battle began at 0 and should have played at 0.1
    threading.Timer(0.2, inbox.put, [Quit("test")]).start()

    seen = perform(inbox, clock, Mode.BATTLE)

    assert [a.what for a in seen if isinstance(a, Announce)] == [Shifted(pytest.approx(9.9), "clock")]
    assert [a.at for a in seen if isinstance(a, Play)] == pytest.approx([10.0])


def test_a_flood_of_gestures_is_bounded_and_controls_come_through() -> None:
    clock = Clock()
    inbox = EventInbox(clock)
    for _ in range(inbox_module.CAPACITY + 100):
        inbox.put(gesture(0, 0))
    inbox.put(SetMode(Mode.POLYPHONY, "test"))
    inbox.put(Quit("test"))

    seen = perform(inbox, clock, Mode.USERONLY)

    assert len([a for a in seen if isinstance(a, Record) and a.source is Origin.PERFORMER]) == inbox_module.CAPACITY
    assert [refusal.count for refusal in inbox.refusals()] == [100]


def test_refusals_are_told_at_every_doubling() -> None:
    inbox = EventInbox(Clock())
    for _ in range(1000):
        inbox.refuse("osc", "nonsense")
    inbox.put(Quit("test"))

    seen = perform(inbox, Clock(), Mode.USERONLY)

    told = [a.what for a in seen if isinstance(a, Announce)]
    assert told[0] == Refused("osc", "nonsense")
    assert len(told) == 10


def test_taking_waits_until_the_deadline_and_no_longer_than_that() -> None:
    inbox = EventInbox(time.perf_counter)
    deadline = time.perf_counter() + 0.03

    assert inbox.take(deadline) is None
    assert time.perf_counter() >= deadline


def test_a_thread_wakes_the_engine() -> None:
    inbox = EventInbox(time.perf_counter)
    taken: SimpleQueue[object] = SimpleQueue()
    threading.Timer(0.02, inbox.put, [Quit("thread")]).start()

    taken.put(inbox.take(None))

    assert taken.get()[1] == Quit("thread")  # type: ignore[index]


def test_what_the_session_refuses_is_counted_with_the_rest() -> None:
    inbox = EventInbox(Clock())
    for _ in range(5):
        inbox.put(SetTimescale(-1.0, "osc"))
    inbox.put(Quit("test"))

    perform(inbox, Clock(), Mode.USERONLY)

    (refusal,) = inbox.refusals()
    assert (refusal.source, refusal.count) == ("osc", 5)


class Gated(Seen):
    """An output that has something to do half a second after each thing that it plays."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ends: list[float] = []
        self.ended: list[tuple[float, float]] = []

    def perform(self, action: Action) -> None:
        if isinstance(action, Play):
            self.ends.append(action.at + 0.5)

    def next_deadline(self) -> float | None:
        return min(self.ends, default=None)

    def advance(self, now: float) -> None:
        self.ended += [(end, self._clock.time) for end in self.ends if end <= now]
        self.ends = [end for end in self.ends if end > now]


def test_an_output_is_woken_at_its_own_deadlines() -> None:
    clock = Clock()
    inbox = EventInbox(clock)
    output = Gated(clock)
    session = Session(Metronome(dt=0.1), Settings(mode=Mode.USERONLY, input_thru=True), 1, 0.0)
    inbox.put(gesture(0.5, 0.5))
    runner = threading.Thread(target=Runner(session, inbox, clock, [output], []).run)
    runner.start()
    while not output.ends:
        time.sleep(0.001)
    clock.time = 0.5
    while not output.ended:
        inbox.refuse("test", "to wake it")
        time.sleep(0.001)
    inbox.put(Quit("test"))
    runner.join(5)

    assert output.ended == [(0.5, 0.5)]


def test_news_of_devices_reach_those_who_watch() -> None:
    clock = Clock()
    inbox = EventInbox(clock)
    inbox.tell(DeviceLost("a synth", "gone"))
    inbox.put(Quit("test"))

    seen = perform(inbox, clock, Mode.USERONLY)

    assert [a.what for a in seen if isinstance(a, Announce)] == [DeviceLost("a synth", "gone")]
