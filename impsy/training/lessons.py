"""What a network is taught with: phrases, some of which are held out, and windows of them.

Everything lies in one table of rows, and a window is two numbers, its first row and how many it spans: gathered by
index, batch by batch, nothing but the batch is ever copied. The windows lie elsewhere in every epoch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impsy.core.interaction import LONGEST_DT
from impsy.data.phrases import split
from impsy.errors import NotEnoughData
from impsy.model.litert import SCALE

FEWEST = 200  # interactions that are worth learning from
GAP = 50  # interactions between what is learned and what is held out of the same performance
_SHORTEST = 2  # a phrase needs one interaction to hear and one to foresee
_SHARE = 0.1  # held out, of all interactions
_LONG = 8  # windows: a span that is longer may well have one more
_ROUND = 16  # batches that an epoch has at least, however little there is: many small steps rather than few

Rows: TypeAlias = NDArray[np.float32]  # (length, dimension), as the network sees them
Spans: TypeAlias = NDArray[np.int64]  # (count, 2): the first row, and the row after the last


@dataclass(frozen=True, slots=True)
class Lessons:
    """All rows, phrase after phrase, and which phrases are learned from and which are held out to judge by."""

    rows: Rows
    learned: Spans
    held_out: Spans

    def phrases(self, spans: Spans) -> list[Rows]:
        """The rows of each span; views."""
        return [self.rows[start:stop] for start, stop in spans.tolist()]


@dataclass(frozen=True, slots=True)
class Windows:
    """Where windows begin, and how many interactions are foreseen in each, after some that are only heard."""

    starts: NDArray[np.int64]  # (count,), rows
    heard: NDArray[np.int64]  # (count,)
    foreseen: NDArray[np.int64]  # (count,)

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows side by side, and what came next."""

    inputs: NDArray[np.float32]  # (lanes, steps, dimension)
    targets: NDArray[np.float32]  # (lanes, steps, dimension)
    weights: NDArray[np.float32]  # (lanes, steps): 0 where nothing is foreseen


def prepare(performances: Sequence[NDArray[np.floating]], rng: np.random.Generator) -> Lessons:
    """Cut into phrases, scale, and hold out a tenth; raises `NotEnoughData`.

    Whole performances are held out where some that are neighbours make about a tenth; else the longest gives its last
    tenth, after a gap. Neighbours are too much alike to be learned from and judged by: what `impsy dataset` has cut at
    pauses was one take.
    """
    _check_enough(performances)
    chosen = _choose(list(map(len, performances)), rng)
    if chosen:
        held_out = [performance for index, performance in enumerate(performances) if index in chosen]
        return joined([table for index, table in enumerate(performances) if index not in chosen], held_out)
    learned = list(performances)
    longest = max(range(len(learned)), key=lambda index: len(learned[index]))
    learned[longest], tail = parted(learned[longest])
    return joined(learned, [tail])


def count(spans: Spans) -> int:
    """How many interactions there are in all."""
    return int((spans[:, 1] - spans[:, 0]).sum())


