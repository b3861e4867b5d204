"""Listening: performances cut at long silences, and what a model expects while it hears them.

Nobody can foresee that somebody comes back from a coffee. So the event after a silence longer than `max_dt` is heard
and not scored, as the first of a performance is, and the model hears it with a blank state, as it was taught.
"""

import numpy as np
from numpy.typing import NDArray

from impsy.core.interaction import LONGEST_DT
from impsy.core.predictor import Predictor
from impsy.data.phrases import after_silence
from impsy.evaluation.score import Forecasts

_SHORTEST = 2  # events: one is heard, and one foreseen


def takes(performance: NDArray[np.floating], max_dt: float = LONGEST_DT) -> list[NDArray[np.float64]]:
    """What is heard in one go, (length, dimension) each, of a performance; stretches with nothing to score left out.

    The first event of each has its dt shortened to `max_dt`, as a performance does (formats §1). Values outside [0, 1]
    and negative dt, which old datasets may hold, are heard as they would be played.
    """
    table = np.clip(np.asarray(performance, np.float64), 0.0, [np.inf, *[1.0] * (performance.shape[1] - 1)])
    starts = np.flatnonzero(after_silence(table[1:], max_dt)) + 1
    found = [take.copy() for take in np.split(table, starts) if len(take) >= _SHORTEST]
    for take in found:
        take[0, 0] = min(take[0, 0], max_dt)
    return found


def listen(predictor: Predictor, take: NDArray[np.floating]) -> Forecasts:
    """What a model expects of every event of a take (T, D) but the first, T − 1 forecasts: it hears all before it."""
    state = predictor.initial_state()
    said = []
    for event in take[:-1]:
        mixture, state = predictor.step(event, state)
        said.append(mixture)
    return Forecasts(
        np.array([mixture.means for mixture in said]),
        np.array([mixture.deviations for mixture in said]),
        np.array([mixture.logits for mixture in said]),
    )
