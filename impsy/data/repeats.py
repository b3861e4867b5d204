"""Repeats: takes that hold the same playing as another, because a file was copied or a log was collected twice.

What is in the data twice is learned twice, and where one take is held out and the other learned from, the model is
judged by what it has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STRETCH = 32  # interactions: nobody plays so many twice to the thousandth of a second
_ENOUGH = 0.5  # of the stretches of a take
_GRID = 1e3  # steps a second, and from 0 to 1: coarser than what float32 has left of a log


@dataclass(frozen=True, slots=True)
class Repeat:
    """The take `index` holds what an earlier take, `of`, holds."""

    index: int
    of: int
    share: float  # of its stretches


def repeats(takes: Sequence[NDArray[np.floating]]) -> list[Repeat]:
    """Takes, (length, dimension) each, of which at least half is in one before it; short ones are passed over."""
    found: list[Repeat] = []
    seen: dict[int, int] = {}  # hash of a stretch: the first take that holds it
    for index, take in enumerate(takes):
        stretches = _hashes(take)
        owners = [seen.get(stretch, -1) for stretch in stretches]
        known = [owner for owner in owners if owner >= 0]
        if len(known) > _ENOUGH * len(stretches):
            of = max(set(known), key=lambda owner: (known.count(owner), -owner))
            share = known.count(of) / len(stretches)
            if share >= _ENOUGH:
                found.append(Repeat(index, of, share))
        for stretch in stretches:
            seen.setdefault(stretch, index)
    return found


def _hashes(take: NDArray[np.floating]) -> list[int]:
    """One of each stretch of `STRETCH` interactions in which anything moves, wherever it begins."""
    if len(take) < STRETCH:
        return []
    grid = np.rint(take * _GRID).astype(np.uint64)
    grid[0, 0] = 0  # the first dt tells of a time before
    weights = np.random.default_rng(0).integers(1, 2**63, grid.shape[1] + STRETCH, np.uint64)
    with np.errstate(over="ignore"):  # arithmetic modulo 2**64 is what is wanted
        rows = grid @ weights[: grid.shape[1]]
        rows ^= rows >> np.uint64(29)
        windows = np.lib.stride_tricks.sliding_window_view(rows, STRETCH) @ weights[grid.shape[1] :]
    moving = np.lib.stride_tricks.sliding_window_view(np.append(False, np.diff(rows) != 0), STRETCH).any(axis=1)
    hashes: list[int] = windows[moving].tolist()
    return hashes
