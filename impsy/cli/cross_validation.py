"""Training for cross-validation: a model for each fold, which never hears what it is scored by, and how long it takes.

Each is trained as `impsy train` would, in a folder that is gone when its model is loaded.
"""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING

import click
import numpy as np

from impsy.core.interaction import LONGEST_DT
from impsy.data.datasets import Dataset, Performance
from impsy.data.wording import count, told
from impsy.evaluation.hearing import Performances, dealt
from impsy.model.litert import LiteRtPredictor
from impsy.training.backend import check_backend
from impsy.training.fit import Recipe
from impsy.training.lessons import prepare
from impsy.training.train import train

if TYPE_CHECKING:
    from impsy.evaluation.baselines import Take
    from impsy.training.checkpoint import Epoch
    from impsy.training.train import Started, Trained


class Trainer:
    """Trains a model to performances, fold after fold; a listener of every training, too."""

    def __init__(self, size: str, recipe: Recipe, seed: int, folds: int) -> None:
        self._size, self._recipe, self._seed, self._folds = size, recipe, seed, folds
        self._done = 0
        self._began = time.monotonic()
        self._ended = self._began  # the last fold that is done
        self._in_place = sys.stderr.isatty()

    def check(self, performances: Performances) -> None:
        """Raise `NotEnoughData` where a fold would leave too little, or `MissingExtra`: before the first is trained."""
        for held_out in dealt(performances, self._folds):
            kept = [takes for index, takes in enumerate(performances) if index not in held_out]
            prepare(dataset_of(kept).performances, np.random.default_rng(self._seed))
        check_backend()

    def fit(self, performances: Performances) -> LiteRtPredictor:
        """A model of these performances. Raises `KeyboardInterrupt`, which ends not one training but all."""
        with TemporaryDirectory(prefix="impsy-", ignore_cleanup_errors=True) as folder, _interruptible():
            dataset = dataset_of(performances)
            trained = train(dataset, self._size, self._recipe, Path(folder), self._seed, self, temper=False)
            self._done, self._ended = self._done + 1, time.monotonic()
            self._tell_trained(trained)
            return LiteRtPredictor(trained.lite_path)

    def started(self, run: "Started") -> None:
        """Say once what is going on."""
        if not self._done:
            click.echo(
                f"training   {count(self._folds, 'model')} of size {self._size}, one for each fold, seed {self._seed}; "
                "Ctrl-C ends it",
                err=True,
            )

    def epoch(self, epoch: "Epoch") -> None:
        """Say how far it is, where that takes no line of its own."""
        if self._in_place:
            line = f"fold {self._done + 1:>3} of {self._folds}  epoch {epoch.number:>3} of {epoch.of}"
            line += f"  loss {epoch.held_out:.3f}  {self._left(epoch)}"
            click.echo(f"\r\x1b[K{line}", err=True, nl=False)

    def learned(self) -> None:
        """Say nothing: the line of the fold comes in a moment."""

    def _tell_trained(self, trained: "Trained") -> None:
        best = trained.best
        line = f"fold {self._done:>3} of {self._folds}  best epoch {best.number} of {best.of}, loss {best.held_out:.3f}"
        if self._done < self._folds:
            line += f"  {self._left(None)}"
        click.echo(f"\r\x1b[K{line}" if self._in_place else line, err=True)

    def _left(self, epoch: "Epoch | None") -> str:
        """How long it will take: as long for each fold as for those that are done; before, what the first says."""
        if self._done:
            each = (self._ended - self._began) / self._done
            left = each * (self._folds - self._done) - (time.monotonic() - self._ended)
            return f"about {told(max(left, 0.0))} left"
        return f"at most {told(self._folds * (epoch.seconds + epoch.seconds_left))} left" if epoch else ""


def dataset_of(performances: Performances) -> Dataset:
    """The dataset whose takes these are, in 32 bits: between two of a performance lies a long silence."""
    return Dataset(tuple(map(_joined, performances)), performances[0][0].shape[1])


def _joined(takes: "Sequence[Take]") -> Performance:
    rows = np.concatenate(takes, dtype=np.float32)
    rows[np.cumsum([len(take) for take in takes[:-1]], dtype=int), 0] = 2.0 * LONGEST_DT
    return rows


@contextmanager
def _interruptible() -> Iterator[None]:
    """Training takes Ctrl-C for «keep the best so far, and go on»; here it is told again, for all."""
    interrupted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if interrupted:
            raise KeyboardInterrupt
