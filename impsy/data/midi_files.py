"""MIDI files as performances: what a mapping hears of them, as if they were played to impsy (formats §7).

Tracks are merged and tempo maps followed; each message that the mapping knows is one interaction, and messages of a
chord have dt 0. All others (notes' ends, pedals that are not mapped, sysex, text) change nothing.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.core.mapping import Mapping, MidiReceiver
from impsy.core.midi import MidiMessage
from impsy.errors import MidiFileError
from impsy.wire.midi_bytes import decode

LARGEST = 4 * 2**20  # bytes: an hour of dense playing is a quarter of it
_AT_FIRST = 0.5  # where every control stands before it is set (formats §1)
_SEPARATE = 2  # the type of files whose tracks are pieces of their own

# what mido raises on bytes that are not what they say
_DAMAGE = (OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError)


def read_midi(path: Path, mapping: Mapping) -> NDArray[np.float64]:
    """Interactions `[dt, x_1 … x_n]`, (gestures - 1, controls + 1): the first gesture has no dt and gives none.

    Raises `MidiFileError`.
    """
    receiver, vector = MidiReceiver(mapping), [_AT_FIRST] * len(mapping)
    rows: list[list[float]] = []
    for at, message in _messages(path):
        changes = receiver.receive(message)
        if changes:
            for control, value in changes:
                vector[control] = value
            rows.append([at, *vector])
    if not rows:
        raise MidiFileError(path, "holds nothing that the mapping knows")
    table = np.array(rows, np.float64)
    return np.column_stack([np.diff(table[:, 0]), table[1:, 1:]])


def _messages(path: Path) -> Iterator[tuple[float, MidiMessage]]:
    """The channel messages of all tracks in order, each with its time in seconds from the start of the file."""
    at = 0.0
    for message in _merged(path):
        at += message.time
        if not message.is_meta and (read := decode(bytes(message.bin()))) is not None:
            yield at, read


def _merged(path: Path) -> list[Any]:
    """The messages as mido has them; `time` is in seconds since the one before, over all tracks."""
    import mido

    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST else b""
    except OSError as error:
        raise MidiFileError(path, f"cannot be read: {error.strerror or error}") from error
    if size > LARGEST:
        raise MidiFileError(path, f"is refused: {size / 2**20:.0f} MiB; the limit is {LARGEST // 2**20} MiB")
    try:
        midi = mido.MidiFile(file=io.BytesIO(data))
        if midi.type == _SEPARATE:
            raise MidiFileError(path, "is of type 2: its tracks are pieces of their own, which have no common time")
        if midi.ticks_per_beat <= 0:
            raise MidiFileError(path, "counts time in frames of film (SMPTE), not in beats")
        return list(midi)
    except _DAMAGE as error:
        raise MidiFileError(path, f"is damaged, or no MIDI file ({str(error) or type(error).__name__})") from error
