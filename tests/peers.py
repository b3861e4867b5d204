"""What stands at either end of a port in tests: an inbox that keeps what arrives, and free addresses."""

import socket
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from impsy.core.actions import Happening, Status
from impsy.core.events import Event
from impsy.core.modes import Mode, Turn

STATUS = Status(Mode.CALLRESPONSE, Turn.CALL, 0.01, 1.0, 1.0, 0.1, False, 3, "test model", (0.25, 0.75))


class CollectingInbox:
    """Keeps events with their delays, counts refusals, and answers questions at once."""

    def __init__(self) -> None:
        self.events: SimpleQueue[tuple[Event, float]] = SimpleQueue()
        self.refusals: list[tuple[str, str]] = []
        self.news: list[Happening] = []

    def put(self, event: Event, delay: float = 0.0) -> None:
        self.events.put((event, delay))

    def ask(self, reply: Callable[[Status], None]) -> bool:
        reply(STATUS)
        return True

    def tell(self, what: Happening) -> None:
        self.news.append(what)

    def refuse(self, source: str, why: str) -> None:
        self.refusals.append((source, why))

    def next(self, seconds: float = 2.0) -> Event:
        return self.events.get(timeout=seconds)[0]

    def is_empty(self) -> bool:
        try:
            self.events.get(timeout=0.05)
        except Empty:
            return True
        return False


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], object], seconds: float = 5.0) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return False
