"""The session in every mode, event by event; time is a number that is passed in."""

import itertools
import math

import pytest
from players import Metronome

from impsy.core.actions import (
    Action,
    Announce,
    Applied,
    Origin,
    Overflowed,
    Play,
    Record,
    Refused,
    Shifted,
    Silence,
    Thru,
)
from impsy.core.events import (
    Event,
    Gesture,
    Panic,
    Pause,
    Quit,
    Reset,
    SetMode,
    SetPredictor,
    SetTemperature,
    SetThreshold,
    SetTimescale,
    Stalled,
)
from impsy.core.modes import Mode, Turn
from impsy.core.session import MOST_PENDING, Session, Settings


def session(mode: Mode = Mode.CALLRESPONSE, model: Metronome | None = None, **settings: object) -> Session:
    return Session(model or Metronome(), Settings(mode=mode, **settings), seed=1, started=0.0)  # type: ignore[arg-type]


def gesture(*values: float) -> Gesture:
    return Gesture(tuple(enumerate(values)), "test")


def played(actions: list[Action], origin: Origin = Origin.MODEL) -> list[float]:
    return [a.at for a in actions if isinstance(a, Play) and a.origin is origin]


def kinds(actions: list[Action]) -> list[str]:
    return [type(a).__name__ for a in actions]


def test_every_gesture_is_recorded_in_every_mode() -> None:
    for mode in Mode:
        actions = session(mode).receive(gesture(0.1, 0.9), 1.0)

        assert [a for a in actions if isinstance(a, Record) and a.at == 1.0] == [
            Record(1.0, Origin.PERFORMER, (0.1, 0.9))
        ]


def test_a_sparse_gesture_keeps_the_other_controls() -> None:
    s = session(threshold=5)
    s.receive(gesture(0.1, 0.9), 1.0)

    (record,) = s.receive(Gesture(((1, 0.2),), "test"), 2.0)

    assert record == Record(2.0, Origin.PERFORMER, (0.1, 0.2))


def test_values_are_clipped_and_nonsense_is_refused() -> None:
    s = session()

    assert s.receive(gesture(-3, 7), 1.0)[0] == Record(1.0, Origin.PERFORMER, (0.0, 1.0))
    for nonsense in (gesture(math.nan, 0), gesture(0, math.inf), Gesture(((2, 0.5),), "test"), Gesture((), "test")):
        (refused,) = s.receive(nonsense, 1.01)
        assert isinstance(refused, Announce)
        assert isinstance(refused.what, Refused)


def test_a_refused_gesture_is_no_origin_of_dt() -> None:
    model = Metronome()
    s = session(model=model, threshold=5)
    s.receive(gesture(0, 0), 1.0)
    s.receive(gesture(math.nan, 0), 1.25)
    s.receive(gesture(0, 0), 1.5)

    assert [heard[0] for heard in model.heard[:2]] == [1.0, pytest.approx(0.5)]


def test_an_earlier_stamp_counts_as_the_latest_time_seen() -> None:
    s = session(threshold=5)
    s.receive(gesture(0, 0), 1.5)

    assert s.receive(gesture(0, 0), 1.05) == [Record(1.5, Origin.PERFORMER, (0.0, 0.0))]


def test_the_first_dt_counts_from_the_start_and_long_ones_are_capped() -> None:
    model = Metronome()
    s = session(Mode.POLYPHONY, model, longest_dt=5.0)
    s.receive(gesture(0, 0), 2.0)
    s.receive(gesture(0, 0), 60.0)

    assert [heard[0] for heard in model.heard] == [2.0, 5.0]


def test_silence_hands_over_to_the_model() -> None:
    s = session(threshold=0.5)
    s.receive(gesture(0.1, 0.2), 1.0)

    assert s.next_deadline() == pytest.approx(1.5)
    assert played(s.advance(1.49)) == []
    assert played(s.advance(1.75)) == pytest.approx([1.5, 1.6, 1.7])
    assert s.status.turn is Turn.RESPONSE


def test_a_long_first_dt_counts_from_the_last_gesture() -> None:
    s = session(model=Metronome(dt=0.8), threshold=0.5)
    s.receive(gesture(0.1, 0.2), 1.0)

    assert played(s.advance(3.0)) == pytest.approx([1.8, 2.6])


def test_callresponse_is_silent_before_the_first_gesture() -> None:
    s = session()

    assert s.next_deadline() is None
    assert s.advance(1000.0) == []


