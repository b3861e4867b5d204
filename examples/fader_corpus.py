"""A corpus of playing on eight faders, made up by rule: two hands, their strokes, swells, throws, waves and pauses.

    python examples/fader_corpus.py logs --minutes 60 --seed 1

writes one log per performance. Everything that a hand does here is made of strokes: some are long and some are quick,
now and then fingers move together, and the hands travel along the bank. The controller looks at its faders about 44
times a second and sends a 7-bit value for each that has moved, one after another: so every row is of one fader, and
slow ones send the same value again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from corpus import Row, main, minimum_jerk

FADERS = 8
RATE = 44.0  # times a second that the controller looks at its faders
BURST = 0.0007  # seconds between two messages of one look
STEPS = 127
LEAST = 0.5  # steps that a fader has to move to be sent: a controller feels more than it can say
PLACES = 0.08, 0.5, 0.92  # that hands aim at
SPREAD = 0.05  # how well they hit them
FAR = 0.2  # the least way that is worth a stroke


@dataclass(frozen=True, slots=True)
class Stroke:
    """One fader goes to one place."""

    fader: int
    begins: float  # seconds from the start of the figure
    seconds: float
    goal: float

    @property
    def ends(self) -> float:
        """Seconds from the start of the figure."""
        return self.begins + self.seconds


class Hands:
    """Two hands on the bank: they know where they leave the faders, where on the bank they are, and which way they go.

    A figure is a list of strokes, and its `pace` is how long a stroke takes, 1 being neither quick nor slow.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.levels = [0.5] * FADERS
        self.place = int(rng.integers(FADERS))
        self.way = 1 if rng.random() < 0.5 else -1

    def phrase(self) -> Iterator[list[Stroke]]:
        """Some figures of one mood, one after another; then a breath."""
        alone = [self.walk, self.walk, self.walk, self.to_and_fro]
        lively = [*alone, *alone, self.throws, self.throws, self.flicker, self.flicker, self.together, self.wave]
        calm = [*alone, *alone, self.swell, self.swell, self.swell, self.mirror]
        figures, pace = (lively, 1.1) if self.rng.random() < 0.6 else (calm, 1.8)
        for _ in range(self.rng.integers(2, 6)):
            yield figures[self.rng.integers(len(figures))](pace)
            self._travel()
        yield [Stroke(self.place, 0.0, self.rng.uniform(0.3, 0.6), self.levels[self.place])]

    def walk(self, pace: float) -> list[Stroke]:
        """One fader after another along the bank."""
        strokes, at = [], 0.0
        for _ in range(self.rng.integers(3, 8)):
            strokes.append(self._stroke(self.place, at, pace))
            at = strokes[-1].ends
            self._travel()
        return strokes

    def to_and_fro(self, pace: float) -> list[Stroke]:
        """The same fader, several times."""
        strokes, at = [], 0.0
        for _ in range(self.rng.integers(2, 6)):
            strokes.append(self._stroke(self.place, at, pace))
            at = strokes[-1].ends
        return strokes

    def together(self, pace: float) -> list[Stroke]:
        """Two fingers of one hand, there and back."""
        fingers = 2
        first = min(self.place, FADERS - fingers)
        strokes, at = [], 0.0
        for _ in range(self.rng.integers(2, 4)):
            strokes += [
                self._stroke(first + finger, at + 0.04 * finger * pace, 1.2 * pace) for finger in range(fingers)
            ]
            at = max(stroke.ends for stroke in strokes)
        return strokes

    def mirror(self, pace: float) -> list[Stroke]:
        """Both hands, as far from the middle of the bank, at once."""
        strokes, at = [], 0.0
        for _ in range(self.rng.integers(2, 5)):
            strokes += [self._stroke(fader, at, 1.2 * pace) for fader in (self.place, FADERS - 1 - self.place)]
            at = max(stroke.ends for stroke in strokes)
            self._travel()
        return strokes

    def swell(self, pace: float) -> list[Stroke]:
        """Slowly there, and slowly back."""
        there = self._stroke(self.place, 0.0, 3.5 * pace)
        return [there, self._stroke(self.place, there.ends, 3.5 * pace)]

    def throws(self, pace: float) -> list[Stroke]:
        """As far as it goes at one go, and back with a jump."""
        strokes, at = [], 0.0
        for _ in range(self.rng.integers(2, 5)):
            home = self.levels[self.place]
            far = 1.0 if home < 0.5 else 0.0
            strokes += [Stroke(self.place, at, 0.2 * pace, far), Stroke(self.place, at + 0.4 * pace, 0.1, home)]
            at += 0.6 * pace
            self._travel()
        return strokes

    def flicker(self, pace: float) -> list[Stroke]:
        """A finger that shakes a fader."""
        home = self.levels[self.place]
        away = home + (0.16 if home < 0.5 else -0.16)
        half = 0.12 * pace
        return [
            Stroke(self.place, number * half, half, home if number % 2 else away)
            for number in range(2 * int(self.rng.integers(3, 7)))
        ]

    def wave(self, pace: float) -> list[Stroke]:
        """From one end of the bank to the other, each finger before the last has arrived."""
        faders = range(FADERS) if self.place < FADERS // 2 else range(FADERS - 1, -1, -1)
        self.place = faders[-1]
        return [self._stroke(fader, 0.35 * number * pace, pace) for number, fader in enumerate(faders)]

    def _stroke(self, fader: int, begins: float, pace: float) -> Stroke:
        """To another place."""
        level = self.levels[fader]
        place = self.rng.choice([place for place in PLACES if abs(place - level) > FAR])
        goal = min(max(self.rng.normal(place, SPREAD), 0.0), 1.0)
        self.levels[fader] = goal
        return Stroke(fader, begins, pace * (0.15 + 0.5 * abs(goal - level)), goal)

    def _travel(self) -> None:
        """One fader along the bank; at its ends twice at the same, and back."""
        if 0 <= self.place + self.way < FADERS:
            self.place += self.way
        else:
            self.way = -self.way


