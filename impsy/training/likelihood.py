"""The loss: nats per interaction, the probability of the cell around what came, as `impsy.evaluation.score` judges.

A density would be best where it collapses onto the points of a grid, by as much as one likes, and says nothing about
playing. What is here is the judge's definition in single precision and with gradients that stay finite however wrong
a forecast is; it leaves out that the first and the last cell have no end.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROOT_HALF = math.sqrt(0.5)
_HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)
_NARROW = 0.02  # deviations: a cell of this width is its width times the density in its middle
_FAR = 3.0  # deviations: beyond, a difference of two error functions has no digits left
_LEAST = 1e-6  # of a mass, before its logarithm
_GONE = 80.0  # exp of less is 0 to single precision


def nats(parameters: Any, targets: Any, half_cells: NDArray[np.float32], mixtures: int) -> Any:
    """What each of `targets` (N, D) costs under mixture `parameters` (N, P); `half_cells` is (D,): (N,)."""
    from keras import ops

    dimension = len(half_cells)
    target = ops.reshape(targets, (-1, 1, dimension))  # (N, 1, D)
    means, deviations, logits = ops.split(parameters, [mixtures * dimension, 2 * mixtures * dimension], axis=-1)
    deviations = ops.reshape(deviations, (-1, mixtures, dimension))  # (N, K, D)
    means = ops.reshape(means, (-1, mixtures, dimension))
    masses = log_mass(ops.abs(target - means) / deviations, half_cells / deviations)
    return -ops.logsumexp(ops.log_softmax(logits) + ops.sum(masses, -1), -1)


def log_mass(distance: Any, half: Any) -> Any:
    """The logarithm of a normal's mass within `half` of what is `distance` from its mean, both in deviations.

    Where a cell is narrow, its density; far out, φ(a) / a · (1 − exp(−aw − w²/2)), with a the nearer end and w the
    width; else a difference of error functions. Each is kept off where it would overflow: what is not chosen has a
    gradient too.
    """
    from keras import ops

    width = 2.0 * half
    nearer = distance - half
    middle = -0.5 * ops.square(distance) - _HALF_LOG_2_PI + ops.log(width)
    beside = ops.minimum(nearer, _FAR)
    mass = 0.5 * (ops.erf((beside + width) * _ROOT_HALF) - ops.erf(beside * _ROOT_HALF))
    near = ops.log(ops.maximum(mass, _LEAST))
    out = ops.maximum(nearer, _FAR)
    falls = ops.minimum(width * (out + 0.5 * width), _GONE)
    far = -0.5 * ops.square(out) - _HALF_LOG_2_PI - ops.log(out) + ops.log(-ops.expm1(-falls))
    return ops.where(width < _NARROW, middle, ops.where(nearer > _FAR, far, near))
