"""What holds for any history of gestures, commands and stalls, and for any lateness of waking."""

from hypothesis import given, settings
from hypothesis import strategies as st
from players import Echo

from impsy.core.actions import Action, Origin, Play, Record, Silence
from impsy.core.events import (
    Event,
    Gesture,
    Panic,
    Pause,
    Reset,
    SetMode,
    SetTemperature,
    SetThreshold,
    SetTimescale,
    Stalled,
)
from impsy.core.modes import Mode, Turn
from impsy.core.session import Session, Settings

modes = st.sampled_from(list(Mode))
numbers = st.floats(-0.5, 1.5)
gestures = st.one_of(
    st.builds(lambda a, b: Gesture(((0, a), (1, b)), "dense"), numbers, numbers),
    st.builds(lambda i, x: Gesture(((i, x),), "sparse"), st.integers(0, 1), numbers),
)
commands = st.one_of(
    st.builds(SetMode, modes, st.just("test")),
    st.builds(lambda x: SetTemperature(sigma=x), st.floats(-1, 4)),
    st.builds(lambda x: SetTemperature(pi=x), st.floats(-1, 4)),
    st.builds(SetTimescale, st.sampled_from([-1.0, 0.0, 0.1, 1.0, 3.0]), st.just("test")),
    st.builds(SetThreshold, st.sampled_from([0.0, 0.01, 0.1, 0.5]), st.just("test")),
    st.builds(Pause, st.booleans(), st.just("test")),
    st.builds(Reset, st.just("test")),
    st.builds(Panic, st.just("test")),
    st.builds(Stalled, st.floats(0.25, 3.0)),
)
gaps = st.floats(0.0, 0.6)
histories = st.lists(st.tuples(gaps, st.one_of(gestures, gestures, commands)), max_size=25)
latenesses = st.lists(st.floats(0.0, 0.5), min_size=1, max_size=20)


def new_session(mode: Mode, thru: bool = False, seed: int = 7) -> Session:
    started = Settings(mode=mode, threshold=0.1, sigma_temperature=0.5, input_thru=thru)
    return Session(Echo(dt=0.07, deviation=0.05), started, seed, 0.0)


def stamped(history: list[tuple[float, Event]]) -> list[tuple[float, Event]]:
    at, made = 0.0, []
    for gap, event in history:
        at += gap
        made.append((at, event))
    return made


def play(session: Session, history: list[tuple[float, Event]], until: float, late: list[float]) -> list[Action]:
    """As the runner does: wake at each deadline, more or less late, but never after the next event has arrived."""
    actions, woken = [], 0
    for at, event in [*stamped(history), (until, None)]:
        while (deadline := session.next_deadline()) is not None and deadline <= at:
            wake = min(deadline + late[woken % len(late)], at)
            woken += 1
            if wake >= at:
                break
            actions += session.advance(wake)
        actions += session.advance(until) if event is None else session.receive(event, at)
    return actions


def silence_ends(history: list[tuple[float, Event]]) -> float:
    return sum(gap for gap, _ in history) + 1.0


@given(modes, st.booleans(), histories, latenesses)
@settings(max_examples=150)
def test_actions_do_not_depend_on_how_late_the_thread_woke(
    mode: Mode, thru: bool, history: list[tuple[float, Event]], late: list[float]
) -> None:
    end = silence_ends(history)

    punctual = play(new_session(mode, thru), history, end, [0.0])

    assert play(new_session(mode, thru), history, end, late) == punctual


@given(modes, histories)
def test_each_gesture_is_recorded_once_and_all_output_is_in_range(
    mode: Mode, history: list[tuple[float, Event]]
) -> None:
    actions = play(new_session(mode), history, silence_ends(history), [0.0])

    recorded = [a for a in actions if isinstance(a, Record)]
    assert len([a for a in recorded if a.source is Origin.PERFORMER]) == sum(isinstance(e, Gesture) for _, e in history)
    assert len([a for a in recorded if a.source is Origin.MODEL]) == sum(isinstance(a, Play) for a in actions)
    assert all(0.0 <= x <= 1.0 for a in actions if isinstance(a, Play | Record) for x in a.values)


@given(modes, st.booleans(), histories)
def test_time_never_goes_back(mode: Mode, thru: bool, history: list[tuple[float, Event]]) -> None:
    times = [action.at for action in play(new_session(mode, thru), history, silence_ends(history), [0.0])]

    assert times == sorted(times)


@given(modes, histories)
def test_deadlines_always_advance(mode: Mode, history: list[tuple[float, Event]]) -> None:
    session = new_session(mode)
    for at, event in stamped(history):
        session.receive(event, at)

    for _ in range(50):
        deadline = session.next_deadline()
        if deadline is None:
            return
        session.advance(deadline)
        following = session.next_deadline()
        assert following is None or following > deadline


@given(modes, modes, histories)
def test_nothing_pending_survives_a_mode_change(before: Mode, after: Mode, history: list[tuple[float, Event]]) -> None:
    session = new_session(before)
    play(session, history, end := silence_ends(history), [0.0])
    current = session.status.mode

    actions = session.receive(SetMode(Mode.USERONLY, "test"), end)

    assert session.next_deadline() is None
    assert session.status.turn is Turn.CALL
    assert current is Mode.USERONLY or any(isinstance(action, Silence) for action in actions)
    session.receive(SetMode(after, "test"), end)
    deadline = session.next_deadline()
    assert deadline is None or deadline > end  # all that is due was made after the change


@given(histories)
def test_useronly_never_plays(history: list[tuple[float, Event]]) -> None:
    kept = [(gap, event) for gap, event in history if not isinstance(event, SetMode)]

    actions = play(new_session(Mode.USERONLY), kept, silence_ends(kept), [0.0])

    assert not [action for action in actions if isinstance(action, Play)]


@given(modes, histories, st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_the_same_seed_plays_the_same(mode: Mode, history: list[tuple[float, Event]], seed: int) -> None:
    end = silence_ends(history)

    first, second = (play(new_session(mode, seed=seed), history, end, [0.0]) for _ in range(2))

    assert first == second
