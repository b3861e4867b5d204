"""The questions of `impsy learn`: what is heard is shown as it comes, and a person, or a clock, decides."""

import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import asdict

from impsy.adapters.heard import Came, Heard, Went
from impsy.adapters.meaning import Numbers, vectors
from impsy.cli.talk import Answer, Talk
from impsy.config.mappings import TABLES
from impsy.core.dense import DenseLesson
from impsy.core.lesson import Lesson, Source
from impsy.core.mapping import Entry
from impsy.core.midi import MidiMessage
from impsy.errors import PortError

SHOW_EVERY = 0.1  # seconds between two changes of the live line
SHORT = {"channel": "ch", "controller": "cc"}  # as `impsy monitor` has them
TAKE, QUIT = "", "q"  # what is typed before Enter
PARAMETERS = "parameters (RPN, NRPN), which no mapping takes: set the device to plain controllers (CC)"


class Said(Struct, frozen=True):
    """The person answered."""

    answer: Answer


Happened: TypeAlias = tuple[float, Heard | Said]  # with the time when it did


class Plan(Struct, frozen=True):
    """How the questions are answered: `alone`, as soon as something has clearly moved, or by lines of text."""

    alone: bool
    controls: int | None = None  # after so many it is over
    wait: float | None = None  # seconds without a new one after which it is over


class Classroom:
    """What arrives from ears and from the keyboard, in order, and how long to be patient."""

    def __init__(self, happened: "SimpleQueue[Happened]", talk: Talk, plan: Plan) -> None:
        self.talk = talk
        self.plan = plan
        self.answers: deque[Answer] = deque()
        self._happened = happened
        self._shown = -1.0
        self._has_heard = False
        self._since = time.monotonic()

    def renew(self) -> None:
        """Something was learned: the waiting begins anew."""
        self._since = time.monotonic()

    def is_over(self) -> bool:
        """Whether nothing was learned for too long."""
        return self.plan.wait is not None and time.monotonic() - self._since > self.plan.wait

    def listen(self, show: Callable[[], str]) -> tuple[float, Heard | None]:
        """What was heard next and when, or nothing for a moment; answers are kept, and the live line is `show()`.

        Raises `PortError` where nobody is asked to plug in what is not there from the start.
        """
        now = time.monotonic()
        if now - self._shown > SHOW_EVERY:
            self.talk.live(show())
            self._shown = now
        try:
            at, item = self._happened.get(timeout=SHOW_EVERY)
        except Empty:
            return now, None
        if isinstance(item, Said):
            self.talk.answered()
            self.answers.append(item.answer)
        elif isinstance(item.what, Came):
            self.talk.say(f"hears      {item.device}")
            self._has_heard = True
        elif isinstance(item.what, Went):
            if self.plan.alone and not self._has_heard:
                raise PortError(item.device, item.what.why)
            self.talk.say(f"not there  {item.device}: {item.what.why}")
        else:
            return at, item
        self._shown = -1.0  # something was said: the live line stands below it at once
        return at, None

    def ask(self, question: str) -> str:
        """The answer to a question of another kind; empty where there will be none."""
        while not self.answers:
            self.listen(lambda: question)
        self.talk.say(question)
        return self.next_answer() or ""

    def next_answer(self) -> Answer:
        """The answer that has waited longest; that there will be none stays so."""
        return self.answers[0] if self.answers[0] is None else self.answers.popleft()


def teach_mapping(room: Classroom) -> list[Source | None]:
    """Ask for one control after another; what was shown, without those that were skipped at the end."""
    lesson = Lesson()
    told: Source | None = None
    while not room.is_over() and (room.plan.controls is None or len(lesson.taken) < room.plan.controls):
        at, heard = room.listen(lambda: _question(lesson))
        if heard and isinstance(heard.what, MidiMessage):
            lesson.hear(heard.device, heard.what, at)
        if lesson.again and lesson.again != told and not (room.talk.shows or room.plan.alone):
            room.talk.say(_question(lesson))
        told = lesson.again
        if room.plan.alone and lesson.candidate:
            room.answers.append(TAKE)
        if room.answers and _can_follow(room, lesson.candidate):
            answer = room.next_answer()
            if answer in (None, QUIT):
                break
            _follow(answer, lesson, room)
    while lesson.taken and lesson.taken[-1] is None:
        lesson.taken.pop()
    return lesson.taken


