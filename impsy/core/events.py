"""What can happen to a session: frozen values; the time of arrival stands beside them, in seconds."""

from typing import TypeAlias

from msgspec import Struct

from impsy.core.modes import Mode
from impsy.core.predictor import Predictor


class Gesture(Struct, frozen=True):
    """The performer moved: `changes` pairs the index of a control with its new value.

    A dense input names every control, a sparse one those that moved.
    """

    changes: tuple[tuple[int, float], ...]
    source: str


class SetMode(Struct, frozen=True):
    """Change the interaction mode."""

    mode: Mode
    source: str


class SetTemperature(Struct, frozen=True):
    """Change one of the temperatures, or both; None leaves one as it is."""

    sigma: float | None = None
    pi: float | None = None
    source: str = ""


class SetTimescale(Struct, frozen=True):
    """Stretch (above 1) or hasten (below 1) the model's time."""

    timescale: float
    source: str


class SetThreshold(Struct, frozen=True):
    """Change the silence, in seconds, after which the model takes over."""

    threshold: float
    source: str


class SetPredictor(Struct, frozen=True):
    """Play with another model, loaded and warmed elsewhere; `name` is what people see."""

    predictor: Predictor
    name: str
    source: str


class Pause(Struct, frozen=True):
    """Silence the model, or let it play again."""

    paused: bool
    source: str


class Reset(Struct, frozen=True):
    """Blank the model's memory and give the turn to the performer."""

    source: str


class Panic(Struct, frozen=True):
    """End every note of every output, and stay paused."""

    source: str


class Stalled(Struct, frozen=True):
    """The process stood still for `seconds`, from the time of this event on (stopped, asleep, starved)."""

    seconds: float
    source: str = "clock"


class Quit(Struct, frozen=True):
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