class Controller:
    """Faders as their controller sees them: it sends what has changed, whenever it looks."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.seconds = 0.0
        self.levels = [0.5] * FADERS
        self.felt = [0.5] * FADERS  # where each was when it was sent last
        self.sent = [0.5] * FADERS  # as impsy has them before anything has moved

    def follow(self, strokes: list[Stroke]) -> Iterator[Row]:
        """Look at the faders until the last stroke has ended."""
        strokes = sorted(strokes, key=lambda stroke: stroke.begins)
        origins: dict[Stroke, float] = {}
        begun = self.seconds
        end = begun + max(stroke.ends for stroke in strokes)
        while self.seconds < end:
            self.seconds += max(0.01, self.rng.normal(1 / RATE, 0.002))
            gone = self.seconds - begun
            for stroke in strokes:
                if stroke.begins < gone:
                    origin = origins.setdefault(stroke, self.levels[stroke.fader])
                    come = minimum_jerk(min((gone - stroke.begins) / stroke.seconds, 1.0))
                    self.levels[stroke.fader] = origin + come * (stroke.goal - origin)
            yield from self._look()

    def _look(self) -> Iterator[Row]:
        at = self.seconds
        for fader, level in enumerate(self.levels):
            if abs(level - self.felt[fader]) * STEPS >= LEAST:
                self.felt[fader] = level
                self.sent[fader] = round(level * STEPS) / STEPS
                yield at, tuple(self.sent)
                at += self.rng.uniform(0.7, 1.3) * BURST


def performance(seconds: float, rng: np.random.Generator) -> Iterator[Row]:
    """Rows of one performance: phrases until the time is over."""
    hands, controller = Hands(rng), Controller(rng)
    while controller.seconds < seconds:
        for strokes in hands.phrase():
            yield from controller.follow(strokes)


if __name__ == "__main__":
    main(__doc__.splitlines()[0], FADERS + 1, performance)
