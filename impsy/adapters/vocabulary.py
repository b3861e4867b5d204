"""The OSC words of impsy, the same over UDP and WebSocket (formats §8): messages to events, status to messages."""

import math
import time
from collections.abc import Callable

from msgspec import Struct

from impsy.core.actions import Status
from impsy.core.events import Event, Gesture, Panic, Pause, Reset, SetMode, SetTemperature, SetThreshold, SetTimescale
from impsy.core.modes import Mode
from impsy.core.ports import Inbox
from impsy.wire.osc import Argument, Message, OscError, decode, encode, encode_bundle

GESTURE = "/interface"
ASK_ALL = "/impsy/state"
FURTHEST = 2.0  # seconds; a timetag further ahead counts as now

Send = Callable[[bytes], None]


class NotAccepted(Exception):
    """A message that OSC can read and we cannot obey; its text comes from a small fixed set."""


class _Setting(Struct, frozen=True):
    """A control that has a value: how to set it, and how to read it from the status."""

    event: Callable[[Argument, str], Event]
    value: Callable[[Status], Argument]


def _number(argument: Argument) -> float:
    if isinstance(argument, str) or not math.isfinite(argument):
        raise NotAccepted("a number was expected")
    return float(argument)


def _mode(argument: Argument) -> Mode:
    try:
        return Mode(str(argument))
    except ValueError:
        raise NotAccepted(f"a mode is one of {', '.join(Mode)}") from None


SETTINGS = {
    "/impsy/mode": _Setting(lambda x, source: SetMode(_mode(x), source), lambda s: s.mode.value),
    "/impsy/sigmatemp": _Setting(
        lambda x, source: SetTemperature(sigma=_number(x), source=source), lambda s: s.sigma_temperature
    ),
    "/impsy/pitemp": _Setting(
        lambda x, source: SetTemperature(pi=_number(x), source=source), lambda s: s.pi_temperature
    ),
    "/impsy/timescale": _Setting(lambda x, source: SetTimescale(_number(x), source), lambda s: s.timescale),
    "/impsy/threshold": _Setting(lambda x, source: SetThreshold(_number(x), source), lambda s: s.threshold),
    "/impsy/pause": _Setting(lambda x, source: Pause(_number(x) != 0, source), lambda s: int(s.paused)),
}
READ_ONLY: dict[str, Callable[[Status], Argument]] = {
    "/impsy/turn": lambda s: s.turn.value,
    "/impsy/dimension": lambda s: s.dimension,
    "/impsy/model": lambda s: s.model,
}
VALUES = {address: setting.value for address, setting in SETTINGS.items()} | READ_ONLY
COMMANDS: dict[str, Callable[[str], Event]] = {"/impsy/reset": Reset, "/impsy/panic": Panic}


def receive(packet: bytes, source: str, controls: int, inbox: Inbox, send: Send) -> None:
    """Hand the events of one packet to the engine; `send` takes answers, and must not wait. Never raises.

    A packet that is damaged is refused whole. In a bundle that is not, each message is taken for itself: programs
    bundle what is meant for others with what is meant for us.
    """
    try:
        messages = decode(packet)
    except OscError:
        inbox.refuse(source, "a packet that is not OSC, or holds types other than i f d h T F s")
        return
    for moment, message in messages:
        delay = 0.0 if moment is None else moment - time.time()
        try:
            _receive_one(message, delay if 0.0 < delay <= FURTHEST else 0.0, source, controls, inbox, send)
        except NotAccepted as why:
            inbox.refuse(source, str(why))


def _receive_one(message: Message, delay: float, source: str, controls: int, inbox: Inbox, send: Send) -> None:
    address, arguments = message.address, message.arguments
    if address == GESTURE and not arguments:
        inbox.ask(lambda status: send(encode(GESTURE, status.vector)))
    elif address == GESTURE:
        if len(arguments) != controls:
            raise NotAccepted(f"{GESTURE} takes {controls} numbers here")
        inbox.put(Gesture(tuple(enumerate(map(_number, arguments))), source), delay)
    elif address in SETTINGS and len(arguments) == 1:
        inbox.put(SETTINGS[address].event(arguments[0], source), delay)
    elif address in VALUES and not arguments:
        inbox.ask(lambda status: send(encode(address, [VALUES[address](status)])))
    elif address in COMMANDS:
        inbox.put(COMMANDS[address](source), delay)
    elif address == ASK_ALL:
        inbox.ask(lambda status: send(state(status)))
    else:
        raise NotAccepted("an address that means nothing here, or one with too many arguments")


def state(status: Status) -> bytes:
    """One bundle that tells all."""
    return encode_bundle(list(_told(status).values()))


def changes(before: Status, after: Status) -> list[bytes]:
    """One message for each thing that is not as it was."""
    told = _told(before)
    return [encode(m.address, m.arguments) for address, m in _told(after).items() if m != told[address]]


def _told(status: Status) -> dict[str, Message]:
    return {address: Message(address, (read(status),)) for address, read in VALUES.items()}
