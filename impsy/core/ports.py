"""The seams between the engine and the world: what ports may ask of it, and what it hands to those who listen."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from impsy.core.actions import Action, Happening, Status
from impsy.core.events import Event


class Inbox(Protocol):
    """Where ports put what arrives; any thread may call, none ever waits."""

    def put(self, event: Event, delay: float = 0.0) -> None:
        """Stamp the event with its arrival, `delay` seconds from now, and hand it to the engine."""
        ...

    def ask(self, reply: Callable[[Status], None]) -> bool:
        """Have `reply` called by the engine with the status as of then, after all that was put before.

        It must not wait. False when too many ask at once and it will not be called.
        """
        ...

    def tell(self, what: Happening) -> None:
        """Have those who watch told of something that happened to a port."""
        ...

    def refuse(self, source: str, why: str) -> None:
        """Count input that was not accepted; `source` and `why` come from small fixed sets, however hostile."""
        ...


class Listener(Protocol):
    """One who carries actions out or watches them: an output, the log, the console, a page."""

    def perform(self, action: Action) -> None:
        """Called by the engine thread; returns at once, whatever a device or a client does.

        In order, but for what sounds (`Play`, `Thru`, `Silence`), which comes before the rest and to outputs only.
        """
        ...


class Port(Listener, Protocol):
    """A listener with a connection to the world."""

    def open(self, status: Status) -> None:
        """Begin to listen; `status` is what holds at the start. Raises `PortError` when it cannot be had."""
        ...

    def close(self) -> None:
        """End within a moment, whatever hangs at the other end; a second call does nothing."""
        ...


@runtime_checkable
class Timed(Protocol):
    """A port that has something to do at times of its own: a note that a gate ends. Both by the engine thread."""

    def next_deadline(self) -> float | None:
        """When `advance` has something to do."""
        ...

    def advance(self, now: float) -> None:
        """Do what is due by now."""
        ...