def test_a_response_hears_the_last_gesture_once_and_then_itself() -> None:
    model = Metronome(dt=0.1, value=0.25)
    s = session(model=model, threshold=0.2)
    s.receive(gesture(0.1, 0.2), 1.0)
    s.advance(1.25)

    assert model.heard == [[1.0, 0.1, 0.2], pytest.approx([0.1, 0.25, 0.25])]


def test_a_gesture_interrupts_the_response() -> None:
    model = Metronome(dt=0.1)
    s = session(model=model, threshold=0.2)
    s.receive(gesture(0.1, 0.2), 1.0)
    s.advance(1.35)
    before = len(model.heard)

    actions = s.receive(gesture(0.3, 0.3), 1.36)

    assert isinstance(actions[0], Silence)
    assert s.status.turn is Turn.CALL
    assert len(model.heard) == before + 1  # what was pending leaves no trace
    assert played(s.advance(1.55)) == []
    assert s.next_deadline() == pytest.approx(1.56)


def test_a_gesture_before_the_threshold_wins_and_one_at_it_does_not() -> None:
    early, late = session(threshold=0.5), session(threshold=0.5)
    for s in (early, late):
        s.receive(gesture(0, 0), 1.0)
    early.receive(gesture(0, 0), 1.4999)
    late.receive(gesture(0, 0), 1.5)

    assert early.advance(1.9) == []
    assert isinstance(late.advance(1.0), list)
    assert early.status.turn is Turn.CALL


def test_a_gesture_that_the_model_never_heard_is_fed_once_at_takeover() -> None:
    model = Metronome()
    s = session(Mode.USERONLY, model, threshold=0.2)
    s.receive(gesture(0.1, 0.2), 1.0)
    assert model.heard == []

    s.receive(SetMode(Mode.CALLRESPONSE, "test"), 2.0)
    s.advance(2.25)

    assert model.heard[0] == [1.0, 0.1, 0.2]
    assert model.heard[1] == pytest.approx([0.1, 0.25, 0.25])


def test_silence_counts_from_a_change_of_mode_or_a_resume() -> None:
    s = session(Mode.USERONLY, threshold=0.5)
    s.receive(gesture(0, 0), 1.0)
    s.receive(SetMode(Mode.CALLRESPONSE, "test"), 3.0)
    assert s.next_deadline() == 3.5

    s.receive(Pause(True, "test"), 3.1)
    assert s.next_deadline() is None
    s.receive(Pause(False, "test"), 4.0)
    assert s.next_deadline() == 4.5


def test_polyphony_answers_each_gesture_from_its_own_arrival() -> None:
    s = session(Mode.POLYPHONY, Metronome(dt=0.5))
    for at in (1.0, 1.1, 1.3):
        s.receive(gesture(0, 0), at)

    assert played(s.advance(2.0)) == pytest.approx([1.5, 1.6, 1.8])


def test_polyphony_never_feeds_the_model_its_own_output() -> None:
    model = Metronome(dt=0.1)
    s = session(Mode.POLYPHONY, model)
    s.receive(gesture(0, 0), 1.0)
    s.advance(5.0)

    assert len(model.heard) == 1


def test_polyphony_at_timescale_zero_answers_at_once() -> None:
    s = session(Mode.POLYPHONY, timescale=0.0)

    assert kinds(s.receive(gesture(0, 0), 1.0)) == ["Record", "Play", "Record"]


def test_polyphony_holds_256_and_counts_what_goes() -> None:
    s = session(Mode.POLYPHONY, Metronome(dt=100.0))
    told = []
    for i in range(MOST_PENDING + 5):
        told += [a.what for a in s.receive(gesture(0, 0), 1.0 + i / 1000) if isinstance(a, Announce)]

    assert told == [Overflowed(1), Overflowed(2), Overflowed(4)]
    assert len(played(s.advance(1000.0))) == MOST_PENDING


def test_a_battle_starts_by_itself_and_keeps_its_beat() -> None:
    model = Metronome(dt=0.1)
    s = session(Mode.BATTLE, model)

    assert played(s.advance(0.35)) == pytest.approx([0.1, 0.2, 0.3])
    assert model.heard[0] == [0.01, 0.5, 0.5]
    assert model.heard[1] == pytest.approx([0.1, 0.25, 0.25])


def test_a_battle_ignores_the_performer_but_logs_them() -> None:
    model = Metronome(dt=0.1)
    s = session(Mode.BATTLE, model)
    before = len(model.heard)

    assert kinds(s.receive(gesture(0, 0), 0.05)) == ["Record"]
    assert len(model.heard) == before


