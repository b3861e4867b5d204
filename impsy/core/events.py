"""What can happen to a session: frozen values; the time of arrival stands beside them, in seconds."""

from dataclasses import dataclass
from typing import TypeAlias

from impsy.core.modes import Mode
from impsy.core.predictor import Predictor


@dataclass(frozen=True, slots=True)
class Gesture:
    """The performer moved: `changes` pairs the index of a control with its new value.

    A dense input names every control, a sparse one those that moved.
    """

    changes: tuple[tuple[int, float], ...]
    source: str


@dataclass(frozen=True, slots=True)
class SetMode:
    """Change the interaction mode."""

    mode: Mode
    source: str


@dataclass(frozen=True, slots=True)
class SetTemperature:
    """Change one of the temperatures, or both; None leaves one as it is."""

    sigma: float | None = None
    pi: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class SetTimescale:
    """Stretch (above 1) or hasten (below 1) the model's time."""

    timescale: float
    source: str


@dataclass(frozen=True, slots=True)
class SetThreshold:
    """Change the silence, in seconds, after which the model takes over."""

    threshold: float
    source: str


@dataclass(frozen=True, slots=True)
class SetPredictor:
    """Play with another model, loaded and warmed elsewhere; `name` is what people see."""

    predictor: Predictor
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence the model, or let it play again."""

    paused: bool
    source: str


@dataclass(frozen=True, slots=True)
class Reset:
    """Blank the model's memory and give the turn to the performer."""

    source: str


@dataclass(frozen=True, slots=True)
class Panic:
    """End every note of every output, and stay paused."""

    source: str


@dataclass(frozen=True, slots=True)
class Stalled:
    """The process stood still for `seconds`, from the time of this event on (stopped, asleep, starved)."""

    seconds: float
    source: str = "clock"


@dataclass(frozen=True, slots=True)
class Quit:
    """End the performance."""

    source: str


Event: TypeAlias = (
    Gesture
    | SetMode
    | SetTemperature
    | SetTimescale
    | SetThreshold
    | SetPredictor
    | Pause
    | Reset
    | Panic
    | Stalled
    | Quit
)
