"""Compute again, from a log and its session record, what the model played; NumPy and LiteRT only, none of impsy.

    python examples/recompute.py logs/2026-01-31T20-15-00-9d-mdrnn.log

It follows the documentation (docs/reference/session-record.md) and not the code, so that it tells whether both say the
same; it even draws what the recorded seed drew. The performance has to be one without controls or stalls.
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
HARMLESS = {"start", "turn", "device", "refused", "refusals", "stop"}


class Model:
    """A `.tflite` as impsy writes it (docs/reference/models.md), step by step; it remembers what it expects next."""

    def __init__(self, path: str, dimension: int, mixtures: int, settings: dict, seed: int) -> None:
        self.step = Interpreter(model_path=path).get_signature_runner()
        inputs = self.step.get_input_details()
        self.state = {name: np.zeros(inputs[name]["shape"], np.float32) for name in inputs if name != "inputs"}
        self.after = {name: f"lstm_{name[8:]}{'' if name[6] == 'h' else '_1'}" for name in self.state}  # of state_h_0
        self.table = (2, mixtures, dimension)  # means, deviations; and after them the logits
        self.pi, self.sigma = settings["pi_temperature"], settings["sigma_temperature"]
        self.rng = np.random.default_rng(seed)

    def hear(self, dt: float, values: list[float]) -> None:
        heard = np.array([[[dt, *values]]], np.float32) * 10
        answer = self.step(inputs=heard, **self.state)
        self.state = {name: answer[self.after[name]] for name in self.state}
        self.parameters = answer["mdn_outputs"].ravel().astype(float)

    def say(self) -> tuple[float, list[float]]:
        """What is drawn from the mixture: dt in seconds, at least 1 ms, and values in [0, 1]."""
        means, deviations = (self.parameters[: np.prod(self.table)] / 10).reshape(self.table)
        logits = self.parameters[np.prod(self.table) :] / self.pi
        cumulative = np.cumsum(np.exp(logits - logits.max()))
        k = np.argmax(cumulative >= self.rng.random() * cumulative[-1])
        dt, *values = means[k] + self.rng.standard_normal(self.table[2]) * np.sqrt(self.sigma) * deviations[k]
        return max(float(dt), 0.001), np.clip(values, 0.0, 1.0).tolist()


def recompute(log: Path) -> tuple[float, float, int]:
    """The largest difference in a value and in a due time, and how many predictions were compared."""
    record = [json.loads(line) for line in log.with_suffix(".jsonl").read_text().splitlines()]
    if unknown := {entry["what"] for entry in record} - HARMLESS:
        sys.exit(f"{log}: a performance with {', '.join(sorted(unknown))} is more than this script follows")
    start, mode = record[0], record[0]["settings"]["mode"]
    settings, told = start["settings"], start["model"]
    started = datetime.fromisoformat(start["wall"]).replace(tzinfo=None)
    rows = [(entry["at"], "takeover", []) for entry in record if entry.get("turn") == "response"]
    for line in log.read_text().splitlines():
        timestamp, source, *numbers = line.split(",")
        at = (datetime.fromisoformat(timestamp) - started).total_seconds()
        rows.append((at, source, [float(number) for number in numbers]))

    model = Model(told["file"], told["dimension"], told["mixtures"], settings, start["seed"])
    timescale, last, answers = settings["timescale"], 0.0, []  # a heap of (due, dt, values)
    off, late, compared = [0.0], [0.0], 0
    if mode == "battle":
        model.hear(0.01, [0.5] * (told["dimension"] - 1))
        dt, said = model.say()
        answers = [(max(dt * timescale, 0.001), dt, said)]
    for at, source, values in sorted(rows, key=lambda row: row[0]):  # a takeover goes before what it brings
        if source == "interface":
            if mode in ("callresponse", "polyphony"):
                model.hear(min(at - last, settings["longest_dt"]), values)
            if mode == "polyphony":
                dt, said = model.say()
                heapq.heappush(answers, (at + dt * timescale, dt, said))
            if mode == "callresponse":
                answers = []
            last = at
        elif source == "takeover":
            dt, said = model.say()
            answers = [(max(last + max(dt * timescale, 0.001), at), dt, said)]
        else:
            due, dt, said = heapq.heappop(answers)
            off += [abs(a - b) for a, b in zip(values, said, strict=True)]
            late.append(abs(at - due))
            compared += 1
            if mode != "polyphony":
                model.hear(dt, values)  # as they were: a model that hears itself makes much of the last digit
                dt, said = model.say()
                answers = [(due + max(dt * timescale, 0.001), dt, said)]
    return max(off), max(late), compared


if __name__ == "__main__":
    value, seconds, count = recompute(Path(sys.argv[1]))
    print(f"{count} predictions; largest difference {value:.1e} in a value, {seconds:.1e} s in a due time")
    sys.exit(count == 0 or max(value, seconds) > TOLERANCE)
