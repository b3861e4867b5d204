"""A lesson: a person shows one control after another, and each gets the message that its movement sends.

Nothing here waits, reads or prints. A control that was shown before is not taken again unless that is said.
"""

from typing import NamedTuple

from impsy.core.mapping import Entry, Mapping, NoEntry
from impsy.core.midi import MidiMessage
from impsy.core.recognition import Recogniser, Seen

SETTLED = 1.0  # seconds that a control of one device rests before that of another may take its place
REPEATED = 0.02  # seconds within which the same message on two ports is one message (a device seen twice)


class Source(NamedTuple):
    """Where a control is: on which port, as which entry."""

    port: str
    entry: Entry


class Lesson:
    """Asks for control after control; `taken` holds what was given, None for one that was skipped."""

    def __init__(self) -> None:
        self.taken: list[Source | None] = []
        self.candidate: Source | None = None  # what has been moved clearly since the question
        self.again: Source | None = None  # what has been too, but is an earlier control
        self.latest: Source | None = None  # what was moved last, clearly or not
        self._candidate_at = 0.0
        self._recognisers: dict[str, Recogniser] = {}
        self._last: dict[MidiMessage, tuple[str, float]] = {}

    @property
    def number(self) -> int:
        """Which control is asked for, from 1."""
        return len(self.taken) + 1

    def hear(self, port: str, message: MidiMessage, at: float) -> None:
        """A message arrived."""
        first, then = self._last.get(message, (port, at))
        if first != port and at - then <= REPEATED:
            return
        self._last[message] = port, at
        recogniser = self._recognisers.setdefault(port, Recogniser())
        entry = recogniser.hear(message, at, [source.entry for source in self.taken if source and source.port == port])
        if recogniser.latest is not None:
            self.latest = Source(port, recogniser.latest)
        if entry is not None:
            self._moved(Source(port, entry), at)

    def take(self) -> Source | None:
        """Give the control what was moved, and ask for the next; None, and the question stands, where nothing was."""
        return self._give(self.candidate)

    def take_again(self) -> Source | None:
        """Give it what an earlier control has too."""
        return self._give(self.again)

    def skip(self) -> None:
        """This control gets nothing: no device sets it."""
        self.taken.append(None)
        self._begin()

    def back(self) -> bool:
        """Ask for the control before once more; False at the first."""
        if not self.taken:
            return False
        self.taken.pop()
        self._begin()
        return True

    def place(self, source: Source) -> int | None:
        """Which control has it already, from 1."""
        return self.taken.index(source) + 1 if source in self.taken else None

    def seen(self, source: Source) -> Seen | None:
        """What was heard of it since the question."""
        recogniser = self._recognisers.get(source.port)
        return recogniser.seen.get(source.entry) if recogniser else None

    def speaks_parameters(self) -> bool:
        """Whether some device sends parameters (RPN, NRPN), which no mapping takes."""
        return any(recogniser.speaks_parameters for recogniser in self._recognisers.values())

    def _moved(self, source: Source, at: float) -> None:
        if source in self.taken:
            self.again = source
        elif self.candidate is None or source.port == self.candidate.port or at - self._candidate_at > SETTLED:
            self.candidate = source
        if source == self.candidate:
            self._candidate_at = at

    def _give(self, source: Source | None) -> Source | None:
        if source is not None:
            self.taken.append(source)
            self._begin()
        return source

    def _begin(self) -> None:
        self.candidate = self.again = self.latest = None
        self._last.clear()
        for recogniser in self._recognisers.values():
            recogniser.begin()


def mappings_of(taken: list[Source | None]) -> dict[str, Mapping]:
    """The mapping of each port; what other ports set is left open, and so is what was skipped."""
    while taken and taken[-1] is None:  # the last ones need no place kept
        taken = taken[:-1]
    ports = dict.fromkeys(source.port for source in taken if source)
    return {
        port: tuple(source.entry if source and source.port == port else NoEntry() for source in taken) for port in ports
    }
