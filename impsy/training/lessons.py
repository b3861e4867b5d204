"""What a network is taught with: performances made ready, some held out, and laid out in batches.

A batch has several lanes; in each, performances run on from one batch to the next, so that the network's state can
be carried over and it learns to play longer than one batch. Nothing is copied but the batch itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impsy.core.interaction import LONGEST_DT
from impsy.errors import NotEnoughData
from impsy.model.litert import SCALE

FEWEST = 200  # interactions that are worth learning from
GAP = 50  # interactions between what is learned and what is held out of the same performance
_SHORTEST = 2  # a performance needs one interaction to hear and one to predict
_SHARE = 0.1  # held out, of all interactions
_SEGMENT = 1024  # interactions after which a lane may turn to another performance

Performance: TypeAlias = NDArray[np.float32]  # (length, dimension), as the network sees it


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is learned from and what is held out to judge by, as the network sees it."""

    learned: tuple[Performance, ...]
    held_out: tuple[Performance, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """One interaction after the other in every lane, and what came next."""

    inputs: NDArray[np.float32]  # (lanes, steps, dimension)
    targets: NDArray[np.float32]  # (lanes, steps, dimension)
    weights: NDArray[np.float32]  # (lanes, steps): 0 where a lane is empty
    carried: NDArray[np.float32]  # (lanes, 1): 0 where the lane turns to another performance, whose state is blank


def prepare(performances: Sequence[NDArray[np.floating]], rng: np.random.Generator) -> Lessons:
    """Cap dt, scale, and hold out a tenth; raises `NotEnoughData`.

    Whole performances are held out where some make about a tenth; else the longest gives its last tenth, after a
    gap, for neighbouring interactions are too much alike to judge by.
    """
    _check_enough(performances)
    ready = [_as_seen(performance) for performance in performances if len(performance) >= _SHORTEST]
    held_out = _choose(list(map(len, ready)), rng)
    if held_out:
        return Lessons(
            tuple(performance for index, performance in enumerate(ready) if index not in held_out),
            tuple(performance for index, performance in enumerate(ready) if index in held_out),
        )
    longest = max(range(len(ready)), key=lambda index: len(ready[index]))
    split = len(ready[longest]) - max(int(len(ready[longest]) * _SHARE), _SHORTEST)
    tail = ready[longest][split:]
    ready[longest] = ready[longest][: max(split - GAP, _SHORTEST)]
    return Lessons(tuple(ready), (tail,))


def _check_enough(performances: Sequence[NDArray[np.floating]]) -> None:
    found = sum(map(len, performances))
    if found >= FEWEST:
        return
    text = f"{found} interactions are too few to learn from; at least {FEWEST} are needed"
    if found:
        pace = sum(float(np.minimum(table[:, 0], LONGEST_DT).sum()) for table in performances) / found
        text += f": play {FEWEST - found} more, at your pace about {max(1.0, pace * (FEWEST - found)):.0f} s"
    raise NotEnoughData(found, FEWEST, text)


def _as_seen(performance: NDArray[np.floating]) -> Performance:
    highest = np.ones(performance.shape[1])
    highest[0] = LONGEST_DT  # a longer pause would rule the whole loss
    seen: Performance = (np.clip(performance, 0.0, highest) * SCALE).astype(np.float32)
    return seen


def _choose(lengths: Sequence[int], rng: np.random.Generator) -> set[int]:
    """Performances, in random order, that together make between one and two tenths; none, if that cannot be."""
    total, chosen, held = sum(lengths), set(), 0
    for index in rng.permutation(len(lengths)).tolist():
        if held + lengths[index] <= 2 * _SHARE * total and held < _SHARE * total:
            chosen.add(index)
            held += lengths[index]
    return chosen if held >= _SHARE * total else set()


def batches(
    performances: Sequence[Performance], lanes: int, steps: int, rng: np.random.Generator | None = None
) -> Iterator[Batch]:
    """Every interaction of the performances once, in at most `lanes` lanes of `steps`; `rng` shuffles."""
    segments = _segments(performances, steps, rng)
    lanes = min(lanes, len(segments))
    waiting = iter(segments)
    current: list[Performance | None] = [next(waiting) for _ in range(lanes)]
    at = [0] * lanes
    while any(segment is not None for segment in current):
        dimension = segments[0].shape[1]
        inputs = np.zeros((lanes, steps, dimension), np.float32)
        targets, weights = np.zeros_like(inputs), np.zeros((lanes, steps), np.float32)
        carried = np.array([[float(start > 0)] for start in at], np.float32)
        for lane, segment in enumerate(current):
            if segment is None:
                continue
            start, stop = at[lane], min(at[lane] + steps, len(segment) - 1)
            inputs[lane, : stop - start] = segment[start:stop]
            targets[lane, : stop - start] = segment[start + 1 : stop + 1]
            weights[lane, : stop - start] = 1.0
            at[lane] = stop
            if stop == len(segment) - 1:
                current[lane], at[lane] = next(waiting, None), 0
        yield Batch(inputs, targets, weights, carried)


def _segments(performances: Sequence[Performance], steps: int, rng: np.random.Generator | None) -> list[Performance]:
    """Pieces of at most `_SEGMENT` interactions; with `rng` they begin elsewhere each time, in random order."""
    pieces = []
    for performance in performances:
        first = int(rng.integers(1, _SEGMENT + 1)) if rng is not None else _SEGMENT
        cuts = [0, *range(first, len(performance) - steps, _SEGMENT), len(performance) - 1]
        pieces += [performance[start : stop + 1] for start, stop in pairwise(cuts) if stop > start]
    return pieces if rng is None else [pieces[index] for index in rng.permutation(len(pieces)).tolist()]
