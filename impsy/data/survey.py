"""A survey of recordings: what there is to learn from, and what looks wrong with it.

All figures but those of silences and clocks are of phrases (`phrases.py`): of what goes into the dataset.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.data.collate import Recording
from impsy.data.phrases import after_silence, split
from impsy.data.repeats import Repeat, repeats
from impsy.data.wording import told

QUANTILES = 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99
_STUCK = 0.25  # of all interactions: a control that moved, and has not for so long, is stuck …
_STUCK_FEWEST = 500  # … if it is this many
_HOURLY = 1.5  # seconds around a whole hour: a clock that was set, rather than a performer who came back


@dataclass(frozen=True, slots=True)
class RecordingSurvey:
    """What one recording holds."""

    name: str
    interactions: int
    seconds: float  # from its first gesture to its last, silences included
    phrases: int
    silences: int
    longest_silence: float  # seconds; 0 without one
    windows: int  # that it gives, in each round of training
    still: tuple[int, ...]  # the controls, counted from 1, that never move in it
    steps_back: tuple[float, ...]  # seconds by which its clock went back
    hours: tuple[float, ...]  # silences of almost whole hours, in seconds


@dataclass(frozen=True, slots=True)
class DtSurvey:
    """The times between interactions, in seconds."""

    shortest: float
    quantiles: tuple[tuple[float, float], ...]  # (share, no longer than so many seconds)
    longest: float
    zero: float  # share of interactions in the same moment as the one before


@dataclass(frozen=True, slots=True)
class ControlSurvey:
    """What one control does."""

    number: int  # counted from 1
    lowest: float
    mean: float
    deviation: float
    highest: float
    different: int  # values
    moves: float  # share of interactions in which it is not where it was
    still_in: int  # recordings
    dead: bool  # never moves at all
    stuck_since: str | None  # the recording in which it moved last, long ago


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was found out about recordings of one dimension."""

    dimension: int
    max_dt: float
    steps: int  # of a window of training
    interactions: int
    seconds: float  # of playing, silences left out
    phrases: int
    windows: int
    recordings: tuple[RecordingSurvey, ...]
    dt: DtSurvey
    controls: tuple[ControlSurvey, ...]
    repeats: tuple[Repeat, ...]  # of recordings, by their index


def survey(recordings: Sequence[Recording], max_dt: float, steps: int) -> Survey:
    """Look through recordings, at least one of them with a phrase; training learns from windows of `steps`."""
    tables = [recording.rows for recording in recordings]
    phrases = split(tables, max_dt)
    rows = np.concatenate([phrase.rows for phrase in phrases])
    lengths: list[list[int]] = [[] for _ in tables]
    for phrase in phrases:
        lengths[phrase.performance].append(len(phrase.rows))
    each = tuple(
        _of_recording(recording, lengths_of_it, max_dt, steps)
        for recording, lengths_of_it in zip(recordings, lengths, strict=True)
    )
    return Survey(
        dimension=rows.shape[1],
        max_dt=max_dt,
        steps=steps,
        interactions=len(rows),
        seconds=float(rows[:, 0].sum()),
        phrases=len(phrases),
        windows=sum(one.windows for one in each),
        recordings=each,
        dt=_of_dt(rows[:, 0]),
        controls=_of_controls(each, tables),
        repeats=tuple(repeats(tables)),
    )


def _of_recording(recording: Recording, lengths: list[int], max_dt: float, steps: int) -> RecordingSurvey:
    rows = recording.rows
    silences = rows[after_silence(rows, max_dt), 0].tolist()
    return RecordingSurvey(
        name=recording.name,
        interactions=sum(lengths),
        seconds=float(rows[:, 0].sum()),
        phrases=len(lengths),
        silences=len(silences),
        longest_silence=max(silences, default=0.0),
        windows=sum(math.ceil((length - 1) / steps) for length in lengths),  # the first is only heard
        still=tuple((np.flatnonzero(np.ptp(rows[:, 1:], axis=0) == 0) + 1).tolist()),
        steps_back=recording.steps_back,
        hours=tuple(dt for dt in silences if dt > 1800 and abs(dt - 3600 * round(dt / 3600)) < _HOURLY),
    )


def _of_dt(dts: NDArray[np.floating]) -> DtSurvey:
    values = np.quantile(dts, QUANTILES).tolist()
    return DtSurvey(
        shortest=float(dts.min()),
        quantiles=tuple(zip(QUANTILES, values, strict=True)),
        longest=float(dts.max()),
        zero=float(np.mean(dts == 0)),
    )


def _of_controls(each: Sequence[RecordingSurvey], tables: Sequence[NDArray[np.floating]]) -> tuple[ControlSurvey, ...]:
    values = np.concatenate([table[:, 1:] for table in tables])
    moved = np.concatenate([np.diff(table[:, 1:], axis=0, prepend=table[:1, 1:]) != 0 for table in tables])
    ends = np.cumsum([len(table) for table in tables])
    surveys = []
    for index in range(values.shape[1]):
        column, moves = values[:, index], np.flatnonzero(moved[:, index])
        last = int(moves[-1]) if len(moves) else 0
        since = len(column) - last
        stuck = len(moves) > 0 and since >= max(_STUCK_FEWEST, _STUCK * len(column))
        surveys.append(
            ControlSurvey(
                number=index + 1,
                lowest=float(column.min()),
                mean=float(column.mean()),
                deviation=float(column.std()),
                highest=float(column.max()),
                different=len(np.unique(column)),
                moves=len(moves) / len(column),
                still_in=sum(index + 1 in recording.still for recording in each),
                dead=bool(np.ptp(column) == 0),
                stuck_since=each[int(np.searchsorted(ends, last, side="right"))].name if stuck else None,
            )
        )
    return tuple(surveys)


def remarks(found: Survey) -> list[str]:
    """What a person should look at before training, one line each."""
    lines = [f"Control {one.number} never moves: nothing is learned of it." for one in found.controls if one.dead]
    lines += [
        f"Control {one.number} moved last in {one.stuck_since}, and never since: is it stuck?"
        for one in found.controls
        if one.stuck_since
    ]
    names = [recording.name for recording in found.recordings]
    lines += [
        f"{names[repeat.index]} repeats {names[repeat.of]} ({repeat.share:.0%}): leave one out with --exclude."
        for repeat in found.repeats
    ]
    for one in found.recordings:
        if one.steps_back:
            worst = max(one.steps_back)
            times = "once" if len(one.steps_back) == 1 else f"{len(one.steps_back)} times"
            lines.append(f"The clock of {one.name} went back {times}, by up to {told(worst)}: those dt are 0.")
        lines += [
            f"{one.name} has a silence of {dt / 3600:.0f} h to the second: was its clock set?" for dt in one.hours
        ]
    if found.dt.zero > 0.2:
        lines.append(f"{found.dt.zero:.0%} of all interactions come in the same moment as the one before (dt = 0).")
    return lines
