"""Which number of which message a hand moves, where each message carries a whole vector: OSC, lines over serial."""

from collections.abc import Sequence

from msgspec import Struct

from impsy.core.movement import Movements

MOST_SENDERS = 256  # addresses that are remembered: anyone may send


class Sender(Struct):
    """What was heard under one address."""

    numbers: tuple[float, ...]  # the last
    low: float  # the lowest and the highest of all, which should be 0 and 1
    high: float
    steady: bool = True  # always as many numbers


class DenseLesson:
    """Hears vectors; `moved` is the address and the index that was moved last, clearly and by itself."""

    def __init__(self) -> None:
        self.senders: dict[str, Sender] = {}
        self.moved: tuple[str, int] | None = None
        self._movements: Movements[tuple[str, int]] = Movements()

    def hear(self, address: str, numbers: Sequence[float], at: float) -> None:
        """A vector of at least one number arrived."""
        values = tuple(numbers)
        low, high = min(values), max(values)
        sender = self.senders.get(address)
        if sender is None:
            if len(self.senders) == MOST_SENDERS:
                return
            self.senders[address] = Sender(values, low, high)
        else:
            sender.low, sender.high = min(sender.low, low), max(sender.high, high)
            sender.steady = len(sender.numbers) == len(values)
            sender.numbers = values
        for index, value in enumerate(values):
            if self._movements.hear((address, index), value, at):
                self.moved = address, index
