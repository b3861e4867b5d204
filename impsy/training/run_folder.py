"""A run's folder, `models/<name>-run/`: what was trained on what, how it went, and where it stands.

- `config.json`: the data and its hash, size, recipe, seed and versions, written before anything else
- `curve.csv` and `curve.png`: the losses of every epoch
- `checkpoint.npz`: while it is unfinished, what `--resume` goes on from
- `report.json`: at the end, all of it with the files that came out; with it the run is finished
- `.lock`: held while somebody writes, for two runs in one folder would go on from each other's checkpoints
"""

import hashlib
import json
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from impsy.data.datasets import Dataset
from impsy.data.files import make_way, written_whole
from impsy.errors import FileError, ImpsyError
from impsy.training import checkpoint
from impsy.training.checkpoint import Checkpoint, Epoch
from impsy.training.curve import draw
from impsy.training.lock import FILE, Lock

_SELDOM = 2.0  # seconds between two checkpoints, at least
_SAME = {  # to go on
    "data_hash": "data",
    "size": "size",
    "begins_with": "model to begin with",
    "recipe": "recipe",
    "versions": "versions",
    "seed": "seed",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run depends on."""

    data: str  # where from, for people
    data_hash: str
    interactions: int
    minutes: float
    dimension: int
    size: str
    because: str  # why this size; empty where it was asked for
    begins_with: str  # the hash of the model that it learns further from; empty where there is none
    recipe: dict[str, Any]
    seed: int
    versions: dict[str, str]


def hash_of(dataset: Dataset) -> str:
    """The SHA-256 of the numbers of a dataset, whatever file they came in."""
    digest = hashlib.sha256()
    for performance in dataset.performances:
        digest.update(np.array(performance.shape, "<i8").tobytes())
        digest.update(performance.astype("<f4").tobytes())
    return digest.hexdigest()


def _tidy(path: Path) -> None:
    """Take away what a run that was killed had not written to its end."""
    name = path.name.removesuffix("-run")
    for aside in (*path.glob(".*-*"), *path.parent.glob(f".{name}.*-*")):
        shutil.rmtree(aside, ignore_errors=True)


class RunFolder:
    """The folder of one run; `begin` or `resume` makes it."""

    def __init__(self, path: Path, plan: Plan, lock: Lock) -> None:
        self.path = path
        self.plan = plan
        self._lock = lock
        self._kept_at = -_SELDOM

    @classmethod
    def begin(cls, path: Path, plan: Plan) -> "RunFolder":
        """A folder of its own; an older one is renamed after its date. Raises `FileError`; `InUse` while that runs."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = Lock(path)
            if any(each.name != FILE for each in path.iterdir()):
                make_way(path)
                path.mkdir(exist_ok=True)
                lock, _ = Lock(path), lock  # the older one's is held till then: nobody comes between
            run = cls(path, plan, lock)
            run._write("config.json", asdict(plan))
        except OSError as error:
            raise FileError(path, f"cannot be written: {error.strerror or error}") from error
        return run

    @classmethod
    def resume(cls, path: Path, plan: Plan, seed: int | None) -> tuple["RunFolder", Checkpoint]:
        """The folder of a run that was stopped, and where it stands; without a `seed`, that of the run holds.

        Raises `ImpsyError` where there is none, one that would not go on as it began, or one that still runs.
        """
        if (path / "report.json").exists():
            raise ImpsyError(f"{path}: this run is finished; leave out --resume to train anew")
        try:
            lock = Lock(path)
            had = Plan(**json.loads((path / "config.json").read_text()))
        except FileNotFoundError:
            raise ImpsyError(f"{path}: no run to go on with is here; leave out --resume") from None
        except OSError as error:
            raise FileError(path, f"cannot be read and written: {error.strerror or error}") from error
        except (ValueError, TypeError) as error:
            raise FileError(path / "config.json", f"is damaged ({error}); train again without --resume") from error
        if seed is None:
            plan = replace(plan, seed=had.seed)
        differs = [word for name, word in _SAME.items() if getattr(had, name) != getattr(plan, name)]
        if differs:
            raise ImpsyError(f"{path}: the run here had other {' and '.join(differs)}; leave out --resume")
        _tidy(path)
        kept = path / "checkpoint.npz"
        return cls(path, had, lock), checkpoint.load(kept) if kept.exists() else Checkpoint()

    def keep(self, at: Checkpoint, *, at_once: bool = False) -> None:
        """Write where the run stands, not too often unless it has to be `at_once`. Raises `FileError`."""
        if time.monotonic() - self._kept_at < _SELDOM and not at_once:
            return
        try:
            checkpoint.save(at, self.path / "checkpoint.npz")
            self._write_curve(at.curve)
        except OSError as error:
            text = f"cannot be written: {error.strerror or error}; with --resume it goes on from the last checkpoint"
            raise FileError(self.path, text) from error
        self._kept_at = time.monotonic()

    def finish(self, at: Checkpoint, files: dict[str, str], learned: int, held_out: int) -> None:
        """Write the report, with the hashes of the files that were made, and the curve; the checkpoint goes.

        The picture comes last: it takes a second or two, and without a report the run would be resumed, and its model
        made again. Raises `FileError`.
        """
        result = {
            "files": files,
            "best": asdict(at.best),
            "epochs": at.epochs,
            "seconds": round(at.curve[-1].seconds, 1),
            "interactions_learned": learned,
            "interactions_held_out": held_out,
        }
        try:
            self._write_curve(at.curve)
            self._write("report.json", {**result, **asdict(self.plan)})
            (self.path / "checkpoint.npz").unlink(missing_ok=True)
            draw(at.curve, self.path / "curve.png")
        except OSError as error:
            raise FileError(self.path, f"cannot be written: {error.strerror or error}") from error
        self._lock.let_go()

    def _write(self, name: str, what: dict[str, Any]) -> None:
        with written_whole(self.path / name) as aside:
            aside.write_text(json.dumps(what, indent=2) + "\n")

    def _write_curve(self, curve: list[Epoch]) -> None:
        with written_whole(self.path / "curve.csv") as aside:
            rows = [f"{e.number},{e.loss:.4f},{e.held_out:.4f},{e.best:d},{e.seconds:.1f}\n" for e in curve]
            aside.write_text("epoch,loss,held_out,best,seconds\n" + "".join(rows))
