"""The loss: nats per interaction, the probability of the cell around what came, as `impsy.evaluation.score` judges.

A density would be best where it collapses onto the points of a grid, by as much as one likes, and says nothing about
playing. What is here is the judge's definition in single precision and with gradients that stay finite however wrong
a forecast is; it leaves out that the first and the last cell have no end.

Everything is laid out flat, a column for each dimension of each component: a quarter less time than in three axes.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROOT_HALF = math.sqrt(0.5)
_ROOT_PI = math.sqrt(math.pi)
_LOG_2 = math.log(2.0)
_NARROW = 0.01 * _ROOT_HALF  # half of a cell that is its width times the density in its middle
_FAR = 3.0 * _ROOT_HALF  # beyond, a difference of two error functions has no digits left
_LEAST = 2e-6  # of two masses, before their logarithm


def nats(forecasts: Any, targets: Any, half_cells: NDArray[np.float32]) -> Any:
    """What each of `targets` (…, D) costs under `forecasts`: (N,).

    These are means (N, K D), deviations (N, K D) and logits (N, K); `half_cells` is (D,).
    """
    from keras import ops

    means, deviations, logits = forecasts
    dimension, mixtures = len(half_cells), logits.shape[-1]
    components = np.kron(np.eye(mixtures), np.ones((dimension, 1))).astype(np.float32)  # (K D, K): sums of each
    target = ops.tile(ops.reshape(targets, (-1, dimension)), (1, mixtures))  # (N, K D)
    masses = log_mass(target - means, deviations, np.tile(half_cells, mixtures))
    return -ops.logsumexp(ops.log_softmax(logits) + ops.matmul(masses, components), -1)


def log_mass(off: Any, deviations: Any, half: Any) -> Any:
    """The logarithm of a normal's mass within `half` of what is `off` its mean; any shapes that fit.

    In deviations times √2, let d be the distance from the mean to the middle of the cell, h half of its width, and
    a = d - h and b = d + h its ends. Twice the mass is erf(b) - erf(a). Where the cell is narrow, that is
    4 h exp(-d²) / √π; far out, exp(-a²) (1 - exp(-4 d h)) / (√π r), where r = a + 1 / (2 (a + 1 / a)) begins a
    continued fraction. The gradient is written out, from the densities at both ends over the mass: half the work, and
    no case can spoil another.
    """
    from keras import ops

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def mass(off: Any, deviations: Any) -> Any:
        per = _ROOT_HALF / deviations
        d, h = ops.abs(off) * per, half * per
        a, b = d - h, d + h
        narrow, far = h < _NARROW, a > _FAR
        a_squared = a * a
        between = ops.maximum(ops.erf(b) - ops.erf(a), _LEAST)
        falls = ops.exp(-4.0 * d * h)  # from one end of the cell to the other
        tail = (1.0 - falls) / (_ROOT_PI * (a + 0.5 * a / (a_squared + 1.0)))
        twice = ops.where(narrow, (4.0 / _ROOT_PI) * h, ops.where(far, tail, between))
        value = ops.log(twice) - _LOG_2
        value = value - ops.where(narrow, d * d, ops.where(far, a_squared, 0.0))

        def gradient(*given: Any, upstream: Any = None) -> tuple[Any, Any]:
            upstream = given[0] if upstream is None else upstream  # Keras names it with some back ends
            at_a = ops.exp(-a_squared - value) / _ROOT_PI
            at_b = at_a * falls
            of_d = ops.where(narrow, -2.0 * d, at_b - at_a)
            of_per = ops.where(narrow, 1.0 - 2.0 * d * d, b * at_b - a * at_a)
            return upstream * per * of_d * ops.sign(off), upstream * of_per / -deviations

        return value, gradient

    return mass(off, deviations)
