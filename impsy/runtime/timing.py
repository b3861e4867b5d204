"""How exactly this machine keeps time: the engine's own wait and a model's step, measured where they will be used."""

from statistics import median

import numpy as np
from msgspec import Struct

from impsy.core.predictor import Predictor
from impsy.runtime import clock
from impsy.runtime.inbox import EventInbox

SHORTEST_WAIT = 0.005  # seconds
FEWEST = 20  # steps, however long they take


class Spread(Struct, frozen=True):
    """Many durations in seconds: their median, and what one in a hundred exceeds."""

    median: float
    p99: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Spread":
        """The spread of at least one duration."""
        return cls(median(seconds), sorted(seconds)[int(0.99 * len(seconds))])

    def __str__(self) -> str:
        """In milliseconds, to the microsecond."""
        return f"median {self.median * 1e3:.3f} ms, p99 {self.p99 * 1e3:.3f} ms"


def wake_lateness(seconds: float) -> Spread:
    """How late the calling thread wakes at deadlines, in waits of 5 to 15 ms that take so long in all.

    The thread stays prepared for playing, as the engine's is.
    """
    clock.prepare_thread()
    inbox = EventInbox(clock.now)
    late: list[float] = []
    end = clock.now() + seconds
    while clock.now() < end:
        deadline = clock.now() + SHORTEST_WAIT * (1 + len(late) * 0.618 % 2)  # no rhythm that something may beat with
        inbox.take(deadline)
        late.append(clock.now() - deadline)
    return Spread.of(late)


def step_time(predictor: Predictor, seconds: float) -> Spread:
    """How long the model takes from a gesture to its answer, one step and one choice, tried for so many seconds."""
    rng = np.random.default_rng(0)
    sample, state = np.full(predictor.spec.dimension, 0.5), predictor.initial_state()
    took: list[float] = []
    end = clock.now() + seconds
    while len(took) < FEWEST or clock.now() < end:
        start = clock.now()
        mixture, state = predictor.step(sample, state)
        sample = mixture.sample(rng).clip(0.0, 1.0)
        took.append(clock.now() - start)
    return Spread.of(took[1:])  # the first step fills caches
