"""A corpus of playing on a two-dimensional pad, made up by rule: strokes, circles, taps, holds, phrases and pauses.

    python examples/pad_corpus.py logs --minutes 60 --seed 1

writes one log per performance. Movement is of the kind that hands make: strokes, a tremor that rides on them, and
rounds; the pad reports about 45 times a second, only where something moved.
"""

import math
from collections.abc import Iterator

import numpy as np
from corpus import Row, folded, main, minimum_jerk

DIMENSION = 3  # dt, x, y
RATE = 45.0  # reports a second
GRID = 1000  # what the pad tells apart, per axis
EDGE = 0.04  # hands rarely reach the very edge

Point = tuple[float, float]
Step = tuple[float, float, float]  # seconds since the step before, x, y


class Hand:
    """A hand on the pad: it knows where it is and in which sense it goes round."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.at: Point = (0.5, 0.5)
        self.turn = 1.0 if rng.random() < 0.5 else -1.0

    def star(self) -> Iterator[Step]:
        """Long strokes across the middle, from one side to the other, as one draws a star."""
        for _ in range(self.rng.integers(4, 9)):
            yield from self._stroke(self._across(2.25, self.rng.choice([0.42, 0.52])))

    def raster(self) -> Iterator[Step]:
        """Side to side while moving along, turning at the far edge."""
        axis = int(self.rng.integers(2))
        along = 1.0 if self.at[1 - axis] < 0.5 else -1.0
        for _ in range(self.rng.integers(4, 8)):
            goal = [0.0, 0.0]
            goal[axis] = 0.9 if self.at[axis] < 0.5 else 0.1
            goal[1 - axis] = self.at[1 - axis] + 0.14 * along
            yield from self._stroke(_inside((goal[0], goal[1])), 0.85)

    def spiral(self) -> Iterator[Step]:
        """Rounds about the middle that widen to the edges, or narrow."""
        phase, radius = self._polar()
        pace = self.turn * self.rng.choice([4.0, 5.5])  # radians a second
        growth = 0.055 if radius < 0.25 else -0.055  # a second
        for _ in range(int(self.rng.uniform(2.0, 4.0) * 2 * math.pi / abs(pace) * RATE)):
            dt = self._dt()
            phase += pace * dt
            radius = min(max(radius + growth * dt, 0.07), 0.46)
            yield self._move(dt, (0.5 + radius * math.cos(phase), 0.5 + radius * math.sin(phase)))

    def loops(self) -> Iterator[Step]:
        """Small rounds whose centre travels round the pad."""
        phase, radius = self._polar()
        small, pace = 0.13, self.turn * 7.0
        for number in range(int(self.rng.uniform(2.0, 4.0) * RATE)):
            dt = self._dt()
            phase += self.turn * 1.4 * dt
            radius += (0.34 - radius) * 1.5 * dt
            inner = phase + pace * number / RATE
            grown = small * min(1.0, number / (0.4 * RATE))
            x, y = (
                radius * math.cos(phase) + grown * math.cos(inner),
                radius * math.sin(phase) + grown * math.sin(inner),
            )
            yield self._move(dt, (0.5 + x, 0.5 + y))

    def taps(self) -> Iterator[Step]:
        """Fingertips set down in a rhythm, stepping round the pad."""
        beat = self.rng.choice([0.18, 0.27])
        for _ in range(self.rng.integers(4, 9)):
            yield self._move(beat + self.rng.normal(0, 0.004), self._across(1.3, 0.42))

    def hold(self) -> Iterator[Step]:
        """A finger that rests, and goes on with one long stroke."""
        yield self._move(self.rng.uniform(0.4, 0.8), self.at)
        yield from self._stroke(self._across(2.9, 0.5), 1.4)

    def phrase(self) -> Iterator[Step]:
        """Some figures, one running into the next; then a breath."""
        figures = [self.star, self.star, self.raster, self.raster, self.spiral, self.loops, self.taps, self.hold]
        for _ in range(self.rng.integers(2, 5)):
            yield from figures[self.rng.integers(len(figures))]()
        if self.rng.random() < 0.2:
            self.turn = -self.turn
        yield self._move(self.rng.uniform(0.5, 1.0), self._across(0.6, 0.3))

    def _polar(self) -> Point:
        """Where the hand is, seen from the middle: angle and distance."""
        x, y = self.at[0] - 0.5, self.at[1] - 0.5
        return math.atan2(y, x), math.hypot(x, y)

    def _across(self, angle: float, radius: float) -> Point:
        """A point further round the middle."""
        to = self._polar()[0] + self.turn * (angle + self.rng.normal(0.0, 0.06))
        return _inside((0.5 + radius * math.cos(to), 0.5 + radius * math.sin(to)))

    def _stroke(self, goal: Point, pace: float = 1.0) -> Iterator[Step]:
        """To `goal` along a slight arc, at minimum jerk."""
        start, length = self.at, math.dist(self.at, goal)
        seconds = pace * (0.22 + 0.55 * length)
        bow = self.turn * 0.12 * length
        gone, normal = 0.0, ((start[1] - goal[1]) / max(length, 1e-6), (goal[0] - start[0]) / max(length, 1e-6))
        while gone < seconds:
            dt = self._dt()
            gone += dt
            t = min(gone / seconds, 1.0)
            s = minimum_jerk(t)
            aside = bow * math.sin(math.pi * s)
            yield self._move(
                dt,
                (
                    start[0] + s * (goal[0] - start[0]) + aside * normal[0],
                    start[1] + s * (goal[1] - start[1]) + aside * normal[1],
                ),
            )

    def _dt(self) -> float:
        return max(0.004, self.rng.normal(1 / RATE, 0.001))

    def _move(self, dt: float, to: Point) -> Step:
        tremor = self.rng.normal(0.0, 0.0003, 2)
        self.at = _inside((to[0] + tremor[0], to[1] + tremor[1]), 0.0)
        return (dt, *self.at)


def _inside(point: Point, edge: float = EDGE) -> Point:
    return folded(point[0], edge), folded(point[1], edge)


def performance(seconds: float, rng: np.random.Generator) -> Iterator[Row]:
    """Rows of one performance, only where the pad tells a difference."""
    hand, played, last = Hand(rng), 0.0, (-1.0, -1.0)
    while played < seconds:
        for dt, x, y in hand.phrase():
            played += dt
            point = (round(x * GRID) / GRID, round(y * GRID) / GRID)
            if point != last:
                yield played, point
                last = point


if __name__ == "__main__":
    main(__doc__.splitlines()[0], DIMENSION, performance)
