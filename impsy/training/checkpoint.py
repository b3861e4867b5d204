"""Where a run stands: all that the rest of it depends on, in a file that is written whole or not at all.

A run that goes on from a checkpoint ends with the same weights as one that was never stopped.
"""

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.files import written_whole
from impsy.errors import FileError

Arrays = list[NDArray[Any]]

_LISTS = ("weights", "best_weights", "optimizer")


@dataclass(frozen=True, slots=True)
class Epoch:
    """What is told after each epoch; losses are nats per interaction, lower is better."""

    number: int  # 0: before anything was learned
    of: int
    loss: float
    held_out: float
    best: bool
    seconds: float  # since the run began, without the time it stood still
    seconds_left: float  # at most


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A run after its last epoch; an empty one is a run that has not begun."""

    curve: list[Epoch] = field(default_factory=list)
    weights: Arrays = field(default_factory=list)
    best_weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    rng: dict[str, Any] = field(default_factory=dict)  # the state of what draws the windows

    @property
    def best(self) -> Epoch:
        """The epoch whose weights are kept."""
        return next(epoch for epoch in reversed(self.curve) if epoch.best)

    @property
    def before(self) -> Epoch | None:
        """What a network was worth that had learned already."""
        return self.curve[0] if self.curve and self.curve[0].number == 0 else None

    @property
    def epochs(self) -> int:
        """How many were learned."""
        return self.curve[-1].number if self.curve else 0

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return self.epochs - self.best.number if self.curve else 0


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write it under `path`; raises `OSError`."""
    arrays: dict[str, Any] = {
        f"{name}_{index:03}": array for name in _LISTS for index, array in enumerate(getattr(checkpoint, name))
    }
    told = {"curve": [asdict(epoch) for epoch in checkpoint.curve], "rng": checkpoint.rng}
    with written_whole(path) as aside:
        np.savez(aside, told=np.array(json.dumps(told)), **arrays)


def load(path: Path) -> Checkpoint:
    """Read what `save` wrote; raises `FileError`."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            told = json.loads(str(archive["told"]))
            curve = [Epoch(**epoch) for epoch in told["curve"]]
            return Checkpoint(curve, **{name: _list(archive, name) for name in _LISTS}, rng=told["rng"])
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError) as error:
        raise FileError(path, f"is damaged ({error}); train again without --resume") from error


def _list(archive: Any, name: str) -> Arrays:
    members: Sequence[str] = sorted(member for member in archive.files if member.rpartition("_")[0] == name)
    return [archive[member] for member in members]
