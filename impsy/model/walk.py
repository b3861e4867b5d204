"""Playing without a model: a random walk from what was heard last, in the tempo heard lately."""

import numpy as np

from impsy.core.mixture import Mixture
from impsy.core.predictor import FloatArray, ModelSpec, State

_FIRST_DT = 0.1  # seconds
_SHORTEST_DT, _LONGEST_DT = 0.03, 1.0  # seconds; neither a buzz nor a wait that seems an end
_LISTENING = 0.1  # the share of the newest dt in the tempo
_DT_DEVIATION = 2.0  # of the tempo: a fifth of it at the usual sigma temperature of 0.01, whose root is 0.1
_STEP_DEVIATION = 0.5  # of a control in 0.1 s: 0.05 at that temperature, so that a minute covers most of the range
_PULL = 0.02  # towards the middle, of the way there
_MARGIN = 0.05  # a mean this far inside lets most steps at a border lead away from it


class RandomWalk:
    """A predictor of one component around the last interaction; its state is (tempo in seconds,), shape (1,)."""

    def __init__(self, controls: int) -> None:
        self.spec = ModelSpec(dimension=controls + 1, layers=0, units=0, mixtures=1)

    def initial_state(self) -> State:
        return (np.array([_FIRST_DT]),)

    def step(self, sample: FloatArray, state: State) -> tuple[Mixture, State]:
        """Hear `[dt, x_1 ... x_n]`; the walk goes on from there, as far in a second at any tempo."""
        (tempo,) = state
        tempo = np.clip(tempo + _LISTENING * (np.clip(sample[:1], 0.0, _LONGEST_DT) - tempo), _SHORTEST_DT, _LONGEST_DT)
        values = np.asarray(sample[1:], dtype=np.float64)
        values = np.clip(values + _PULL * (0.5 - values), _MARGIN, 1.0 - _MARGIN)
        steps = np.full(len(values), _STEP_DEVIATION) * np.sqrt(tempo / _FIRST_DT)
        means = np.concatenate([tempo, values])[np.newaxis]  # (1, n + 1)
        deviations = np.concatenate([_DT_DEVIATION * tempo, steps])[np.newaxis]
        return Mixture(means, deviations, np.zeros(1)), (tempo,)
