"""Standard MIDI files, written: one track (format 0) in milliseconds (Standard MIDI Files 1.0, MMA RP-001)."""

from collections.abc import Iterable

from impsy.core.midi import MidiMessage
from impsy.wire.midi_bytes import encode

_TICKS = 500  # a beat, which at the tempo below makes 1000 a second
_TEMPO = 500_000  # microseconds a beat: 120 beats a minute, what players take without being told
_END = b"\x00\xff\x2f\x00"


def encode_file(messages: Iterable[tuple[float, MidiMessage]]) -> bytes:
    """A file of messages at their times, seconds from its start, which must not fall."""
    track = bytearray(b"\x00\xff\x51\x03" + _TEMPO.to_bytes(3, "big"))
    last = 0
    for seconds, message in messages:
        tick = round(1000.0 * seconds)
        track += _length(tick - last) + encode(message)
        last = tick
    track += _END
    header = b"MThd" + (6).to_bytes(4, "big") + b"".join(number.to_bytes(2, "big") for number in (0, 1, _TICKS))
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


def _length(ticks: int) -> bytes:
    """A variable-length quantity: seven bits a byte, all but the last with the upper bit set.

    >>> _length(0).hex(), _length(128).hex()
    ('00', '8100')
    """
    parts = [ticks & 0x7F]
    while ticks := ticks >> 7:
        parts.append(ticks & 0x7F | 0x80)
    return bytes(reversed(parts))
