"""Collating: recordings become performances, and what could not be used is told."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impsy.core.interaction import LONGEST_DT
from impsy.core.mapping import Mapping
from impsy.data.datasets import load_dataset
from impsy.data.logs import read_log
from impsy.data.midi_files import read_midi
from impsy.data.phrases import after_silence, spans, split
from impsy.data.sources import DATASET, MIDI
from impsy.errors import DatasetError, LogError, MidiFileError


@dataclass(frozen=True, slots=True)
class Recording:
    """What was played in one go: a log, a MIDI file, a performance of a dataset; its silences are still in it."""

    name: str  # what a person knows it by
    rows: NDArray[np.float64]  # (length, dimension), rows [dt, x_1 … x_n]
    steps_back: tuple[float, ...] = ()  # seconds by which its clock went back, each time


@dataclass(slots=True)
class Collection:
    """Recordings of one dimension that hold any interaction, and what was left out on the way."""

    recordings: list[Recording] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)  # recordings, and why
    skipped: Counter[str] = field(default_factory=Counter)  # rows, by reason
    clipped: int = 0  # values

    @property
    def negative_dts(self) -> int:
        """How often a clock went back."""
        return sum(len(recording.steps_back) for recording in self.recordings)

    def performances(self, max_dt: float = LONGEST_DT) -> list[NDArray[np.floating]]:
        """The phrases of all recordings, in order: no dt in them is longer than `max_dt` seconds."""
        return [phrase.rows for phrase in split([recording.rows for recording in self.recordings], max_dt)]

    def silences(self, max_dt: float = LONGEST_DT) -> NDArray[np.float64]:
        """The dt of each silence longer than `max_dt`."""
        every = [recording.rows[after_silence(recording.rows, max_dt), 0] for recording in self.recordings]
        return np.concatenate([np.zeros(0), *every])

    def lone_gestures(self, max_dt: float = LONGEST_DT) -> int:
        """How many phrases were a single gesture, which has no dt: they are in no performance."""
        return sum(start == stop for recording in self.recordings for start, stop in spans(recording.rows, max_dt))


def collate(paths: Iterable[Path], dimension: int, mapping: Mapping = ()) -> Collection:
    """Read logs, datasets and, through `mapping`, MIDI files; what cannot be read or is empty is left out."""
    collection = Collection()
    for path in paths:
        try:
            if path.suffix == DATASET:
                recordings = _from_dataset(path, collection)
            elif path.suffix.lower() in MIDI:
                recordings = [Recording(str(path), read_midi(path, mapping))]
            else:
                recordings = _from_log(path, dimension, collection)
        except (LogError, DatasetError, MidiFileError) as error:
            collection.unused[str(path)] = error.what
            continue
        for recording in recordings:
            if len(recording.rows):
                collection.recordings.append(recording)
            else:
                collection.unused[recording.name] = "fewer than two rows of the performer"
    return collection


def _from_log(path: Path, dimension: int, collection: Collection) -> list[Recording]:
    reading = read_log(path, dimension - 1)
    collection.skipped += reading.skipped
    collection.clipped += reading.clipped
    steps = np.diff(reading.seconds)
    return [Recording(str(path), reading.rows, tuple((-steps[steps < 0.0]).tolist()))]


def _from_dataset(path: Path, collection: Collection) -> list[Recording]:
    """Its performances, mended as logs are: those of an older one may be empty, which is nothing to tell."""
    recordings = []
    for index, table in enumerate(load_dataset(path).performances):
        raw = table.astype(float)
        values = np.clip(raw[:, 1:], 0.0, 1.0)
        collection.clipped += int(np.count_nonzero(values != raw[:, 1:]))
        dts = raw[:, 0]
        rows = np.column_stack([np.maximum(dts, 0.0), values])
        if len(rows):
            recordings.append(Recording(f"{path}, performance {index}", rows, tuple((-dts[dts < 0.0]).tolist())))
    return recordings
