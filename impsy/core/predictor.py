"""What the session asks of a model: a function of its state that returns a distribution."""

from typing import Protocol, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from impsy.core.mixture import Mixture

FloatArray: TypeAlias = NDArray[np.floating]
State: TypeAlias = tuple[FloatArray, ...]  # for an MDRNN (h, c) per layer, (1, units) each; never written to


class ModelSpec(Struct, frozen=True):
    """The shape of a model, as its file tells it; `dimension` counts dt (eight faders: 9)."""

    dimension: int
    layers: int
    units: int
    mixtures: int

    @property
    def controls(self) -> int:
        """How many controls the model plays: the dimension without dt."""
        return self.dimension - 1


class Predictor(Protocol):
    """A model without memory of its own, so that plans, warm starts and replay are all just calls."""

    @property
    def spec(self) -> ModelSpec: ...

    def initial_state(self) -> State:
        """The state before anything was heard."""
        ...

    def step(self, sample: FloatArray, state: State) -> tuple[Mixture, State]:
        """Hear one interaction `[dt, x_1 ... x_n]` (seconds, [0, 1]) and say what may come next.

        The state handed in is not changed, and the one handed out never will be.
        """
        ...
