"""The MDRNN of a `.tflite` file as a predictor."""

import hashlib
from pathlib import Path

import numpy as np

from impsy.core.mixture import Mixture
from impsy.core.predictor import FloatArray, State
from impsy.model.network import Network
from impsy.model.wiring import find_wiring

SCALE = 10.0  # a model sees and says interactions ten times as large (formats §1)


def file_hash(path: Path) -> str:
    """The SHA-256 of a model file in hexadecimal, which tells apart models of the same name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class LiteRtPredictor:
    """A model file, played: dimension, layers, units and mixtures are read from it and checked by running it.

    One thread at a time calls `step`. Raises `ModelError` for a file that cannot be played.
    """

    def __init__(self, path: Path) -> None:
        network = Network(path)
        wiring = find_wiring(network)
        self.path = path
        self.spec = spec = wiring.spec
        self._put, self._invoke, self._take = network.put, network.invoke, network.take
        self._interaction, self._parameters = wiring.interaction, wiring.parameters
        self._ins = tuple(index for index, _ in wiring.states)
        self._outs = tuple(index for _, index in wiring.states)
        shape = next(tensor.shape for tensor in network.inputs if tensor.index == wiring.interaction)
        self._heard = np.zeros(shape, np.float32)  # (1, 1, dimension)
        self._heard_flat = self._heard.reshape(-1)
        self._table = (spec.mixtures, spec.dimension)
        self._means_end = spec.mixtures * spec.dimension
        self._deviations_end = 2 * self._means_end
        self._to_data = np.ones(self._deviations_end + spec.mixtures)  # logits have no unit
        self._to_data[: self._deviations_end] /= SCALE
        blank = np.zeros((1, spec.units), np.float32)
        blank.flags.writeable = False
        self._blank = (blank,) * len(self._ins)

    def initial_state(self) -> State:
        return self._blank

    def step(self, sample: FloatArray, state: State) -> tuple[Mixture, State]:
        """Hear `[dt, x_1 ... x_n]` (seconds, [0, 1]); say the mixture of what may come next, and the new state."""
        np.multiply(sample, SCALE, out=self._heard_flat)
        self._put(self._interaction, self._heard)
        for index, value in zip(self._ins, state, strict=True):
            self._put(index, value)
        self._invoke()
        parameters = self._take(self._parameters).reshape(-1) * self._to_data  # (mixtures * (2 * dimension + 1),)
        mixture = Mixture(
            parameters[: self._means_end].reshape(self._table),
            parameters[self._means_end : self._deviations_end].reshape(self._table),
            parameters[self._deviations_end :],
        )
        return mixture, tuple([self._take(index) for index in self._outs])
