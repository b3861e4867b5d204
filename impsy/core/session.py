"""One performance: events and time in, actions out (formats §5 and §6).

A session is a function of its seed, its predictor, its settings and the events with their times, and never of how
late it was called: `advance` plays everything that fell due as of its own deadline, and `receive` does so first.
Two things wait for their time: the predictions pending, and the takeover (in callresponse, while the performer is
silent). Times are seconds on any clock that does not go back.

A run of this state machine, in words: a gesture sets the performer's vector, is recorded, and steps the model where
the mode says so; a takeover or a fresh start samples the model; a prediction that falls due is played, recorded, fed
back where the mode says so, and the next one is sampled.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from impsy.core.actions import (
    Action,
    Announce,
    Applied,
    Happening,
    Origin,
    Overflowed,
    Play,
    Record,
    Refused,
    Shifted,
    Silence,
    Status,
    Thru,
    TurnTaken,
    Values,
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
from impsy.core.interaction import LONGEST_DT
from impsy.core.mixture import Mixture
from impsy.core.modes import WIRING, Mode, Turn, Wiring
from impsy.core.pending import Pending, Prediction
from impsy.core.predictor import Predictor

SHORTEST_DT = 0.001  # seconds; what a predicted dt is clamped to, and the least wait of a model that plays alone
STARTING_DT = 0.01  # seconds; the dt that goes with the vector from which a battle starts
UNUSABLE_DT = 1.0  # seconds; the wait after a prediction that is not a number
MOST_PENDING = 256

Emit: TypeAlias = Callable[[Action], None]  # takes each action as soon as it stands


class Settings(Struct, frozen=True):
    """What a session starts with; seconds, and temperatures as in `Mixture.sample`."""

    mode: Mode = Mode.CALLRESPONSE
    threshold: float = 0.1
    sigma_temperature: float = 0.01
    pi_temperature: float = 1.0
    timescale: float = 1.0
    input_thru: bool = False
    longest_dt: float = LONGEST_DT
    thru_sources: frozenset[str] = frozenset()  # those that some output hears even without input_thru


class Session:
    """One performer and one model, sharing one instrument."""

    def __init__(
        self,
        predictor: Predictor,
        settings: Settings,
        seed: int,
        started: float,
        *,
        model: str = "",
        agent: str = "impsy",
    ) -> None:
        self._predictor = predictor
        self._settings = settings
        self._rng = np.random.default_rng(seed)
        self._model = model
        self._agent = agent
        self._turn = Turn.CALL
        self._paused = False
        self._now = started

        self._vector: Values = (0.5,) * predictor.spec.controls
        self._last_arrival = started  # of an accepted gesture: the origin of the next one's dt
        self._last_gesture: list[float] | None = None  # [dt, x_1 ... x_n]
        self._answered_from = started  # the last gesture's time, moved along by stalls: what a response counts from
        self._gesture_unheard = False  # the last gesture never reached the model
        self._last_played: Values | None = None
        self._battling = False  # a battle has begun, and nothing but a pause came between

        self._state = predictor.initial_state()
        self._mixture: Mixture | None = None  # what the model expects after all that it has heard
        self._pending = Pending(MOST_PENDING)
        self._overflowed = 0
        self._silent_since = started  # what the silence before a takeover counts from
        self._takeover: float | None = None
        self._unsaid: list[Action] = []  # told before anybody listened
        self._begin(started, self._unsaid.append)

    # -- what the runner calls

    @property
    def status(self) -> Status:
        """What people can see of it now."""
        s = self._settings
        return Status(
            mode=s.mode,
            turn=self._turn,
            sigma_temperature=s.sigma_temperature,
            pi_temperature=s.pi_temperature,
            timescale=s.timescale,
            threshold=s.threshold,
            paused=self._paused,
            dimension=self._predictor.spec.dimension,
            model=self._model,
            vector=self._vector,
        )

    def next_deadline(self) -> float | None:
        """When `advance` has something to do, if nothing else happens."""
        due = self._pending.next_due()
        if self._takeover is None:
            return due
        return self._takeover if due is None else min(due, self._takeover)

    def advance(self, now: float) -> list[Action]:
        """Everything that is due by `now`, each as of its own deadline, in order."""
        actions: list[Action] = []
        self.advance_into(actions.append, now)
        return actions

    def receive(self, event: Event, at: float) -> list[Action]:
        """What the event brings about, after all that was due by then; a time before the latest seen counts as that."""
        actions: list[Action] = []
        self.receive_into(actions.append, event, at)
        return actions

    def advance_into(self, emit: Emit, now: float) -> None:
        """`advance`, each action handed over as soon as it stands: a note goes out before the next is thought of."""
        while self._unsaid:
            emit(self._unsaid.pop(0))
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            self._now = max(self._now, deadline)
            if deadline == self._takeover:
                self._take_over(deadline, emit)
            else:
                self._play(self._pending.pop(), deadline, emit)
        self._now = max(self._now, now)

    def receive_into(self, emit: Emit, event: Event, at: float) -> None:
        """`receive`, with each action handed over as soon as it stands."""
        at = max(at, self._now)
        if isinstance(event, Stalled):  # stamped with the deadline that was missed, which must not fire unmoved
            self.advance_into(emit, math.nextafter(at, -math.inf))
            self._stand_still(event, at, emit)
            return
        self.advance_into(emit, at)
        match event:
            case Gesture():
                self._gesture(event, at, emit)
            case Quit():
                self._drop(at, emit)
                self._takeover = None
            case _:
                self._control(event, at, emit)
        self.advance_into(emit, at)  # at timescale 0 an answer is due at once

    # -- the performer

    def _gesture(self, gesture: Gesture, at: float, emit: Emit) -> None:
        vector = self._merged(gesture)
        if vector is None:
            emit(Announce(at, Refused(gesture.source, "values are numbers, one per control")))
            return
        if self._turn is Turn.RESPONSE:
            self._hand_back(at, emit)
        if self._settings.input_thru:
            emit(Play(at, vector, Origin.PERFORMER, self._agent))
        elif gesture.source in self._settings.thru_sources:
            emit(Thru(at, vector, gesture.source))
        emit(Record(at, Origin.PERFORMER, vector))
        self._vector = vector
        self._last_gesture = [min(at - self._last_arrival, self._settings.longest_dt), *vector]
        self._last_arrival = self._answered_from = self._silent_since = at
        self._gesture_unheard = True
        wiring = self._wiring
        if wiring.performer_feeds_model:
            self._hear_gesture()
        if wiring.answers_each and not self._paused:
            self._predict(base=at, floor=at, shortest=0.0, emit=emit)
        self._expect_takeover(at)

    def _merged(self, gesture: Gesture) -> Values | None:
        """The performer's vector after the gesture, clipped; None when the gesture is to be refused."""
        vector = list(self._vector)
        for index, value in gesture.changes:
            if not (0 <= index < len(vector) and math.isfinite(value)):
                return None
            vector[index] = _clipped(value)
        return tuple(vector) if gesture.changes else None

    def _hand_back(self, at: float, emit: Emit) -> None:
        """The performer interrupts the response."""
        self._drop(at, emit)
        emit(Announce(at, TurnTaken(Turn.CALL, self.status)))

    # -- the model

    def _hear(self, sample: NDArray[np.float64]) -> None:
        self._mixture, self._state = self._predictor.step(sample, self._state)

    def _hear_gesture(self) -> None:
        self._hear(np.array(self._last_gesture))
        self._gesture_unheard = False

    def _predict(self, base: float, floor: float, shortest: float, emit: Emit) -> None:
        """Sample what comes next, and let it wait for its time."""
        assert self._mixture is not None, "the model has heard something before it is asked"
        s = self._settings
        drawn = self._mixture.sample(self._rng, s.pi_temperature, s.sigma_temperature).tolist()
        if not all(map(math.isfinite, drawn)):
            self._blank()
            emit(Announce(floor, Refused("model", "its prediction was not a number; its memory was blanked")))
            drawn = [UNUSABLE_DT, *(self._last_played or self._vector)]
        dt, *values = drawn
        prediction = Prediction(base, floor, shortest, max(dt, SHORTEST_DT), tuple([_clipped(x) for x in values]))
        if not self._pending.add(prediction, s.timescale):
            self._overflowed += 1
            if self._overflowed & (self._overflowed - 1) == 0:  # 1, 2, 4, 8 ...: told, but never a flood
                emit(Announce(floor, Overflowed(self._overflowed)))

    def _play(self, prediction: Prediction, due: float, emit: Emit) -> None:
        emit(Play(due, prediction.values, Origin.MODEL, self._agent))
        emit(Record(due, Origin.MODEL, prediction.values))
        self._last_played = prediction.values
        if not self._wiring.answers_each:  # it goes on from what it has just played
            self._hear(np.array([prediction.dt, *prediction.values]))
            self._predict(base=due, floor=due, shortest=SHORTEST_DT, emit=emit)

    def _take_over(self, at: float, emit: Emit) -> None:
        self._takeover = None
        self._turn = Turn.RESPONSE
        emit(Announce(at, TurnTaken(Turn.RESPONSE, self.status)))
        if self._gesture_unheard:
            self._hear_gesture()
        self._predict(base=self._answered_from, floor=at, shortest=SHORTEST_DT, emit=emit)

    # -- controls

    def _control(self, event: Event, at: float, emit: Emit) -> None:
        if event == Pause(self._paused, event.source) or event == SetMode(self._settings.mode, event.source):
            return  # it is so already
        why = self._apply(event, at, emit)
        told: Happening = Applied(event, self.status) if why is None else Refused(event.source, why)
        emit(Announce(at, told))

    def _apply(self, event: Event, at: float, emit: Emit) -> str | None:
        """Carry out a control event; the reason, when it is refused and everything stays as it was."""
        s = self._settings
        match event:
            case SetTemperature(sigma=sigma, pi=pi):
                return self._set_temperatures(
                    s.sigma_temperature if sigma is None else sigma, s.pi_temperature if pi is None else pi
                )
            case SetTimescale(timescale=timescale):
                if not (math.isfinite(timescale) and timescale >= 0):
                    return "timescale is a number from 0 up"
                self._settings = replace(s, timescale=timescale)
                self._pending.retime(timescale, at)
            case SetThreshold(threshold=threshold):
                if not (math.isfinite(threshold) and threshold > 0):
                    return "threshold is a number of seconds above 0"
                self._settings = replace(s, threshold=threshold)
                if self._takeover is not None:
                    self._expect_takeover(at)
            case SetMode(mode=mode):
                self._drop(at, emit)
                self._settings = replace(s, mode=mode)
                self._battling = False
                self._begin(at, emit)
            case SetPredictor(predictor=predictor, name=name):
                if predictor.spec.dimension != self._predictor.spec.dimension:
                    wanted, found = self._predictor.spec.dimension, predictor.spec.dimension
                    return f"{name} has dimension {found}, but this performance has {wanted}"
                self._predictor, self._model = predictor, name
                self._start_afresh(at, emit)
            case Reset():
                self._start_afresh(at, emit)
            case Pause(paused=paused):
                self._pause(paused, at, emit)
            case Panic():
                self._pause(True, at, emit)
                emit(Silence(at, self._agent, everything=True))
        return None

    def _set_temperatures(self, sigma: float, pi: float) -> str | None:
        if not (math.isfinite(sigma) and sigma >= 0):
            return "sigmatemp is a number from 0 up"
        if not (math.isfinite(pi) and pi > 0):
            return "pitemp is a number above 0"
        self._settings = replace(self._settings, sigma_temperature=sigma, pi_temperature=pi)
        return None

    def _pause(self, paused: bool, at: float, emit: Emit) -> None:
        if paused and not self._paused:
            self._drop(at, emit)
            self._takeover = None
        self._paused = paused
        if not paused:
            self._begin(at, emit)

    def _stand_still(self, stall: Stalled, at: float, emit: Emit) -> None:
        """Move all that waits by the time that was lost; nothing is caught up."""
        if not (math.isfinite(stall.seconds) and stall.seconds > 0):
            return
        self._pending.shift(stall.seconds, self._settings.timescale)
        self._answered_from += stall.seconds
        self._silent_since += stall.seconds
        if self._takeover is not None:
            self._takeover += stall.seconds
        emit(Announce(at, Shifted(stall.seconds, stall.source)))

    # -- beginnings and ends

    @property
    def _wiring(self) -> Wiring:
        return WIRING[self._settings.mode]

    def _drop(self, at: float, emit: Emit) -> None:
        """Nothing is pending, no note of the model sounds, and it is the performer's turn."""
        self._pending.clear()
        self._turn = Turn.CALL
        emit(Silence(at, self._agent))

    def _blank(self) -> None:
        """The model forgets all that it has heard."""
        self._state = self._predictor.initial_state()
        self._mixture = None
        self._battling = False
        self._gesture_unheard = self._last_gesture is not None

    def _start_afresh(self, at: float, emit: Emit) -> None:
        self._drop(at, emit)
        self._blank()
        self._begin(at, emit)

    def _begin(self, at: float, emit: Emit) -> None:
        """Start what the mode starts by itself: a battle, or the wait for a takeover."""
        self._silent_since = at
        self._takeover = None
        self._expect_takeover(at)
        if self._wiring.plays_alone and not self._paused:
            if not self._battling:
                self._hear(np.array([STARTING_DT, *(self._last_played or self._vector)]))
                self._battling = True
            self._predict(base=at, floor=at, shortest=SHORTEST_DT, emit=emit)

    def _expect_takeover(self, at: float) -> None:
        """Set the takeover's deadline by the silence so far; before the first gesture there is none."""
        if self._wiring.takes_over and not self._paused and self._last_gesture is not None:
            self._takeover = max(self._silent_since + self._settings.threshold, at)


def _clipped(value: float) -> float:
    """Into [0, 1]; a negative zero becomes a plain one."""
    return 0.0 if value <= 0.0 else 1.0 if value > 1.0 else float(value)
