"""What a session wants done: frozen values, carried out by outputs, log and console in the order given."""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from impsy.core.events import Event
from impsy.core.modes import Mode, Turn

Values: TypeAlias = tuple[float, ...]  # one number in [0, 1] per control


class Origin(StrEnum):
    """Who plays: the performer (sent thru) or the model; the values are those of the log's source column."""

    PERFORMER = "interface"
    MODEL = "rnn"


class Play(Struct, frozen=True):
    """Send the controls to the outputs."""

    at: float
    values: Values
    origin: Origin
    agent: str


class Thru(Struct, frozen=True):
    """Send the performer's controls to those outputs that are to hear this source (`[midi] thru_matrix`)."""

    at: float
    values: Values
    source: str


class Silence(Struct, frozen=True):
    """End the notes that sound; after a panic (`everything`) those that ought not to sound as well."""

    at: float
    agent: str
    everything: bool = False


class Record(Struct, frozen=True):
    """Write one row of the log."""

    at: float
    source: Origin
    values: Values


class Status(Struct, frozen=True):
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


class Applied(Struct, frozen=True):
    """A control event changed something; `status` is what holds now."""

    event: Event
    status: Status


class TurnTaken(Struct, frozen=True):
    """The turn went over; `status` is what holds now."""

    turn: Turn
    status: Status


class Refused(Struct, frozen=True):
    """An event was not accepted and left no trace; `source` sent it, `why`, one of a small set, is for people."""

    source: str
    why: str


class Overflowed(Struct, frozen=True):
    """More predictions were pending than polyphony holds; the furthest were dropped, `count` in all so far."""

    count: int


class Shifted(Struct, frozen=True):
    """The process stood still for `seconds`, and everything pending moved by as much."""

    seconds: float
    source: str


class DeviceLost(Struct, frozen=True):
    """A device is not there, or no longer; its port goes on looking for it. `why` is for people."""

    device: str
    why: str


class DeviceFound(Struct, frozen=True):
    """A device that was lost is back, and knows all that it missed."""

    device: str


Happening: TypeAlias = Applied | TurnTaken | Refused | Overflowed | Shifted | DeviceLost | DeviceFound


class Announce(Struct, frozen=True):
    """Tell those who watch: console, pages, session record."""

    at: float
    what: Happening


Action: TypeAlias = Play | Thru | Silence | Record | Announce
