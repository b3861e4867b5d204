"""Compute again, from a log and its session record, what the model played; NumPy and LiteRT only, none of impsy.

    python examples/recompute.py logs/2026-01-31T20-15-00-9d-mdrnn.log

It follows the documentation (docs/reference/session-record.md) and not the code, so that it tells whether both say the
same. The performance has to be one without chance, `--sigma-temp 0 --pi-temp 0.001`, and without controls or stalls.
It prints the largest difference in any value, and in seconds of any due time, and ends with 1 if one is above 1e-3.
"""

import heapq
import json
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

TOLERANCE = 1e-3
HARMLESS = {"start", "turn", "refused", "refusals", "stop"}


class Model:
    """A `.tflite` with a signature, one step at a time; it remembers what it expects next."""

    def __init__(self, path: str, dimension: int, mixtures: int) -> None:
        self.step = Interpreter(model_path=path).get_signature_runner()
        self.names = [name for name in self.step.get_input_details() if name != "inputs"]
        self.state = {name: np.zeros(self.step.get_input_details()[name]["shape"], np.float32) for name in self.names}
        self.table = (mixtures, dimension)

    def hear(self, dt: float, values: list[float]) -> None:
        heard = np.array([[[dt, *values]]], np.float32) * 10
        answer = self.step(inputs=heard, **self.state)
        self.state = {name: answer[f"next_{name}"] for name in self.names}
        self.parameters = answer["parameters"].ravel() / 10

    def say(self) -> tuple[float, list[float]]:
        """The mean of the likeliest component: dt in seconds, at least 1 ms, and values in [0, 1]."""
        means = self.parameters[: self.table[0] * self.table[1]].reshape(self.table)
        dt, *values = means[np.argmax(self.parameters[-self.table[0] :])].tolist()
        return max(dt, 0.001), [min(max(value, 0.0), 1.0) for value in values]


def recompute(log: Path) -> tuple[float, float, int]:
    """The largest difference in a value and in a due time, and how many predictions were compared."""
    record = [json.loads(line) for line in log.with_suffix(".jsonl").read_text().splitlines()]
    if unknown := {entry["what"] for entry in record} - HARMLESS:
        sys.exit(f"{log}: a performance with {', '.join(sorted(unknown))} is more than this script follows")
    start, mode = record[0], record[0]["settings"]["mode"]
    settings, told = start["settings"], start["model"]
    started = datetime.fromisoformat(start["wall"]).replace(tzinfo=None)
    model = Model(told["file"], told["dimension"], told["mixtures"])
    last, due, responding, answers = 0.0, 0.0, False, []
    off, late, compared = [0.0], [0.0], 0
    if mode == "battle":
        model.hear(0.01, [0.5] * (told["dimension"] - 1))
    for line in log.read_text().splitlines():
        timestamp, source, *numbers = line.split(",")
        at = (datetime.fromisoformat(timestamp) - started).total_seconds()
        values = [float(number) for number in numbers]
        if source == "interface":
            if mode in ("callresponse", "polyphony"):
                model.hear(min(at - last, settings["longest_dt"]), values)
            if mode == "polyphony":
                dt, said = model.say()
                heapq.heappush(answers, (at + dt * settings["timescale"], said))
            last, responding = at, False
            continue
        if mode == "polyphony":
            due, said = heapq.heappop(answers)
        else:
            dt, said = model.say()
            wait = max(dt * settings["timescale"], 0.001)
            if mode == "callresponse" and not responding:
                due, responding = max(last + wait, last + settings["threshold"]), True
            else:
                due += wait
            model.hear(dt, said)
        off += [abs(a - b) for a, b in zip(values, said, strict=True)]
        late.append(abs(at - due))
        compared += 1
    return max(off), max(late), compared


if __name__ == "__main__":
    value, seconds, count = recompute(Path(sys.argv[1]))
    print(f"{count} predictions; largest difference {value:.1e} in a value, {seconds:.1e} s in a due time")
    sys.exit(count == 0 or max(value, seconds) > TOLERANCE)
