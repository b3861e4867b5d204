"""MIDI messages as people say them: channels from 1."""

from impsy.core.midi import Aftertouch, ControlChange, MidiMessage, NoteOff, NoteOn, PitchBend, PolyAftertouch

PROGRAM = 0xC0
SYSEX, END_OF_SYSEX = 0xF0, 0xF7
ALONE = {  # messages of one byte
    0xF6: "tune request",
    0xF8: "clock",
    0xFA: "start",
    0xFB: "continue",
    0xFC: "stop",
    0xFE: "active sensing",
    0xFF: "system reset",
}
MOST_BYTES = 16  # that are shown


def midi_words(message: MidiMessage) -> str:
    """A message in words.

    >>> midi_words(ControlChange(0, 74, 93))
    'control_change ch 1 cc 74 = 93'
    """
    channel = message.channel + 1
    match message:
        case NoteOn(note=note, velocity=velocity):
            return f"note_on ch {channel} note {note} velocity {velocity}"
        case NoteOff(note=note):
            return f"note_off ch {channel} note {note}"
        case ControlChange(controller=controller, value=value):
            return f"control_change ch {channel} cc {controller} = {value}"
        case PitchBend(value=value):
            return f"pitch_bend ch {channel} = {value}"
        case Aftertouch(value=value):
            return f"aftertouch ch {channel} = {value}"
        case PolyAftertouch(note=note, value=value):
            return f"poly_aftertouch ch {channel} note {note} = {value}"


def byte_words(data: bytes) -> str:
    """Bytes that are none of those messages, as far as they have a name.

    >>> byte_words(bytes([0xC0, 5])), byte_words(b"ab")
    ('program_change ch 1 = 5', 'bytes 61 62')
    """
    first = data[0] if data else 0
    if first & 0xF0 == PROGRAM and len(data) == 2:
        return f"program_change ch {(first & 0x0F) + 1} = {data[1]}"
    if first == SYSEX:
        return f"sysex of {len(data)} bytes {_hex(data)}"
    return ALONE.get(first) or f"bytes {_hex(data)}"


def is_whole(data: bytes | bytearray) -> bool:
    """Whether bytes of a stream that are none of those messages are complete, as far as they tell."""
    if not data:
        return False
    return data[-1] == END_OF_SYSEX or (data[0] & 0xF0 == PROGRAM and len(data) == 2) or data[0] in ALONE


def _hex(data: bytes) -> str:
    return data[:MOST_BYTES].hex(" ") + " …" * (len(data) > MOST_BYTES)
