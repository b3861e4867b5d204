"""One trial of a sweep: an ordinary run, in a process of its own.

    python -m impsy.training.sweep.trial DATASET FOLDER

reads a `Trial` from the first line of standard input, as JSON, trains it, writes the model and its run folder into
FOLDER, and prints a JSON line an epoch. It ends at once when standard input does: the sweep is gone.
"""

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import msgspec
from msgspec import Struct

from impsy.data.datasets import load_dataset
from impsy.errors import ImpsyError
from impsy.training.checkpoint import Epoch
from impsy.training.fit import Recipe
from impsy.training.train import Started, train

SAID = "said.txt"  # what a trial printed, beside its model


class Trial(Struct, frozen=True):
    """What is trained; `source` is what people call the dataset."""

    source: str
    size: str
    recipe: Recipe
    seed: int


class TrialError(ImpsyError):
    """A trial that ended without a model; the sweep goes on."""


def run(trial: Trial, dataset: Path, folder: Path) -> None:
    """Train it, in this process. Raises what `train` raises."""
    train(load_dataset(dataset), trial.size, trial.recipe, folder, trial.seed, _EveryEpoch(), source=trial.source)


def held_out_loss(folder: Path) -> float:
    """The best of a finished trial, in nats per interaction. Raises `TrialError` where it is not finished."""
    reports = list(folder.glob("*-run/report.json"))
    if not reports:
        raise TrialError(f"{folder}: ended without a model; what it said last is in {folder / SAID}")
    try:
        return float(json.loads(reports[0].read_text())["best"]["held_out"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrialError(f"{reports[0]}: cannot be read: {error}") from error


class _EveryEpoch:
    def started(self, run: Started) -> None:
        """The run folder has it."""

    def epoch(self, epoch: Epoch) -> None:
        sys.stdout.write(json.dumps(asdict(epoch)) + "\n")
        sys.stdout.flush()

    def learned(self) -> None:
        """Nobody looks on."""


def main() -> None:
    """Run the trial that standard input tells of."""
    dataset, folder = map(Path, sys.argv[1:])
    trial = msgspec.json.decode(sys.stdin.buffer.readline(), type=Trial)
    threading.Thread(target=_end_with_the_sweep, daemon=True).start()
    try:
        run(trial, dataset, folder)
    except ImpsyError as error:
        sys.exit(str(error))


def _end_with_the_sweep() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
