"""A comparison: which of two models foresees a performer better, and how sure that is.

Both hear the same events, and what counts is the difference event by event: hard events are hard for both, so the
difference is far surer than either score.
"""

from dataclasses import dataclass

import numpy as np

from impsy.evaluation.bootstrap import Interval, interval
from impsy.evaluation.hearing import Heard


@dataclass(frozen=True, slots=True)
class Comparison:
    """Nats an event that the second costs more than the first: below 0 the second is better."""

    whole: Interval
    parts: tuple[Interval, ...]  # dt first

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
    dimension = parts[0].shape[1]
    return Comparison(
        interval(wholes, seed),
        tuple(interval([np.ascontiguousarray(part[:, index]) for part in parts], seed) for index in range(dimension)),
    )
