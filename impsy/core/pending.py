"""Predictions that wait for their time: a heap of deadlines that can be re-timed, moved and dropped."""

import heapq

from msgspec import Struct
from msgspec.structs import replace

from impsy.core.actions import Values


class Prediction(Struct, frozen=True):
    """What the model wants played: `dt` seconds, unscaled, after `base`, but not before `floor`."""

    base: float  # what the wait counts from: a gesture's arrival, or the previous due time
    floor: float
    shortest: float  # the least wait in seconds; it keeps a timescale of 0 from standing still
    dt: float
    values: Values

    def due(self, timescale: float) -> float:
        """When it is to be played."""
        return max(self.base + max(self.dt * timescale, self.shortest), self.floor)


class Pending:
    """At most `capacity` predictions, in the order of their due times, ties in the order they were made."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._heap: list[tuple[float, int, Prediction]] = []
        self._made = 0

    def __len__(self) -> int:
        return len(self._heap)

    def next_due(self) -> float | None:
        """The earliest due time."""
        return self._heap[0][0] if self._heap else None

    def add(self, prediction: Prediction, timescale: float) -> bool:
        """Wait for its time; False when the furthest due, which may be this one, had to go for it."""
        self._made += 1
        heapq.heappush(self._heap, (prediction.due(timescale), self._made, prediction))
        if len(self._heap) <= self._capacity:
            return True
        self._heap.remove(max(self._heap, key=lambda entry: entry[:2]))
        heapq.heapify(self._heap)
        return False

    def pop(self) -> Prediction:
        """Take the earliest."""
        return heapq.heappop(self._heap)[2]

    def clear(self) -> None:
        """Drop them all."""
        self._heap.clear()

    def retime(self, timescale: float, at: float) -> None:
        """Give them the due times of another timescale, none of them before `at`."""
        self._rebuild(timescale, [replace(p, floor=max(p.floor, at)) for p in self._in_order()])

    def shift(self, seconds: float, timescale: float) -> None:
        """Move them all by `seconds`."""
        moved = [replace(p, base=p.base + seconds, floor=p.floor + seconds) for p in self._in_order()]
        self._rebuild(timescale, moved)

    def _in_order(self) -> list[Prediction]:
        return [prediction for _, _, prediction in sorted(self._heap, key=lambda entry: entry[1])]

    def _rebuild(self, timescale: float, predictions: list[Prediction]) -> None:
        self._heap = [(p.due(timescale), number, p) for number, p in enumerate(predictions)]
        self._made = len(predictions)
        heapq.heapify(self._heap)
