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
_HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)
_NARROW = 0.02  # deviations: a cell of this width is its width times the density in its middle
_FAR = 3.0  # deviations: beyond, a difference of two error functions has no digits left
_LEAST = 1e-6  # of a mass, before its logarithm
_GONE = 80.0  # exp of less is 0 to single precision


def nats(parameters: Any, targets: Any, half_cells: NDArray[np.float32], mixtures: int) -> Any:
    """What each of `targets` (…, D) costs under mixture `parameters` (N, P); `half_cells` is (D,): (N,)."""
    from keras import ops

    dimension = len(half_cells)
    components = np.kron(np.eye(mixtures), np.ones((dimension, 1))).astype(np.float32)  # (K D, K): sums of each
    means, deviations, logits = ops.split(parameters, [mixtures * dimension, 2 * mixtures * dimension], axis=-1)
    target = ops.tile(ops.reshape(targets, (-1, dimension)), (1, mixtures))  # (N, K D)
    masses = log_mass(target - means, deviations, np.tile(half_cells, mixtures))
    return -ops.logsumexp(ops.log_softmax(logits) + ops.matmul(masses, components), -1)


def log_mass(off: Any, deviations: Any, half: Any) -> Any:
    """The logarithm of a normal's mass within `half` of what is `off` its mean; any shapes that fit.

    In deviations, let a and b be the ends of the cell, a the nearer one, and w their distance. Where the cell is
    narrow, it is w times the density; far out, with r = a + 1 / (a + 2 / a), it is φ(a) / r · (1 − exp(−aw − w²/2));
    else a difference of error functions.
    The gradient is written out, from φ(a) and φ(b) over the mass: half the work, and no case can spoil another.
    """
    from keras import ops

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def mass(off: Any, deviations: Any) -> Any:
        per = 1.0 / deviations
        distance = ops.abs(off) * per
        width = 2.0 * half * per
        a = distance - 0.5 * width
        narrow = width < _NARROW
        dense = -0.5 * distance * distance - _HALF_LOG_2_PI + ops.log(width)
        near = ops.minimum(a, _FAR)
        between = 0.5 * (ops.erf((near + width) * _ROOT_HALF) - ops.erf(near * _ROOT_HALF))
        out = ops.maximum(a, _FAR)
        left = -ops.expm1(-ops.minimum(width * (out + 0.5 * width), _GONE))
        rate = out + 1.0 / (out + 2.0 / out)
        tail = ops.log(left / rate) - 0.5 * out * out - _HALF_LOG_2_PI
        value = ops.where(narrow, dense, ops.where(a > _FAR, tail, ops.log(ops.maximum(between, _LEAST))))

        def gradient(*given: Any, upstream: Any = None) -> tuple[Any, Any]:
            upstream = given[0] if upstream is None else upstream  # Keras names it with some back ends
            b = a + width
            at_a, at_b = (ops.exp(-0.5 * end * end - _HALF_LOG_2_PI - value) for end in (a, b))
            of_distance = ops.where(narrow, -distance, at_b - at_a)
            of_scale = ops.where(narrow, distance * distance - 1.0, a * at_a - b * at_b)
            scaled = upstream * per
            return scaled * of_distance * ops.sign(off), scaled * of_scale

        return value, gradient

    return mass(off, deviations)
