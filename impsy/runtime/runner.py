"""The only loop: wait for an event or a deadline, ask the session, hand its actions to those who carry them out."""

import heapq
from collections.abc import Callable, Sequence
from typing import cast

from impsy.core.actions import Action, Announce, Refused
from impsy.core.events import Event, Quit, Stalled
from impsy.core.ports import Listener
from impsy.core.session import Session
from impsy.runtime.inbox import CAPACITY, TOO_MUCH, EventInbox, Refusal, Reply

STALL = 0.25  # seconds; what is later than that is not caught up (formats §5)


class Runner:
    """Drives one session on the thread that calls `run`, the main one; nobody else touches the session."""

    def __init__(
        self, session: Session, inbox: EventInbox, clock: Callable[[], float], listeners: Sequence[Listener]
    ) -> None:
        self._session = session
        self._inbox = inbox
        self._clock = clock
        self._listeners = listeners
        self._later: list[tuple[float, int, Event]] = []  # events with a time of their own, still to come
        self._number = 0

    def run(self) -> Quit:
        """Play until someone quits."""
        while True:
            deadline = self._next_deadline()
            item = self._inbox.take(deadline)
            now = self._clock()
            if item is None:
                assert deadline is not None, "only a deadline ends a wait for nothing"
                self._advance(deadline, now)  # not to now: gestures that came in the meantime have earlier stamps
                continue
            at, what = item
            if at > now:
                self._keep_for_later(at, what)
                continue
            self._advance(at, now)
            match what:
                case Refusal(source=source, why=why, count=count):
                    self._tell(Announce(at, Refused(source, why if count == 1 else f"{why} ({count} times)")))
                case Quit():
                    self._session.receive_into(self._perform, what, at)
                    return what
                case _ if callable(what):
                    what(self._session.status)
                case _:
                    self._session.receive_into(self._perform, what, at)

    def _keep_for_later(self, at: float, what: Event | Refusal | Reply) -> None:
        event = cast(Event, what)  # nothing else has a time of its own
        if len(self._later) >= CAPACITY:
            self._inbox.refuse(event.source, TOO_MUCH)
            return
        self._number += 1
        heapq.heappush(self._later, (at, self._number, event))

    def _next_deadline(self) -> float | None:
        due = self._session.next_deadline()
        if not self._later:
            return due
        return self._later[0][0] if due is None else min(due, self._later[0][0])

    def _advance(self, until: float, now: float) -> None:
        """Play all that is due by `until`, unless it is `now` so late that the process must have stood still."""
        deadline = self._next_deadline()
        if deadline is not None and deadline <= until and now - deadline > STALL:
            self._session.receive_into(self._perform, Stalled(now - deadline), deadline)
        while self._later and self._later[0][0] <= until:
            at, _, event = heapq.heappop(self._later)
            self._session.receive_into(self._perform, event, at)
        self._session.advance_into(self._perform, until)

    def _perform(self, action: Action) -> None:
        if isinstance(action, Announce) and isinstance(refused := action.what, Refused):
            self._inbox.refuse(refused.source, refused.why)  # counted with the rest, and told from there
        else:
            self._tell(action)

    def _tell(self, action: Action) -> None:
        for listener in self._listeners:
            listener.perform(action)
