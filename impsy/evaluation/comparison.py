"""A comparison: which of two models foresees a performer better, and how sure that is.

Both hear the same events, and what counts is the difference event by event: hard events are hard for both, so the
difference is far surer than either score.
"""

from dataclasses import dataclass

import numpy as np

from impsy.evaluation.bootstrap import Interval, drawn, interval, intervals
from impsy.evaluation.hearing import Heard


@dataclass(frozen=True, slots=True)
class Comparison:
    """Nats an event that the second costs more than the first: below 0 the second is better."""

    whole: Interval
    parts: tuple[Interval, ...]  # dt first
    costs: tuple[tuple[float, ...], tuple[float, ...]]  # nats an event of the first and of the second: whole, parts
    events: int
    resampled: str  # what the intervals are made of

    @property
    def better(self) -> int | None:
        """0 for the first, 1 for the second; None where the interval has 0 in it, and nobody can tell."""
        if self.whole.high < 0.0:
            return 1
        return 0 if self.whole.low > 0.0 else None


def compare(first: Heard, second: Heard, seed: int = 0) -> Comparison:
    """Compare what the same events cost two forecasters; blocks of the differences are drawn again, so it is paired."""
    wholes = [b - a for a, b in zip(first.joint, second.joint, strict=True)]
    parts = [b - a for a, b in zip(first.parts, second.parts, strict=True)]
    return Comparison(
        interval(wholes, seed),
        intervals(parts, seed),
        (_costs(first), _costs(second)),
        sum(map(len, wholes)),
        drawn(wholes),
    )


def _costs(heard: Heard) -> tuple[float, ...]:
    return float(np.concatenate(heard.joint).mean()), *np.concatenate(heard.parts).mean(axis=0).tolist()
