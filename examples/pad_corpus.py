"""A corpus of playing on a two-dimensional pad, made up by rule: strokes, circles, taps, holds, phrases and pauses.

    python examples/pad_corpus.py logs --minutes 40 --seed 1

writes one log per performance, as `impsy run` would have, so that `impsy dataset` and `impsy train` can take over.
Movement is of the kind that hands make: a stroke follows the minimum-jerk profile (Flash and Hogan, 1985), its time
grows with its length (Fitts, 1954), a tremor rides on it, and the pad reports about 45 times a second, only where
something moved.
"""

import argparse
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from impsy.data.logs import PERFORMER, format_row, log_name

DIMENSION = 3  # dt, x, y
RATE = 45.0  # reports a second
GRID = 1000  # what the pad tells apart, per axis
FIRST = datetime.fromisoformat("2026-01-01T20:00:00")  # logs are in naive local time
EDGE = 0.04  # hands rarely reach the very edge

Point = tuple[float, float]
Step = tuple[float, float, float]  # seconds since the step before, x, y


class Hand:
    """A hand on the pad: it knows where it is and which way it likes to go on."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.at: Point = (0.5, 0.5)
        self.heading = rng.uniform(0, 2 * math.pi)
        self.turn = 1.0 if rng.random() < 0.5 else -1.0  # the sense in which its figures go round

    def strokes(self) -> Iterator[Step]:
        """A few strokes that cross the pad, each turning off from the one before."""
        for _ in range(self.rng.integers(3, 8)):
            self.heading += self.turn * self.rng.normal(2.3, 0.25)
            yield from self._stroke(self._ahead(self.rng.uniform(0.35, 0.85)))

    def zigzag(self) -> Iterator[Step]:
        """Back and forth, moving along."""
        across, along = self.heading, self.heading + self.turn * math.pi / 2
        for number in range(self.rng.integers(4, 9)):
            direction = across + (math.pi if number % 2 else 0.0)
            x, y = self._ahead(0.5, direction)
            yield from self._stroke(_inside((x + 0.12 * math.cos(along), y + 0.12 * math.sin(along))), 0.8)
        self.heading = along

    def circles(self) -> Iterator[Step]:
        """Rounds about a centre that drifts and a radius that breathes."""
        x, y = self.at
        radius = self.rng.uniform(0.12, 0.3)
        phase = self.heading
        centre = [x - radius * math.cos(phase), y - radius * math.sin(phase)]
        goal = self.rng.uniform(0.3, 0.7, 2)
        pace = self.turn * self.rng.uniform(3.5, 6.5)  # radians a second
        growth = self.rng.uniform(-0.03, 0.05)
        for _ in range(int(self.rng.uniform(1.5, 3.5) * 2 * math.pi / abs(pace) * RATE)):
            dt = self._dt()
            phase += pace * dt
            radius = min(max(radius + growth * dt, 0.08), 0.42)
            for axis in range(2):
                centre[axis] += (goal[axis] - centre[axis]) * 0.7 * dt
            yield self._move(dt, (centre[0] + radius * math.cos(phase), centre[1] + radius * math.sin(phase)))
        self.heading = phase + self.turn * math.pi / 2

    def taps(self) -> Iterator[Step]:
        """Fingertips set down in a rhythm, stepping round the pad."""
        beat = self.rng.choice([0.18, 0.25, 0.36])
        for _ in range(self.rng.integers(4, 9)):
            self.heading += self.turn * self.rng.normal(1.3, 0.15)
            yield self._move(beat + self.rng.normal(0, 0.008), self._ahead(self.rng.uniform(0.3, 0.5)))

    def hold(self) -> Iterator[Step]:
        """A finger that rests, trembles once, and goes on with one long stroke."""
        yield self._move(self.rng.uniform(0.4, 1.0), self.at)
        self.heading += self.turn * self.rng.normal(2.6, 0.2)
        yield from self._stroke(self._ahead(0.7), 1.4)

    def phrase(self) -> Iterator[Step]:
        """Some figures, one running into the next; then a breath."""
        figures = [self.strokes, self.strokes, self.circles, self.circles, self.zigzag, self.taps, self.hold]
        for _ in range(self.rng.integers(2, 5)):
            yield from figures[self.rng.integers(len(figures))]()
        if self.rng.random() < 0.3:
            self.turn = -self.turn
        self.heading = math.atan2(0.5 - self.at[1], 0.5 - self.at[0]) + self.rng.normal(0, 0.5)
        yield self._move(self.rng.uniform(0.5, 1.4), self._ahead(self.rng.uniform(0.1, 0.3)))

    def _stroke(self, goal: Point, pace: float = 1.0) -> Iterator[Step]:
        """To `goal` along a slight arc, at minimum jerk."""
        start, length = self.at, math.dist(self.at, goal)
        seconds = pace * (0.22 + 0.55 * length) * self.rng.uniform(0.9, 1.1)
        bow = self.turn * 0.12 * length
        gone, normal = 0.0, ((start[1] - goal[1]) / max(length, 1e-6), (goal[0] - start[0]) / max(length, 1e-6))
        while gone < seconds:
            dt = self._dt()
            gone += dt
            t = min(gone / seconds, 1.0)
            s = t**3 * (10 - 15 * t + 6 * t * t)
            aside = bow * math.sin(math.pi * s)
            yield self._move(
                dt,
                (
                    start[0] + s * (goal[0] - start[0]) + aside * normal[0],
                    start[1] + s * (goal[1] - start[1]) + aside * normal[1],
                ),
            )

    def _ahead(self, length: float, heading: float | None = None) -> Point:
        """A point that far ahead; at an edge the way is turned back inside."""
        heading = self.heading if heading is None else heading
        x, y = self.at[0] + length * math.cos(heading), self.at[1] + length * math.sin(heading)
        return _inside((x, y))

    def _dt(self) -> float:
        return max(0.004, self.rng.normal(1 / RATE, 0.002))

    def _move(self, dt: float, to: Point) -> Step:
        tremor = self.rng.normal(0.0, 0.0012, 2)
        self.at = _inside((to[0] + tremor[0], to[1] + tremor[1]), 0.0)
        return (dt, *self.at)


def _inside(point: Point, edge: float = EDGE) -> Point:
    """Reflected at the edges, as a billiard ball."""
    return _fold(point[0], edge), _fold(point[1], edge)


def _fold(value: float, edge: float) -> float:
    width = 1.0 - 2.0 * edge
    beyond = (value - edge) % (2.0 * width)
    return edge + (beyond if beyond <= width else 2.0 * width - beyond)


def performance(seconds: float, rng: np.random.Generator) -> Iterator[Step]:
    """Steps of one performance, only where the pad tells a difference."""
    hand, played, waited, last = Hand(rng), 0.0, 0.0, (-1.0, -1.0)
    while played < seconds:
        for dt, x, y in hand.phrase():
            played, waited = played + dt, waited + dt
            point = (round(x * GRID) / GRID, round(y * GRID) / GRID)
            if point != last:
                yield waited, *point
                waited, last = 0.0, point


def write(folder: Path, start: datetime, steps: Iterator[Step]) -> Path:
    """Write one performance as a log."""
    path = folder / log_name(start, DIMENSION, {log.name for log in folder.iterdir()})
    with path.open("w", encoding="utf-8", newline="\n") as log:
        at = start
        for dt, x, y in steps:
            at += timedelta(seconds=dt)
            log.write(format_row(at.isoformat(timespec="microseconds"), PERFORMER, (x, y)))
    return path


def main() -> None:
    """Write the corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0, help="of playing, in all")
    parser.add_argument("--performances", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(arguments.seed)
    for number in range(arguments.performances):
        start = FIRST + timedelta(days=number)
        write(arguments.folder, start, performance(60.0 * arguments.minutes / arguments.performances, rng))


if __name__ == "__main__":
    main()
