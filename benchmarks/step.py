"""The model alone: hear an interaction, sample the next, in CPU µs; the median of many batches."""

import time

import numpy as np
from harness import Figure, median, models, options, show

from impsy.model.litert import LiteRtPredictor

BATCHES = 40
BATCH = 500


def measure(predictor: LiteRtPredictor) -> list[Figure]:
    """CPU time of a step, and of a step and a sample, on this thread."""
    rng = np.random.default_rng(1)
    state, sample = predictor.initial_state(), np.full(predictor.spec.dimension, 0.5)
    steps, both = [], []
    for _ in range(BATCHES):
        start = time.thread_time()
        for _ in range(BATCH):
            mixture, state = predictor.step(sample, state)
        middle = time.thread_time()
        for _ in range(BATCH):
            mixture, state = predictor.step(sample, state)
            sample = mixture.sample(rng, 1.0, 0.01)
        end = time.thread_time()
        steps.append((middle - start) / BATCH * 1e6)
        both.append((end - middle) / BATCH * 1e6)
    return [
        Figure("step", median(steps), "µs"),
        Figure("step + sample", median(both), "µs", goal=15, peer=131),
    ]


if __name__ == "__main__":
    given = options(__doc__).parse_args()
    with models(given.models) as folder:
        predictor = LiteRtPredictor(folder / "random.tflite")
    show(measure(predictor), given.json)
