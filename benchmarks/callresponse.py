"""Answering: how long after it was due the first output of a response arrives (due: threshold or dt, the later one)."""

import random
import time
from pathlib import Path

from harness import CONTROLS, Figure, Server, models, options, percentile, prepare_thread, show

ROUNDS = 40
DT = 0.02  # seconds, of the model


def lateness(model: Path, threshold: float) -> list[float]:
    """Milliseconds, for each of many short phrases."""
    chance = random.Random(1)
    late = []
    with Server(model, "callresponse", threshold=threshold, sigmatemp=0.0) as server:
        for _ in range(ROUNDS):
            for _ in range(5):
                time.sleep(min(0.02, threshold / 3))
                sent = server.client.send("/interface", [chance.random()] * CONTROLS, server.port)
            got = server.client.receive(2)
            while got is not None and got[0] < sent:  # of the response that this phrase interrupted
                got = server.client.receive(2)
            if got is None:
                raise SystemExit("no response within 2 s")
            late.append((got[0] - sent - max(threshold, DT)) * 1000)
            time.sleep(chance.uniform(0.05, 0.15))
            server.client.drain(0)
    return late


def measure(model: Path) -> list[Figure]:
    """A threshold above dt, and one below it."""
    prepare_thread()
    figures = []
    for threshold, which in ((0.1, "threshold 100 ms"), (0.015, "dt 20 ms")):
        late = lateness(model, threshold)
        figures += [
            Figure(f"first output after {which}, p50", percentile(late, 0.5), "ms", goal=1, peer=16.7),
            Figure(f"first output after {which}, p95", percentile(late, 0.95), "ms"),
        ]
    return figures


if __name__ == "__main__":
    given = options(__doc__).parse_args()
    with models(given.models) as folder:
        show(measure(folder / "hold-20ms.tflite"), given.json)
