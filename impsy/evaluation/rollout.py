"""Rollouts: a model plays by itself, as it would on a stage, in no time.

The session that performs plays here too, with time as a number: nothing is sampled, clamped or fed back otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from impsy.core.actions import Action, Announce, Origin, Record, Refused
from impsy.core.events import Gesture, SetThreshold
from impsy.core.modes import Mode
from impsy.core.predictor import Predictor
from impsy.core.session import Session, Settings

MOST_EVENTS = 5000  # of one rollout: a model that runs away is known by then
_NEVER = 1e9  # seconds of silence
_AT_ONCE = 1e-9


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a model played: times in seconds from the start, or from the last event that it was primed with."""

    seconds: NDArray[np.float64]  # (T,)
    values: NDArray[np.float64]  # (T, n), in [0, 1]
    unusable: int  # how often it said what is no number

    @property
    def events(self) -> NDArray[np.float64]:
        """Rows `[dt, x_1 … x_n]`, (T, n + 1)."""
        return np.column_stack([np.diff(self.seconds, prepend=0.0), self.values])


def play_alone(
    predictor: Predictor,
    seconds: float,
    settings: Settings,
    seed: int,
    prime: NDArray[np.floating] | None = None,
    most: int = MOST_EVENTS,
) -> Rollout:
    """What a model plays in `seconds`, or in its first `most` events; the mode of the settings does not count.

    It goes on from `prime`, events (T, n + 1) that it hears first; without, it begins as in a battle.
    """
    session, start = _begun(predictor, settings, seed, prime)
    times: list[float] = []
    values: list[tuple[float, ...]] = []
    unusable = 0
    for action in _until(session, start + seconds):
        match action:
            case Record(at=at, source=Origin.MODEL, values=played):
                times.append(at - start)
                values.append(played)
            case Announce(what=Refused(source="model")):
                unusable += 1
        if len(times) >= most:
            break
    return Rollout(np.array(times), np.array(values).reshape(-1, predictor.spec.controls), unusable)


def _begun(
    predictor: Predictor, settings: Settings, seed: int, prime: NDArray[np.floating] | None
) -> tuple[Session, float]:
    """A session in which it is the model's turn, and since when."""
    if prime is None or not len(prime):
        return Session(predictor, replace(settings, mode=Mode.BATTLE), seed, 0.0), 0.0
    heard = replace(settings, mode=Mode.CALLRESPONSE, threshold=_NEVER)
    session = Session(predictor, heard, seed, 0.0)
    at = 0.0
    for dt, *values in prime.tolist():
        at += dt
        session.receive(Gesture(tuple(enumerate(values)), "prime"), at)
    session.receive(SetThreshold(_AT_ONCE, "prime"), at)
    return session, at


def _until(session: Session, end: float) -> Iterator[Action]:
    while (due := session.next_deadline()) is not None and due <= end:
        yield from session.advance(due)
