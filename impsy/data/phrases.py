"""Phrases: what was played between two long silences.

A silence says that somebody went for a coffee, not how they play: as a dt it would rule every figure and every loss.
So a dt longer than `max_dt` ends a phrase. The interaction that follows it begins the next one as the first row of a
log begins a performance: nobody recorded its dt in this phrase, and it gives none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from impsy.core.interaction import LONGEST_DT


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of a performance without a long silence; `rows` is a view, nothing is copied."""

    rows: NDArray[np.floating]  # (length, dimension), rows [dt, x_1 … x_n], no dt above max_dt
    performance: int  # whose it is: its index, counted from 0
    start: int  # the row of that performance which is its first


def after_silence(performance: NDArray[np.floating], max_dt: float = LONGEST_DT) -> NDArray[np.bool_]:
    """(length,): whether a row of `performance` (length, dimension) follows a silence longer than `max_dt` seconds.

    Whoever plays a performance through a model begins afresh there: its values may be heard, its dt means nothing.
    """
    follows: NDArray[np.bool_] = performance[:, 0] > max_dt
    return follows


def split(performances: Iterable[NDArray[np.floating]], max_dt: float = LONGEST_DT, shortest: int = 1) -> list[Phrase]:
    """The phrases of performances, (length, dimension) each, in order; those with fewer rows than `shortest` left out.

    The row after a silence is in no phrase. What was split before comes back as it was, whatever made the dataset.

    >>> [phrase.rows[:, 0].tolist() for phrase in split([np.array([[0.5, 0], [9.0, 1], [0.25, 0], [0.75, 1]])])]
    [[0.5], [0.25, 0.75]]
    """
    return [
        Phrase(performance[start:stop], index, start)
        for index, performance in enumerate(performances)
        for start, stop in spans(performance, max_dt)
        if stop - start >= max(shortest, 1)
    ]


def spans(performance: NDArray[np.floating], max_dt: float = LONGEST_DT) -> list[tuple[int, int]]:
    """First row and the row after the last of every phrase, one more than there are silences; some may be empty."""
    silences = np.flatnonzero(after_silence(performance, max_dt)).tolist()
    return [(before + 1, after) for before, after in pairwise([-1, *silences, len(performance)])]
