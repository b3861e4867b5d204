"""The standard normal distribution in logarithms, exact however far out; NumPy alone has no error function.

Everything rests on the scaled tail, tail(x) = Φ(−x) · exp(x² / 2) for x ≥ 0, which falls from 1/2 like 1 / x and never
underflows. As a function of t = c / (c + x), x from 0 to infinity is t from 1 to 0, and log(tail / t) is so smooth
there that a Chebyshev series of two dozen terms gives it to the last digits of a double.
"""

import math

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

_C = 3.5
_TERMS = 24
_FAR = 3.0  # from here on a continued fraction converges quickly, and exp(x² / 2) would cost digits
_FRACTION = 400  # terms of it
_NARROW = 1e-5  # an interval this narrow is its width times the density in its middle, to ten digits
_LOG_ROOT_2_PI = 0.5 * math.log(2.0 * math.pi)


def log_mass(lower: NDArray[np.floating], upper: NDArray[np.floating]) -> NDArray[np.float64]:
    """log(Φ(upper) − Φ(lower)) for lower < upper, of which one may be infinite.

    By symmetry the interval is laid to the right: from `near`, which is negative only where 0 lies inside, to `far`.
    """
    right = lower + upper > 0.0
    near = np.where(right, lower, -upper)
    far = np.where(right, upper, -lower)
    nearest = np.abs(near)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # of the cases not taken
        falls = np.exp(-0.5 * (far - near) * (far + near))  # exp(−far² / 2) / exp(−near² / 2), exact also far out
        outer = _tail(far) * falls
        inner = _tail(nearest)
        beside = np.log(inner - outer) - 0.5 * near * near
        around = np.log1p(-np.exp(-0.5 * near * near) * (inner + outer))
        middle = 0.5 * (near + far)
        narrow = np.log(far - near) - 0.5 * middle * middle - _LOG_ROOT_2_PI
    exact = np.where(near >= 0.0, beside, around)
    mass: NDArray[np.float64] = np.where((far - near) * (1.0 + np.abs(middle)) < _NARROW, narrow, exact)
    return mass


def cdf(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Φ(x)."""
    side = _tail(np.abs(x)) * np.exp(-0.5 * x * x)
    return np.asarray(np.where(x > 0.0, 1.0 - side, side), np.float64)


def _tail(x: NDArray[np.floating]) -> NDArray[np.float64]:
    t = _C / (_C + x)
    return np.asarray(t * np.exp(chebyshev.chebval(2.0 * t - 1.0, _SERIES)), np.float64)


def _tail_by_definition(x: float) -> float:
    """One value, slowly: by math.erfc near 0, else by Laplace's continued fraction x + 1 / (x + 2 / (x + …))."""
    if x < _FAR:
        return 0.5 * math.erfc(x / math.sqrt(2.0)) * math.exp(0.5 * x * x)
    ratio = x
    for term in range(_FRACTION, 0, -1):
        ratio = x + term / ratio
    return 1.0 / (ratio * math.sqrt(2.0 * math.pi))


def _fitted() -> NDArray[np.float64]:
    nodes = chebyshev.chebpts1(_TERMS)
    ts = (0.5 * (nodes + 1.0)).tolist()
    logs = [math.log(_tail_by_definition(_C / t - _C) / t) for t in ts]
    return np.asarray(chebyshev.chebfit(nodes, logs, _TERMS - 1))


_SERIES = _fitted()
