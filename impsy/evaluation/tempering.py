"""How freely a model should choose, to play like the performer it learned from.

A score tells how well the next event is foreseen, not how a model plays when it hears itself. What begins next, and
which way it goes, lies in the widths of a forecast: where a model strays too little from what it expects it comes to
rest, where it strays too much it trembles. So each temperature is tried: the model goes on alone from places in what
it has never learned, and whatever it plays most alike (`likeness`) is the one.
"""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from impsy.core.predictor import Predictor
from impsy.core.session import Settings
from impsy.evaluation.likeness import Likeness, Traits, is_runaway, is_stuck, likeness, traits, traits_alone
from impsy.evaluation.rollout import Rollout, play_alone

SIGMA_TEMPERATURES = 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0
ROLLOUTS = 6
SECONDS = 30.0  # of each
_MOST = 1500  # events of each
_HEARD = 50  # events that it goes on from
_FEWEST = 20  # events that say anything of how somebody plays


def tempered(
    predictor: Predictor,
    performer: Sequence[NDArray[np.floating]],
    seed: int,
    hurried: Callable[[], bool] = lambda: False,
) -> float | None:
    """The sigma temperature, of `SIGMA_TEMPERATURES`, at which it plays most like `performer`.

    These are stretches of playing, rows `[dt, x_1 … x_n]`, that it has not learned. None where they are too short to
    say, or where somebody is `hurried` before all are tried.
    """
    pieces = [piece for piece in performer if len(piece) > _HEARD]
    if sum(map(len, pieces)) < _HEARD + _FEWEST:
        return None
    asked = traits(pieces)
    primes = _primes(pieces)
    distances: dict[float, float] = {}
    for sigma in SIGMA_TEMPERATURES:
        if hurried():
            return None
        distances[sigma] = _distance(predictor, sigma, primes, asked, seed)
    return min(distances, key=distances.__getitem__)


def _primes(pieces: Sequence[NDArray[np.floating]]) -> list[NDArray[np.floating]]:
    """Stretches to go on from, evenly spread over all."""
    ends = [(piece, end) for piece in pieces for end in range(_HEARD, len(piece) + 1)]
    chosen = (ends[index] for index in np.linspace(0, len(ends) - 1, ROLLOUTS).astype(int))
    return [piece[end - _HEARD : end] for piece, end in chosen]


def _distance(
    predictor: Predictor, sigma: float, primes: Sequence[NDArray[np.floating]], asked: Traits, seed: int
) -> float:
    settings = replace(Settings(), sigma_temperature=sigma)
    played = [play_alone(predictor, SECONDS, settings, seed, prime, _MOST) for prime in primes]
    heard = [rollout for rollout in played if len(rollout.values) > 1]
    if sum(len(rollout.values) for rollout in heard) < _FEWEST:
        return float("inf")
    return _apart(likeness(traits_alone(heard), asked)) + _share_gone_wrong(played)


def _apart(found: Likeness) -> float:
    """All that is different, each from 0 to about 1."""
    parts = found.dt_ks, found.value_wasserstein, abs(1.0 - found.span), found.correlation, found.together
    return float(np.minimum(np.nan_to_num(parts, nan=1.0), 1.0).sum())


def _share_gone_wrong(played: Sequence[Rollout]) -> float:
    return float(np.mean([is_stuck(rollout) or is_runaway(rollout) for rollout in played]))
