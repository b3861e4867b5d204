"""The weights of an MDRNN, whatever file they were found in, and what they say by the equations of formats §4.

Everything here is in the network's own units, ten times those of the data (formats §1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impsy.core.predictor import ModelSpec

Floats: TypeAlias = NDArray[np.float32]

ONE_AND_A_BIT = 1.0 + 1e-7  # what is added to elu(x): deviations stay above zero


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A fully connected layer."""

    kernel: Floats  # (inputs, outputs)
    bias: Floats  # (outputs,)

    def __call__(self, x: Floats) -> Floats:
        """Outputs for `x` (..., inputs)."""
        return x @ self.kernel + self.bias


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """LSTM layers, the three parts of a mixture layer over the last one, and what is added to its parameters."""

    cells: tuple[Dense, ...]  # [x, h] -> gates i, f, g, o, each (U,); the lowest layer first
    means: Dense  # (U) -> (K * D)
    deviations: Dense  # (U) -> (K * D), before elu(x) + 1
    logits: Dense  # (U) -> (K)
    around: Dense | None = None  # the interaction (D) -> parameters (K * (2 * D + 1))

    @property
    def spec(self) -> ModelSpec:
        """The shape of the network."""
        units, mixtures = self.logits.kernel.shape
        return ModelSpec(len(self.means.bias) // mixtures, len(self.cells), units, mixtures)

    def step(self, interaction: Floats, states: Sequence[Floats]) -> tuple[Floats, list[Floats]]:
        """Parameters (P,) and new states (U,) after an interaction (D,) and the states h and c of each layer."""
        x, after = interaction, []
        for cell, h, c in zip(self.cells, states[::2], states[1::2], strict=True):
            i, f, g, o = np.split(cell(np.concatenate([x, h])), 4)
            c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
            x = _sigmoid(o) * np.tanh(c)
            after += [x, c]
        spread = self.deviations(x)
        spread = np.where(spread > 0.0, spread, np.expm1(np.minimum(spread, 0.0))) + np.float32(ONE_AND_A_BIT)
        parameters = np.concatenate([self.means(x), spread, self.logits(x)])
        return parameters if self.around is None else parameters + self.around(interaction), after


def _sigmoid(x: Floats) -> Floats:
    open_: Floats = np.float32(0.5) * (
        np.float32(1.0) + np.tanh(np.float32(0.5) * x)
    )  # no overflow, however large x is
    return open_
