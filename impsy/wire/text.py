"""The WebSocket text dialect <-> MIDI messages (formats §9): `/channel/1/noteon/60/127`.

The two kinds of aftertouch, which the formats do not have, are `/channel/1/aftertouch/127` and
`/channel/1/polyaftertouch/60/127`.

Channels are 1-16 in the text and 0-15 inside; this is the place where the dialect converts them. Numbers are plain
ASCII digits; anything else, and anything out of range, is no message.
"""

import re

from impsy.core.midi import Aftertouch, ControlChange, MidiMessage, NoteOff, NoteOn, PitchBend, PolyAftertouch

_HIGHEST_BEND = 16383
_FRAME = re.compile(
    r"/channel/([0-9]{1,2})/(?:(noteon|noteoff|cc|polyaftertouch)/([0-9]{1,3})/([0-9]{1,3})"
    r"|(aftertouch)/([0-9]{1,3})|pitchbend/([0-9]{1,5}))"
)


def decode(frame: str) -> MidiMessage | None:
    """The message that a frame holds, or None where it is malformed or out of range; never raises."""
    found = _FRAME.fullmatch(frame)
    if not found:
        return None
    verb = found[2] or found[5]
    channel = int(found[1]) - 1
    numbers = [int(number) for number in found.group(3, 4, 6, 7) if number is not None]
    if not 0 <= channel < 16 or max(numbers) > (127 if verb else _HIGHEST_BEND):
        return None
    match verb:
        case "noteon":
            note, velocity = numbers
            return NoteOn(channel, note, velocity) if velocity else NoteOff(channel, note)
        case "noteoff":
            return NoteOff(channel, *numbers)
        case "cc":
            return ControlChange(channel, *numbers)
        case "aftertouch":
            return Aftertouch(channel, *numbers)
        case "polyaftertouch":
            return PolyAftertouch(channel, *numbers)
        case _:
            return PitchBend(channel, *numbers)


def encode(message: MidiMessage) -> str:
    """The frame of a message."""
    match message:
        case NoteOn(channel, note, velocity):
            rest = f"noteon/{note}/{velocity}"
        case NoteOff(channel, note, velocity):
            rest = f"noteoff/{note}/{velocity}"
        case ControlChange(channel, controller, value):
            rest = f"cc/{controller}/{value}"
        case PitchBend(channel, value):
            rest = f"pitchbend/{value}"
        case Aftertouch(channel, value):
            rest = f"aftertouch/{value}"
        case PolyAftertouch(channel, note, value):
            rest = f"polyaftertouch/{note}/{value}"
    return f"/channel/{channel + 1}/{rest}"
