"""Whatever arrives, the monitor has words for it: one line, printable, and never an exception."""

from hypothesis import given
from hypothesis import strategies as st

from impsy.adapters.listening import Heard, LineEar, MidiEar, SerialMidiEar, hear_frame, hear_packet
from impsy.core.mapping import BendEntry, ControlEntry, FineControlEntry, NoteEntry
from impsy.wire.osc import encode

MAPPING = (NoteEntry(0), ControlEntry(0, 7), FineControlEntry(0, 1), BendEntry(1))
CHUNKS = st.lists(st.binary(max_size=40), max_size=8)
MIDI_BYTES = st.lists(st.sampled_from([0x90, 0xB0, 0xC0, 0xE1, 0xF0, 0xF7, 0xF8, 0xFA, 1, 7, 33, 64]), max_size=60)
ARGUMENTS = st.lists(st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.just("a\x1b[2J"), max_size=6)


def is_told(heard: list[Heard]) -> bool:
    return all((one.words + one.why).isprintable() and len(one.words) < 200 for one in heard)


@given(st.binary(max_size=80))
def test_any_datagram_is_told(packet: bytes) -> None:
    heard: list[Heard] = []
    hear_packet("osc", packet, 2, heard.append)
    assert is_told(heard)
    assert len(heard) == 1 or packet.startswith(b"#bundle")


@given(st.sampled_from(["/interface", "/impsy/mode", "/impsy/pause", "/impsy/state", "/\x07"]), ARGUMENTS)
def test_any_osc_message_is_told_once_and_sets_something_or_says_why_not(address: str, arguments: list) -> None:
    heard: list[Heard] = []
    hear_packet("osc", encode(address, arguments), None, heard.append)
    assert is_told(heard)
    assert len(heard) == 1
    assert bool(heard[0].changes) != bool(heard[0].why)


@given(CHUNKS)
def test_any_bytes_of_a_line_are_told(chunks: list[bytes]) -> None:
    heard: list[Heard] = []
    ear = LineEar("serial", 2, heard.append)
    for chunk in chunks:
        ear.feed(chunk)
    assert is_told(heard)
    assert len(heard) == len([line for line in b"".join(chunks).split(b"\n")[:-1] if line.strip()])


@given(CHUNKS | MIDI_BYTES.map(lambda data: [bytes(data)]))
def test_any_bytes_of_serial_midi_are_told_the_same_however_they_are_cut(chunks: list[bytes]) -> None:
    heard: list[Heard] = []
    ear = SerialMidiEar("serialmidi", MAPPING, None, heard.append)
    for chunk in chunks:
        ear.feed(chunk)
    at_once: list[Heard] = []
    SerialMidiEar("serialmidi", MAPPING, None, at_once.append).feed(b"".join(chunks))

    assert is_told(heard)
    assert heard == at_once


@given(st.binary(min_size=1, max_size=40))
def test_any_midi_message_of_a_driver_is_told(data: bytes) -> None:
    heard: list[Heard] = []
    MidiEar("midi", MAPPING, None, heard.append).bytes(data)
    assert is_told(heard)
    assert len(heard) == 1


@given(st.text(max_size=300))
def test_any_text_frame_is_told(frame: str) -> None:
    heard: list[Heard] = []
    hear_frame(MidiEar("websocket", MAPPING, None, heard.append), "websocket", frame, heard.append)
    assert is_told(heard)
    assert len(heard) == 1


def test_sysex_without_an_end_is_told_in_pieces_and_costs_no_memory() -> None:
    heard: list[Heard] = []
    ear = SerialMidiEar("serialmidi", MAPPING, None, heard.append)
    ear.feed(b"\xf0" + bytes(100_000))

    assert is_told(heard)
    assert len(heard) == 24
