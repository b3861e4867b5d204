"""Steadiness: a battle with a model that predicts a constant dt, measured where notes arrive and when they were due.

Arrivals are the kernel's stamps at a UDP receiver: what an instrument would hear. Due times are those of the log: what
the engine meant, which never drifts. The sum of errors is how far the last arrival is from where N times dt puts it.
"""

import json
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from harness import Figure, Server, median, models, options, percentile, show

GOALS = (0.1, 0.5, 1.0)  # ms: median, p99, sum
PEER = 10.8  # ms, each, adding up


def errors(times: list[float], dt: float) -> tuple[float, float, float]:
    """Median and 99th percentile of |interval - dt|, and |sum of errors|, in ms."""
    off = [(later - earlier - dt) * 1000 for earlier, later in pairwise(times)]
    sizes = [abs(error) for error in off]
    return median(sizes), percentile(sizes, 0.99), abs(sum(off))


def battle(model: Path, ms: int, seconds: float) -> list[Figure]:
    """Play for a while."""
    with Server(model, "battle", sigmatemp=0.0) as server:
        time.sleep(1)  # let the start pass
        server.client.drain(0)
        clocks = time.time() - time.monotonic()
        arrivals = []
        end = time.monotonic() + seconds
        while time.monotonic() < end and (got := server.client.receive(1)) is not None:
            arrivals.append(got[0])
        stepped = time.time() - time.monotonic() - clocks
        rows = server.stop()
        record = [json.loads(line) for path in server.logs.glob("*.jsonl") for line in path.read_text().splitlines()]
    due = [datetime.fromisoformat(row[0]).timestamp() for row in rows if row[1] == "rnn"]
    dt = ms / 1000
    name = f"battle at {ms} ms, {seconds / 60:g} min"
    figures = [
        Figure(f"{name}, arrivals, {what}", value, "ms", goal, peer)
        for what, value, goal, peer in zip(
            ("median error", "p99", "sum of errors"), errors(arrivals, dt), GOALS, (PEER, None, None), strict=True
        )
    ]
    figures += [
        Figure(f"{name}, due times, {what}", value, "ms")
        for what, value in zip(("median error", "p99", "sum of errors"), errors(due, dt), strict=True)
    ]
    stalls = sum(entry["what"] == "stall" for entry in record)
    figures.append(Figure(f"{name}, stalls of this machine", stalls, ""))
    if abs(stepped) > 0.0001:
        figures.append(Figure(f"{name}, the wall clock was set by", stepped * 1000, "ms"))
    return figures


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="of each dt (default 1)")
    given = parser.parse_args()
    with models(given.models) as folder:
        figures = [
            figure for ms in (5, 20) for figure in battle(folder / f"hold-{ms}ms.tflite", ms, given.minutes * 60)
        ]
    show(figures, given.json)
