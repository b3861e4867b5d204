"""A mixture of diagonal normals: what may come next, and when.

Sampling follows Bishop, «Mixture Density Networks» (1994), with two temperatures: `pi_temperature` sharpens or
flattens the choice of the component, `sigma_temperature` scales its variance (formats §4).
"""

import math
from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

_LOG_2_PI = math.log(2.0 * math.pi)
_SMALLEST_DEVIATION = 1e-6  # what a held value is weighed with when the temperature has taken all width away


class Mixture(Struct, frozen=True):
    """`components` normals over one interaction `[dt, x_1 ... x_n]`, in data units: seconds and [0, 1]."""

    means: NDArray[np.floating]  # (components, dimension)
    deviations: NDArray[np.floating]  # (components, dimension), above zero
    logits: NDArray[np.floating]  # (components,), before the softmax

    def sample(
        self,
        rng: np.random.Generator,
        pi_temperature: float = 1.0,
        sigma_temperature: float = 1.0,
        held: Mapping[int, float] | None = None,
    ) -> NDArray[np.float64]:
        """Draw one interaction, (dimension,); one uniform number, then `dimension` normal ones, leave `rng`.

        `held` fixes some dimensions by index: the components are weighed by the density of the held values and the
        rest is drawn from the chosen one, which is exact, for within a component the dimensions are independent.
        """
        raw: list[float] = self.logits.tolist()
        highest = max(raw)  # taken off first: then no temperature, however low, overflows
        logits = [(logit - highest) / pi_temperature for logit in raw]
        if held:
            logits = self._weighed(logits, held, sigma_temperature)
        k = _choose(logits, rng.random())
        mean = self.means[k]
        drawn = rng.standard_normal(len(mean))  # and on in place: without temporary arrays, half a microsecond less
        drawn *= math.sqrt(sigma_temperature)
        drawn *= self.deviations[k]
        drawn += mean
        for index, value in (held or {}).items():
            drawn[index] = value
        return drawn

    def log_density(self, sample: NDArray[np.floating]) -> float:
        """The natural logarithm of the density at `sample`, (dimension,): low means surprise."""
        scores = (sample - self.means) / self.deviations
        per_component = -0.5 * np.sum(scores * scores + _LOG_2_PI, axis=1) - np.sum(np.log(self.deviations), axis=1)
        return float(np.logaddexp.reduce(per_component + self.logits) - np.logaddexp.reduce(self.logits))

    def _weighed(self, logits: list[float], held: Mapping[int, float], sigma_temperature: float) -> list[float]:
        indices = list(held)
        values = np.array([held[index] for index in indices])
        deviations = np.maximum(self.deviations[:, indices] * math.sqrt(sigma_temperature), _SMALLEST_DEVIATION)
        scores = (values - self.means[:, indices]) / deviations
        weights = -0.5 * np.sum(scores * scores, axis=1) - np.sum(np.log(deviations), axis=1)
        return [logit + float(weight) for logit, weight in zip(logits, weights, strict=True)]


def _choose(logits: list[float], u: float) -> int:
    """The first component whose cumulative probability reaches `u`; plain floats beat NumPy for a handful."""
    highest = max(logits)
    weights = [math.exp(logit - highest) for logit in logits]
    wanted = u * sum(weights)
    cumulative = 0.0
    for k, weight in enumerate(weights):
        cumulative += weight
        if cumulative >= wanted:
            return k
    return len(weights) - 1
