"""Ears for tests: what a recording of an instrument holds."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

AUDIBLE = 0.003  # root mean square, full scale 1: about -50 dB
HEARING = 0.25  # seconds listened to at a time
FLOAT, EXTENSIBLE = 3, 0xFFFE  # formats of a WAV file


@dataclass(frozen=True)
class Recording:
    """Sound as `samples`, (length, channels), full scale 1."""

    samples: Any
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def moments(self) -> list["Recording"]:
        """The whole, a quarter of a second at a time."""
        length = int(HEARING * self.rate)
        starts = range(0, len(self.samples) - length + 1, length)
        return [Recording(self.samples[start : start + length], self.rate) for start in starts]

    def levels(self) -> Any:
        """Root mean square of each channel."""
        return np.sqrt(np.mean(np.square(self.samples, dtype=float), axis=0))

    def is_audible(self) -> bool:
        return bool(self.levels().max() > AUDIBLE)

    def centroid(self) -> float:
        """Where the middle of its spectrum lies, in hertz; the power is the weight."""
        power = np.abs(np.fft.rfft(self.samples.sum(axis=1) * np.hanning(len(self.samples)))) ** 2
        return float((np.fft.rfftfreq(len(self.samples), 1 / self.rate) * power).sum() / power.sum())

    def strongest(self) -> float:
        """Its loudest partial, in hertz."""
        spectrum = np.abs(np.fft.rfft(self.samples.sum(axis=1) * np.hanning(len(self.samples))))
        return float(np.fft.rfftfreq(len(self.samples), 1 / self.rate)[spectrum.argmax()])


def listen(path: Path) -> Recording:
    """Read a WAV file of 32-bit floats, which would show a NaN or a peak above full scale."""
    content = path.read_bytes()
    assert (content[:4], content[8:12]) == (b"RIFF", b"WAVE")
    at, channels, rate = 12, 0, 0
    while at + 8 <= len(content):
        name, size = content[at : at + 4], struct.unpack_from("<I", content, at + 4)[0]
        if name == b"fmt ":
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content, at + 8)
            assert kind in (FLOAT, EXTENSIBLE)
            assert bits == 32
        if name == b"data":
            data = content[at + 8 : at + 8 + size]
            return Recording(
                np.frombuffer(data[: len(data) // 4 // channels * 4 * channels], "<f4").reshape(-1, channels), rate
            )
        at += 8 + size + size % 2
    raise AssertionError(f"{path.name} holds no sound")


def check_is_music(recording: Recording) -> None:
    """Sound that one may send to a loudspeaker: heard, whole, and neither rumble nor hiss."""
    audible = [moment for moment in recording.moments() if moment.is_audible()]

    assert np.isfinite(recording.samples).all()
    assert 0.02 < np.abs(recording.samples).max() < 0.99
    assert len(audible) >= 4
    assert all(60 < moment.strongest() < 4000 for moment in audible)
    assert all(60 < moment.centroid() < 8000 for moment in audible)
    assert abs(recording.samples.mean()) < 0.01


def check_answered(recording: Recording) -> None:
    """The performer, left of the middle, plays alone and rests; then the model is heard, right of it."""
    sides = "".join(_side(moment) for moment in recording.moments())
    alone, _, _ = sides.partition("R")

    assert "R" in sides
    assert alone.strip(".").startswith("L")
    assert "L.." in alone
    assert sides.count("R") >= 4


def _side(moment: Recording) -> str:
    left, right = moment.levels()
    return "." if not moment.is_audible() else "L" if left > right else "R"