def test_a_battle_goes_on_after_a_reset_from_what_it_played_last() -> None:
    model = Metronome(dt=0.1, value=0.25)
    s = session(Mode.BATTLE, model)
    s.advance(0.15)

    s.receive(Reset("test"), 0.15)

    assert model.heard[-1] == pytest.approx([0.01, 0.25, 0.25])
    assert s.next_deadline() == pytest.approx(0.25)


@pytest.mark.parametrize("mode", [Mode.BATTLE, Mode.CALLRESPONSE])
def test_timescale_zero_still_waits_a_millisecond(mode: Mode) -> None:
    s = session(mode, timescale=0.0, threshold=0.1)
    s.receive(gesture(0, 0), 0.0)

    times = played(s.advance(0.2))

    assert all(later - earlier == pytest.approx(0.001) for earlier, later in itertools.pairwise(times))
    assert len(times) > 90


def test_a_change_of_timescale_retimes_what_is_pending() -> None:
    s = session(Mode.BATTLE, Metronome(dt=1.0))
    s.receive(SetTimescale(2.0, "test"), 0.5)
    assert s.next_deadline() == pytest.approx(2.0)

    s.receive(SetTimescale(0.75, "test"), 0.6)
    assert s.next_deadline() == pytest.approx(0.75)


def test_no_prediction_is_retimed_into_the_past() -> None:
    s = session(Mode.BATTLE, Metronome(dt=1.0))

    actions = s.receive(SetTimescale(0.1, "test"), 0.6)

    assert played(actions) == [0.6]
    assert s.next_deadline() == pytest.approx(0.7)


def test_useronly_never_plays() -> None:
    s = session(Mode.USERONLY)
    s.receive(gesture(0, 0), 1.0)

    assert s.next_deadline() is None
    assert s.advance(100.0) == []


def test_thru_sends_each_gesture_at_its_arrival_and_logs_it_once() -> None:
    s = session(input_thru=True)

    actions = s.receive(gesture(0.1, 0.2), 1.0)

    assert actions == [
        Play(1.0, (0.1, 0.2), Origin.PERFORMER, "impsy"),
        Record(1.0, Origin.PERFORMER, (0.1, 0.2)),
    ]


def test_a_source_with_a_route_of_its_own_is_sent_thru_at_once() -> None:
    s = session(thru_sources=frozenset({"midi:keys"}))

    assert s.receive(Gesture(((0, 0.1),), "midi:keys"), 1.0) == [
        Thru(1.0, (0.1, 0.5), "midi:keys"),
        Record(1.0, Origin.PERFORMER, (0.1, 0.5)),
    ]
    assert kinds(s.receive(Gesture(((0, 0.2),), "midi:knobs"), 1.01)) == ["Record"]


def test_what_goes_to_all_outputs_goes_to_none_twice() -> None:
    s = session(input_thru=True, thru_sources=frozenset({"test"}))

    assert kinds(s.receive(gesture(0.1, 0.2), 1.0)) == ["Play", "Record"]


def test_a_mode_change_drops_what_is_pending_and_ends_notes() -> None:
    s = session(Mode.POLYPHONY, Metronome(dt=1.0))
    s.receive(gesture(0, 0), 1.0)

    actions = s.receive(SetMode(Mode.USERONLY, "test"), 1.5)

    assert kinds(actions) == ["Silence", "Announce"]
    assert s.advance(10.0) == []


def test_pause_silences_the_model_but_not_the_performer() -> None:
    model = Metronome()
    s = session(Mode.POLYPHONY, model, input_thru=True)
    s.receive(Pause(True, "test"), 1.0)

    actions = s.receive(gesture(0, 0), 1.5)

    assert kinds(actions) == ["Play", "Record"]
    assert played(actions) == []
    assert len(model.heard) == 1  # fed where the mode feeds
    assert s.next_deadline() is None


def test_panic_silences_everything_and_stays_paused_until_resumed() -> None:
    s = session(Mode.BATTLE)

    actions = s.receive(Panic("test"), 0.05)

    assert Silence(0.05, "impsy", everything=True) in actions
    assert s.status.paused
    assert s.advance(10.0) == []
    s.receive(Pause(False, "test"), 10.0)
    assert s.next_deadline() == pytest.approx(10.1)


