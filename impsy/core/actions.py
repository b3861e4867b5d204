"""What a session wants done: frozen values, carried out by outputs, log and console in the order given."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from impsy.core.events import Event
from impsy.core.modes import Mode, Turn

Values: TypeAlias = tuple[float, ...]  # one number in [0, 1] per control


class Origin(StrEnum):
    """Who plays: the performer (sent thru) or the model; the values are those of the log's source column."""

    PERFORMER = "interface"
    MODEL = "rnn"


@dataclass(frozen=True, slots=True)
class Play:
    """Send the controls to the outputs."""

    at: float
    values: Values
    origin: Origin
    agent: str


@dataclass(frozen=True, slots=True)
class Silence:
    """End the notes that sound; after a panic (`everything`) those that ought not to sound as well."""

    at: float
    agent: str
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """Write one row of the log."""

    at: float
    source: Origin
    values: Values


@dataclass(frozen=True, slots=True)
class Status:
    """All that people can see of a session; frozen, so that any thread may look at it."""

    mode: Mode
    turn: Turn
    sigma_temperature: float
    pi_temperature: float
    timescale: float
    threshold: float
    paused: bool
    dimension: int
    model: str
    vector: Values  # the performer's, as of then


@dataclass(frozen=True, slots=True)
class Applied:
    """A control event changed something; `status` is what holds now."""

    event: Event
    status: Status


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """The turn went over; `status` is what holds now."""

    turn: Turn
    status: Status


@dataclass(frozen=True, slots=True)
class Refused:
    """An event was not accepted and left no trace; `source` sent it, `why`, one of a small set, is for people."""

    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Overflowed:
    """More predictions were pending than polyphony holds; the furthest were dropped, `count` in all so far."""

    count: int


@dataclass(frozen=True, slots=True)
class Shifted:
    """The process stood still for `seconds`, and everything pending moved by as much."""

    seconds: float
    source: str


Happening: TypeAlias = Applied | TurnTaken | Refused | Overflowed | Shifted


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell those who watch: console, pages, session record."""

    at: float
    what: Happening


Action: TypeAlias = Play | Silence | Record | Announce