def teach_vector(room: Classroom, home: str) -> tuple[str, DenseLesson] | None:
    """Ask for a message with all controls in it; the address of the one that was taken, by preference `home`."""
    lesson = DenseLesson()
    unread = ""

    def show() -> str:
        return _vector(lesson, unread)

    while not room.is_over():
        at, heard = room.listen(show)
        for vector in vectors(heard) if heard else ():
            if isinstance(vector, Numbers):
                lesson.hear(vector.address, vector.numbers, at)
            else:
                unread = vector.words
        chosen = lesson.moved[0] if lesson.moved else home if home in lesson.senders else None
        if room.plan.alone and lesson.moved and _as_planned(lesson, room.plan.controls):
            room.answers.append(TAKE)
        if room.answers and _can_follow(room, chosen):
            answer = room.next_answer()
            if answer == TAKE and chosen:
                room.talk.say(_vector(lesson, unread).partition(":")[0])
                return chosen, lesson
            if answer in (None, QUIT):
                break
            room.talk.say("move something, and press Enter when its numbers are shown; q ends")
    return None


def entry_words(entry: Entry) -> str:
    """An entry in words, as the configuration has them.

    >>> from impsy.core.mapping import ControlEntry
    >>> entry_words(ControlEntry(0, 74))
    'control_change ch 1 cc 74'
    """
    name, (_, required, _) = next(item for item in TABLES.items() if item[1][0] is type(entry))
    values = asdict(entry) | {"channel": entry.channel + 1}
    return " ".join([name, *(f"{SHORT.get(key, key)} {values[key]}" for key in required)])


def _can_follow(room: Classroom, chosen: object) -> bool:
    """Whether the next answer has its time: Enter out of a pipe means «whatever moves next»."""
    return bool(chosen) or room.answers[0] != TAKE or room.talk.is_with_person


def _follow(answer: Answer, lesson: Lesson, room: Classroom) -> None:
    number = f"control {lesson.number}"
    took = None
    match answer:
        case "":
            words = _heard(lesson, lesson.candidate)
            took = lesson.take()
            room.talk.say(f"{number}  {words}{_of(took)}" if took else f"{number}  nothing has moved clearly yet")
        case "a":
            took = lesson.take_again()
            room.talk.say(_again(number, took) if took else f"{number}  no earlier control was moved")
        case "s":
            lesson.skip()
            room.talk.say(f"{number}  skipped")
        case "b":
            back = lesson.back()
            room.talk.say(f"back       to control {lesson.number}" if back else "this is the first control")
        case _:
            room.talk.say("Enter takes what moved, a takes an earlier control again, s skips, b goes back, q ends")
    if took:
        room.renew()


def _question(lesson: Lesson) -> str:
    begin = f"control {lesson.number}"
    if lesson.candidate:
        return f"{begin}  {_heard(lesson, lesson.candidate)}: Enter takes it{_of(lesson.candidate)}"
    if lesson.again:
        given = f"{entry_words(lesson.again.entry)} is control {lesson.place(lesson.again)} already"
        return f"{begin}  {given}: move another{_of(lesson.again)}"
    if lesson.latest:
        return f"{begin}  {_heard(lesson, lesson.latest)}: move it further{_of(lesson.latest)}"
    if lesson.speaks_parameters():
        return f"{begin}  {PARAMETERS}"
    return f"{begin}  move it"


def _heard(lesson: Lesson, source: Source | None) -> str:
    """The control that moves, and how far; its device stands last (`_of`), where a narrow terminal cuts it off."""
    seen = lesson.seen(source) if source else None
    return f"{entry_words(source.entry)}, {seen.low}-{seen.high}" if source and seen else ""


def _again(number: str, source: Source) -> str:
    return f"{number}  {entry_words(source.entry)}, again{_of(source)}"


def _of(source: Source) -> str:
    return f"  ({source.port})"


def _vector(lesson: DenseLesson, unread: str) -> str:
    if not lesson.moved:
        heard = ", ".join(list(lesson.senders)[:3])
        if heard:
            return f"move it    {heard}: nothing has moved far yet"
        return f"move it    heard {unread}" if unread else "move it"
    address, index = lesson.moved
    numbers = lesson.senders[address].numbers
    shown = " ".join(f"{number:.2f}" for number in numbers[:12]) + " …" * (len(numbers) > 12)
    return f"heard      {address}, {len(numbers)} numbers: number {index + 1} moves: {shown}  Enter takes them"


def _as_planned(lesson: DenseLesson, controls: int | None) -> bool:
    if lesson.moved is None:
        return False
    sender = lesson.senders[lesson.moved[0]]
    return sender.steady and controls in (None, len(sender.numbers))
