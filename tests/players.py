"""Predictors made for tests: they say what they are told, and remember what they heard in their state alone."""

from dataclasses import dataclass, field

import numpy as np

from impsy.core.mixture import Mixture
from impsy.core.predictor import FloatArray, ModelSpec, State


@dataclass
class Metronome:
    """Predicts `dt` seconds and one value for every control; its state counts what it heard."""

    dt: float = 0.1
    value: float = 0.25
    deviation: float = 1e-9
    controls: int = 2
    heard: list[list[float]] = field(default_factory=list)

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec(self.controls + 1, 1, 1, 1)

    def initial_state(self) -> State:
        return (np.zeros(1),)

    def step(self, sample: FloatArray, state: State) -> tuple[Mixture, State]:
        self.heard.append([float(x) for x in sample])
        means = np.array([[self.dt, *[self.value] * self.controls]])
        mixture = Mixture(means, np.full_like(means, self.deviation), np.zeros(1))
        return mixture, (state[0] + 1,)


class Echo(Metronome):
    """Predicts the values that it heard last, a little on, and its dt; its memory is its state."""

    def step(self, sample: FloatArray, state: State) -> tuple[Mixture, State]:
        self.heard.append([float(x) for x in sample])
        memory = (
            0.5 * state[0] + np.asarray(sample, dtype=float) if state[0].size > 1 else np.asarray(sample, dtype=float)
        )
        means = np.array([[self.dt + 0.01 * memory[0] % 0.05, *((memory[1:] + 0.1) % 1.0)]])
        return Mixture(means, np.full_like(means, self.deviation), np.zeros(1)), (memory,)
