"""MIDI files that we write, read by another program: mido."""

import io

import mido
from hypothesis import given
from hypothesis import strategies as st

from impsy.core.midi import ControlChange, NoteOff, NoteOn, PitchBend
from impsy.wire.midi_file import encode_file


def test_another_reader_finds_every_message_at_its_time():
    sent = [
        (0.0, NoteOn(0, 60, 100)),
        (0.25, ControlChange(3, 74, 12)),
        (0.25, PitchBend(15, 8192)),
        (62.5, NoteOff(0, 60)),
    ]

    read = mido.MidiFile(file=io.BytesIO(encode_file(sent)))

    times, now = [], 0.0
    for message in read:
        now += message.time
        if not message.is_meta:
            times.append(round(now, 6))
    notes = [message for message in read.tracks[0] if not message.is_meta]
    assert times == [0.0, 0.25, 0.25, 62.5]
    assert [message.type for message in notes] == ["note_on", "control_change", "pitchwheel", "note_off"]
    assert (notes[1].channel, notes[1].control, notes[1].value, notes[2].pitch) == (3, 74, 12, 0)


@given(st.lists(st.floats(0.0, 5000.0), max_size=20).map(sorted))
def test_for_any_times_nothing_drifts(times):
    read = mido.MidiFile(file=io.BytesIO(encode_file((at, NoteOn(0, 1, 1)) for at in times)))

    found, now = [], 0.0
    for message in read:
        now += message.time
        if not message.is_meta:
            found.append(now)
    assert all(abs(heard - at) <= 0.00051 for heard, at in zip(found, times, strict=True))