def parted(performance: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """What is learned of a performance, and its last tenth, after a gap."""
    split_at = len(performance) - max(int(len(performance) * _SHARE), _SHORTEST)
    return performance[: max(split_at - GAP, _SHORTEST)], performance[split_at:]


def joined(learned: Sequence[NDArray[np.floating]], held_out: Sequence[NDArray[np.floating]]) -> Lessons:
    """The phrases of both, one after another, as the network sees them; raises `NotEnoughData` where there are none."""
    phrases, others = ([phrase.rows for phrase in split(part, LONGEST_DT, _SHORTEST)] for part in (learned, held_out))
    if not phrases or not others:
        raise NotEnoughData(0, FEWEST, f"silences longer than {LONGEST_DT:g} s leave no phrase to learn or to judge by")
    highest = np.ones(phrases[0].shape[1], np.float32)
    highest[0] = LONGEST_DT
    rows = np.concatenate([*phrases, *others], dtype=np.float32)
    rows = np.clip(rows, 0.0, highest, out=rows)
    rows *= np.float32(SCALE)
    ends = np.cumsum([len(phrase) for phrase in (*phrases, *others)])
    spans = np.column_stack([np.concatenate([[0], ends[:-1]]), ends])
    return Lessons(rows, spans[: len(phrases)], spans[len(phrases) :])


def _check_enough(performances: Sequence[NDArray[np.floating]]) -> None:
    found = sum(map(len, performances))
    if found >= FEWEST:
        return
    text = f"{found} interactions are too few to learn from; at least {FEWEST} are needed"
    if found:
        pace = sum(float(np.minimum(table[:, 0], LONGEST_DT).sum()) for table in performances) / found
        text += f": play {FEWEST - found} more, at your pace about {max(1.0, pace * (FEWEST - found)):.0f} s"
    raise NotEnoughData(found, FEWEST, text)


def _choose(lengths: Sequence[int], rng: np.random.Generator) -> Sequence[int]:
    """Neighbouring performances, drawn, that together make between one and two tenths; none, if that cannot be."""
    ends = np.cumsum([0, *lengths])
    least = _SHARE * ends[-1]
    stops = np.searchsorted(ends, ends[:-1] + least)  # after the last of the shortest run from each on
    runs = [
        range(first, int(stop))
        for first, stop in enumerate(stops)
        if stop < len(ends) and ends[stop] - ends[first] <= 2 * least
    ]
    return runs[rng.integers(len(runs))] if runs else ()


def windows(spans: Spans, steps: int, rng: np.random.Generator) -> Windows:
    """Windows of at most `steps` in which every interaction but the first of a span is foreseen once, in random order.

    They begin elsewhere each time. Short spans are cut as seldom as can be: a window that is not full costs as much.
    """
    pieces: list[tuple[int, int]] = []
    for start, stop in spans.tolist():
        spare = (start - stop + 1) % steps
        least = steps - spare if stop - start <= _LONG * steps else 1
        first = start + int(rng.integers(least, steps + 1))
        pieces += pairwise([start, *range(first, stop - 1, steps), stop - 1])
    bounds = np.array(pieces)[rng.permutation(len(pieces))]
    return Windows(bounds[:, 0], np.zeros(len(bounds), np.int64), bounds[:, 1] - bounds[:, 0])


def overlapping(spans: Spans, steps: int, heard: int) -> Windows:
    """The same in order, but each hears `heard` interactions before it foresees, as far as its span goes back.

    A network that is judged has heard a while of playing, as when it performs.
    """
    pieces = [
        (max(start, at - heard), at, min(at + steps, stop - 1))
        for start, stop in spans.tolist()
        for at in range(start, stop - 1, steps)
    ]
    bounds = np.array(pieces)
    return Windows(bounds[:, 0], bounds[:, 1] - bounds[:, 0], bounds[:, 2] - bounds[:, 1])


def lanes_for(count: int, lanes: int) -> int:
    """How many of `count` windows lie side by side: about `lanes`, fewer where there are few, and never an odd number.

    TensorFlow's `BlockLSTM` grumbles at odd numbers, and is slower.
    """
    return 2 * max(1, -(-min(lanes, count // _ROUND) // 2))


def batches(rows: Rows, source: Windows, lanes: int, steps: int) -> Iterator[Batch]:
    """The windows, `lanes` at a time; the last batch has empty lanes, so that all have one shape."""
    for first in range(0, len(source), lanes):
        part = slice(first, first + lanes)
        heard, foreseen = source.heard[part, np.newaxis], source.foreseen[part, np.newaxis]  # (lanes, 1)
        step = np.arange(steps)
        at = np.minimum(source.starts[part, np.newaxis] + np.arange(steps + 1), len(rows) - 1)  # (lanes, steps + 1)
        seen = rows[at]  # what follows a shorter window is there as well, and counts nothing
        weights = ((step >= heard) & (step < heard + foreseen)).astype(np.float32)
        yield Batch(*(_padded(part, lanes) for part in (seen[:, :-1], seen[:, 1:], weights)))


def _padded(part: NDArray[np.float32], lanes: int) -> NDArray[np.float32]:
    return np.pad(part, [(0, lanes - len(part)), *[(0, 0)] * (part.ndim - 1)])
