"""Which of many controls a hand is moving: it travels far, by itself, while others rest, tremble or drift.

Sensors are never still. A control counts as moved when, within the last two seconds, it has gone through several
places over a quarter of its range, or been switched over half of it, and twice as far as any other has just now. One
message says nothing: many devices tell where all of their controls stand as soon as somebody listens.
"""

from collections import deque
from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

WINDOW = 2.0  # seconds
JUST_NOW = 0.5  # seconds, in which others count
FAR = 0.25  # of the range, through at least
PLACES = 4  # of which a knob passes many; fewer are a switch, which has to go
SWITCHED = 0.5  # of the range
MOST_KEPT = 1000  # values of one control within the window

What = TypeVar("What", bound=Hashable)


class Movements(Generic[What]):
    """The last places of each control; values in [0, 1], times in seconds.

    >>> movements = Movements()
    >>> [movements.hear("fader", step / 10, at=step / 10) for step in range(4)]
    [False, False, False, True]
    """

    def __init__(self) -> None:
        self._tracks: dict[What, deque[tuple[float, float]]] = {}

    def hear(self, what: What, value: float, at: float, known: Collection[What] = ()) -> bool:
        """Whether this control, which is now at `value`, has been moved: clearly, and no other nearly as far.

        Those that are `known` already may move as they like.
        """
        track = self._tracks.setdefault(what, deque(maxlen=MOST_KEPT))
        track.append((at, value))
        while track[0][0] < at - WINDOW:
            track.popleft()
        travelled = self._span(what, at - WINDOW)
        places = len({place for _, place in track})
        if not (travelled >= SWITCHED or (travelled >= FAR and places >= PLACES)):
            return False
        others = [other for other in self._tracks if other != what and other not in known]
        return all(2 * self._span(other, at - JUST_NOW) <= travelled for other in others)

    def forget(self, what: What) -> None:
        """It turned out to be a part of another control."""
        self._tracks.pop(what, None)

    def clear(self) -> None:
        """From here on only what is moved anew counts."""
        self._tracks.clear()

    def _span(self, what: What, since: float) -> float:
        """How far it has travelled since then."""
        places = [place for at, place in self._tracks[what] if at >= since]
        return max(places) - min(places) if places else 0.0