@pytest.mark.parametrize(
    "event",
    [
        SetTemperature(sigma=-1.0, source="test"),
        SetTemperature(sigma=math.nan, source="test"),
        SetTemperature(pi=0.0, source="test"),
        SetTemperature(pi=math.inf, source="test"),
        SetTimescale(-0.5, "test"),
        SetTimescale(math.inf, "test"),
        SetThreshold(0.0, "test"),
        SetThreshold(math.nan, "test"),
        SetPredictor(Metronome(controls=5), "five", "test"),
    ],
)
def test_settings_out_of_range_are_refused_and_the_old_value_kept(event: Event) -> None:
    s = session()
    before = s.status

    (told,) = s.receive(event, 1.0)

    assert isinstance(told, Announce)
    assert isinstance(told.what, Refused)
    assert s.status == before


def test_a_new_model_starts_with_a_blank_memory() -> None:
    old, new = Metronome(value=0.25), Metronome(value=0.75)
    s = session(Mode.BATTLE, old)
    s.advance(0.15)

    actions = s.receive(SetPredictor(new, "new", "test"), 0.15)

    assert isinstance(actions[0], Silence)
    assert s.status.model == "new"
    assert new.heard == [pytest.approx([0.01, 0.25, 0.25])]


def test_what_is_lost_to_a_stall_is_not_caught_up() -> None:
    s = session(Mode.BATTLE, Metronome(dt=0.1))
    s.advance(0.05)

    actions = s.receive(Stalled(5.0), 0.1)

    assert actions == [Announce(0.1, Shifted(5.0, "clock"))]
    assert played(s.advance(5.35)) == pytest.approx([5.1, 5.2, 5.3])


def test_a_takeover_that_was_slept_through_comes_later() -> None:
    s = session(threshold=0.5)
    s.receive(gesture(0, 0), 1.0)
    s.receive(Stalled(10.0), 1.5)

    assert s.next_deadline() == pytest.approx(11.5)
    assert played(s.advance(11.55)) == pytest.approx([11.5])


def test_a_model_that_says_nonsense_does_not_end_the_concert() -> None:
    s = session(Mode.BATTLE, Metronome(value=math.nan))

    actions = s.advance(3.5)

    assert played(actions) == pytest.approx([1.0, 2.0, 3.0])
    assert all(a.values == (0.5, 0.5) for a in actions if isinstance(a, Play))
    assert any(isinstance(a, Announce) and isinstance(a.what, Refused) for a in actions)


def test_a_battle_that_begins_with_nonsense_says_so() -> None:
    s = session(Mode.BATTLE, Metronome(value=math.nan))

    (told,) = s.advance(0.5)

    assert isinstance(told, Announce)
    assert isinstance(told.what, Refused)


def test_a_battle_that_was_paused_goes_on_from_what_it_heard() -> None:
    model = Metronome(dt=0.1)
    s = session(Mode.BATTLE, model)
    s.advance(0.15)
    before = len(model.heard)
    s.receive(Pause(True, "test"), 0.15)
    s.receive(Pause(False, "test"), 0.5)

    assert len(model.heard) == before
    assert s.next_deadline() == pytest.approx(0.6)


def test_what_is_so_already_is_not_told_again() -> None:
    s = session(Mode.BATTLE)

    assert s.receive(SetMode(Mode.BATTLE, "test"), 0.01) == []
    assert s.receive(Pause(False, "test"), 0.02) == []


def test_no_negative_zero_is_logged() -> None:
    (record,) = session(threshold=5).receive(gesture(-0.0, -1.0), 1.0)

    assert isinstance(record, Record)
    assert [math.copysign(1, x) for x in record.values] == [1, 1]


def test_quitting_ends_notes_and_leaves_nothing_pending() -> None:
    s = session(Mode.BATTLE)

    assert kinds(s.receive(Quit("test"), 0.05)) == ["Silence"]
    assert s.next_deadline() is None


def test_a_threshold_that_is_shortened_below_the_silence_takes_over_at_once() -> None:
    s = session(threshold=10.0)
    s.receive(gesture(0, 0), 1.0)

    actions = s.receive(SetThreshold(0.5, "test"), 3.0)

    assert played(actions) == [3.0]


def test_the_status_is_told_with_every_change() -> None:
    s = session()

    (told,) = s.receive(SetTimescale(2.0, "test"), 1.0)

    assert isinstance(told, Announce)
    assert isinstance(told.what, Applied)
    assert told.what.status == s.status
    assert s.status.timescale == 2.0
