"""Whatever arrives, the monitor has words for it: one line, printable, and never an exception."""

from hypothesis import given
from hypothesis import strategies as st

from impsy.adapters.heard import Frame, Heard, Line, OtherMidi, Packet
from impsy.adapters.meaning import Interpreter, Meaning
from impsy.adapters.serial_ears import Lines, MidiBytes
from impsy.config.schema import Config, Midi, SerialMidi, WebSocket
from impsy.core.mapping import BendEntry, ControlEntry, FineControlEntry, NoteEntry
from impsy.wire.midi_bytes import decode
from impsy.wire.osc import encode

MAPPING = (NoteEntry(0), ControlEntry(0, 7), FineControlEntry(0, 1), BendEntry(1))
CONFIG = Config(
    websocket=WebSocket(input=MAPPING),
    midi=Midi(input={"knobs": MAPPING}),
    serialmidi=SerialMidi(port="uart", input=MAPPING),
)
CHUNKS = st.lists(st.binary(max_size=40), max_size=8)
MIDI_BYTES = st.lists(st.sampled_from([0x90, 0xB0, 0xC0, 0xE1, 0xF0, 0xF7, 0xF8, 0xFA, 1, 7, 33, 64]), max_size=60)
ARGUMENTS = st.lists(st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.just("a\x1b[2J"), max_size=6)


def meanings(*heard: Heard, controls: int | None = 2) -> list[Meaning]:
    interpreter = Interpreter(CONFIG, controls)
    return [meaning for one in heard for meaning in interpreter.meanings(one)]


def is_told(found: list[Meaning]) -> bool:
    return all((one.words + one.why).isprintable() and len(one.words) < 200 for one in found)


@given(st.binary(max_size=80))
def test_any_datagram_is_told(packet: bytes) -> None:
    found = meanings(Heard("osc", "OSC", Packet(packet)))

    assert is_told(found)
    assert len(found) == 1 or packet.startswith(b"#bundle")


@given(st.sampled_from(["/interface", "/impsy/mode", "/impsy/pause", "/impsy/state", "/\x07"]), ARGUMENTS)
def test_any_osc_message_is_told_once_and_sets_something_or_says_why_not(address: str, arguments: list) -> None:
    found = meanings(Heard("osc", "OSC", Packet(encode(address, arguments))), controls=None)

    assert is_told(found)
    assert len(found) == 1
    assert bool(found[0].changes) != bool(found[0].why)


@given(CHUNKS)
def test_any_bytes_of_a_line_are_told(chunks: list[bytes]) -> None:
    lines = Lines(had_begun=True)
    found = meanings(*(Heard("serial", "board", line) for chunk in chunks for line in lines.feed(chunk)))

    assert is_told(found)
    assert len(found) == len([line for line in b"".join(chunks).split(b"\n")[:-1] if line.strip()])


@given(CHUNKS | MIDI_BYTES.map(lambda data: [bytes(data)]))
def test_any_bytes_of_serial_midi_are_told_the_same_however_they_are_cut(chunks: list[bytes]) -> None:
    stream = MidiBytes()
    pieces = [piece for chunk in chunks for piece in stream.feed(chunk)]

    assert pieces == MidiBytes().feed(b"".join(chunks))
    assert is_told(meanings(*(Heard("serialmidi", "uart", piece) for piece in pieces)))


@given(st.binary(min_size=1, max_size=40))
def test_any_midi_message_of_a_driver_is_told(data: bytes) -> None:
    found = meanings(Heard("midi", "Knobs 1", decode(data) or OtherMidi(data), "knobs"))

    assert is_told(found)
    assert len(found) == 1


@given(st.text(max_size=300))
def test_any_text_frame_is_told(frame: str) -> None:
    found = meanings(Heard("websocket", "websocket", Frame(frame)))

    assert is_told(found)
    assert len(found) == 1


def test_sysex_without_an_end_is_told_in_pieces_and_costs_no_memory() -> None:
    pieces = MidiBytes().feed(b"\xf0" + bytes(100_000))

    assert is_told(meanings(*(Heard("serialmidi", "uart", piece) for piece in pieces)))
    assert len(pieces) == 24


def test_a_line_of_any_length_is_told_and_set_where_nobody_knows_how_many_controls_there_are() -> None:
    found = meanings(*(Heard("serial", "board", Line(b"0.5," * count + b"1")) for count in (0, 2)), controls=None)

    assert [len(one.changes) for one in found] == [1, 3]
