"""The only loop: wait for an event or a deadline, ask the session, hand its actions to those who carry them out."""

import heapq
from collections.abc import Callable, Sequence
from typing import cast

from impsy.core.actions import Action, Announce, Play, Refused, Silence, Thru
from impsy.core.events import Event, Quit, Stalled
from impsy.core.ports import Listener, Timed
from impsy.core.session import Session
from impsy.runtime.inbox import CAPACITY, TOO_MUCH, EventInbox, News, Refusal, Reply

STALL = 0.25  # seconds; what is later than that is not caught up (formats §5)


class Runner:
    """Drives one session on the thread that calls `run`, the main one; nobody else touches the session.

    What sounds goes to the outputs at once, even before the session has thought of what comes next; all the rest is
    told to outputs and watchers when it has, in order: a row for the log must not make a note late.
    """

    def __init__(
        self,
        session: Session,
        inbox: EventInbox,
        clock: Callable[[], float],
        outputs: Sequence[Listener],
        watchers: Sequence[Listener],
    ) -> None:
        self._session = session
        self._inbox = inbox
        self._clock = clock
        self._outputs = outputs
        self._timed = [output for output in outputs if isinstance(output, Timed)]
        self._listeners = (*outputs, *watchers)
        self._untold: list[Action] = []
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
                case News(what=news):
                    self._tell(Announce(at, news))
                case Quit():
                    self._receive(what, at)
                    return what
                case _ if callable(what):
                    what(self._session.status)
                case _:
                    self._receive(what, at)

    def _keep_for_later(self, at: float, what: Event | Refusal | News | Reply) -> None:
        event = cast(Event, what)  # nothing else has a time of its own
        if len(self._later) >= CAPACITY:
            self._inbox.refuse(event.source, TOO_MUCH)
            return
        self._number += 1
        heapq.heappush(self._later, (at, self._number, event))

    def _next_deadline(self) -> float | None:
        due = self._next_step()
        for output in self._timed:
            end = output.next_deadline()
            if end is not None and (due is None or end < due):
                due = end
        return due

    def _next_step(self) -> float | None:
        """When the session has something to do, or an event with a time of its own comes."""
        due = self._session.next_deadline()
        if not self._later:
            return due
        return self._later[0][0] if due is None else min(due, self._later[0][0])

    def _advance(self, until: float, now: float) -> None:
        """Play all that is due by `until`, unless it is `now` so late that the process must have stood still.

        Notes whose gates are over end first; if they are late, then by themselves.
        """
        for output in self._timed:
            output.advance(until)
        deadline = self._next_step()
        if deadline is not None and deadline <= until and now - deadline > STALL:
            self._receive(Stalled(now - deadline), deadline)
        while self._later and self._later[0][0] <= until:
            at, _, event = heapq.heappop(self._later)
            self._receive(event, at)
        self._session.advance_into(self._perform, until)
        self._tell_the_rest()

    def _receive(self, event: Event, at: float) -> None:
        self._session.receive_into(self._perform, event, at)
        self._tell_the_rest()

    def _perform(self, action: Action) -> None:
        if isinstance(action, Play | Thru | Silence):
            for output in self._outputs:
                output.perform(action)
        elif isinstance(action, Announce) and isinstance(refused := action.what, Refused):
            self._inbox.refuse(refused.source, refused.why)  # counted with the rest, and told from there
        else:
            self._untold.append(action)

    def _tell_the_rest(self) -> None:
        for action in self._untold:
            self._tell(action)
        self._untold.clear()

    def _tell(self, action: Action) -> None:
        for listener in self._listeners:
            listener.perform(action)
