"""OSC packets: strict decoding, exact encoding, and agreement with an independent peer."""

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from impsy.wire.osc import MOST_NESTED, Message, OscError, decode, encode, encode_bundle

FLOATS = st.floats(width=32, allow_nan=False)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
INTS = st.integers(-(1 << 63), (1 << 63) - 1)
ARGUMENTS = st.lists(FLOATS | TEXTS | INTS | st.booleans(), max_size=12)
ADDRESSES = st.text("abcxyz019/_-", max_size=20).map("/".__add__)
MESSAGES = st.builds(Message, ADDRESSES, ARGUMENTS.map(tuple))


def bundle(*elements: bytes, timetag: bytes = bytes(7) + b"\x01") -> bytes:
    return b"#bundle\0" + timetag + b"".join(len(element).to_bytes(4, "big") + element for element in elements)


def test_a_message_is_written_as_the_specification_writes_it() -> None:
    packet = encode("/foo", [1000, -1, "hello", 1.234, 5.678])

    assert packet.hex() == (
        "2f666f6f000000002c69697366660000000003e8ffffffff68656c6c6f0000003f9df3b640b5b22d"  # OSC 1.0, second example
    )


@given(MESSAGES)
def test_any_message_comes_back(message: Message) -> None:
    assert decode(encode(message.address, message.arguments)) == [(None, message)]


@given(st.lists(MESSAGES, max_size=6))
def test_any_bundle_comes_back_in_order(messages: list[Message]) -> None:
    assert decode(encode_bundle(messages)) == [(None, message) for message in messages]


@given(MESSAGES)
def test_python_osc_reads_what_we_write(message: Message) -> None:
    theirs = OscMessage(encode(message.address, message.arguments))

    assert (theirs.address, tuple(theirs.params)) == (message.address, message.arguments)


@given(st.lists(MESSAGES, max_size=4))
def test_python_osc_reads_our_bundles(messages: list[Message]) -> None:
    theirs = OscBundle(encode_bundle(messages))

    assert [(each.address, tuple(each.params)) for each in theirs] == [(m.address, m.arguments) for m in messages]


@given(MESSAGES)
def test_we_read_what_python_osc_writes(message: Message) -> None:
    builder = OscMessageBuilder(message.address)
    for argument in message.arguments:
        builder.add_arg(argument)
    bundled = OscBundleBuilder(IMMEDIATELY)
    bundled.add_content(builder.build())

    assert decode(builder.build().dgram) == [(None, message)]
    assert decode(bundled.build().dgram) == [(None, message)]


def test_every_number_type_is_read() -> None:
    packet = b"/n\0\0,ifhdTF\0" + struct.pack(">ifqd", -7, 0.5, 1 << 40, 0.1)

    assert decode(packet) == [(None, Message("/n", (-7, 0.5, 1 << 40, 0.1, True, False)))]


def test_an_address_alone_has_no_arguments() -> None:
    assert decode(b"/impsy/state\0\0\0\0") == [(None, Message("/impsy/state"))]


def test_a_number_too_wide_for_its_type_takes_the_wider_one() -> None:
    ((_, message),) = decode(encode("/x", [1e300, math.inf, 1 << 31]))

    assert message.arguments == (1e300, math.inf, 1 << 31)
    with pytest.raises(OscError):
        encode("/x", [1 << 63])


def test_a_zero_character_is_not_sent() -> None:
    with pytest.raises(OscError):
        encode("/x", ["a\0b"])


def test_a_name_that_is_no_text_is_still_sent() -> None:
    ((_, message),) = decode(encode("/impsy/model", [b"caf\xe9.tflite".decode("utf-8", "surrogateescape")]))

    assert message.arguments == ("caf?.tflite",)


def test_a_timetag_is_seconds_since_1970() -> None:
    at = struct.pack(">II", 2_208_988_800 + 1_700_000_000, 1 << 31)

    assert decode(bundle(encode("/x"), timetag=at)) == [(1_700_000_000.5, Message("/x"))]


def test_timetags_go_on_after_2036() -> None:
    in_2040 = struct.pack(">Q", (2_208_988_800 + 2_208_988_800) % (1 << 32) << 32)

    assert decode(bundle(encode("/x"), timetag=in_2040)) == [(2_208_988_800.0, Message("/x"))]


def test_the_innermost_timetag_counts() -> None:
    at = struct.pack(">Q", 2_208_988_800 + 1_700_000_000 << 32)
    packet = bundle(bundle(encode("/inner"), timetag=at), encode("/outer"))

    assert decode(packet) == [(1_700_000_000.0, Message("/inner")), (None, Message("/outer"))]


def test_bundles_nest_at_most_eight_deep() -> None:
    packet = encode("/x")
    for _ in range(MOST_NESTED):
        packet = bundle(packet)

    assert decode(packet) == [(None, Message("/x"))]
    for _ in range(1000):
        packet = bundle(packet)
    with pytest.raises(OscError):
        decode(packet)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"/x",
        b"x\0\0\0,\0\0\0",
        b"/x\0!,\0\0\0",
        b"/xyz",
        b"/\xc3\xa9\0,\0\0\0",
        b"/x\0\0,s\0\0\xff\0\0\0",
        b"/x\0\0,f\0\0",
        b"/x\0\0,f\0\0\0\0\0",
        b"/x\0\0,f\0\0" + bytes(8),
        b"/x\0\0f\0\0\0" + bytes(4),
        b"/x\0\0,b\0\0" + bytes(4),
        b"/x\0\0,fNf\0\0\0\0" + bytes(8),
        b"/x\0\0,[f]\0\0\0\0" + bytes(4),
        b"#bundle\0",
        b"#bundle\0" + bytes(7),
        bundle(b""),
        bundle(encode("/x")) + b"\0",
        bundle(encode("/x"))[:-4],
        b"#bundle\0" + bytes(8) + b"\xff\xff\xff\xfc/x\0\0",
        encode("/x", [0.5] * 2000),
    ],
)
def test_damage_is_refused(packet: bytes) -> None:
    with pytest.raises(OscError):
        decode(packet)


def test_one_bad_message_refuses_its_bundle() -> None:
    with pytest.raises(OscError):
        decode(bundle(encode("/interface", [0.5]), b"/x\0\0,b\0\0" + bytes(4)))


@given(MESSAGES, st.data())
def test_a_truncated_message_is_refused(message: Message, data: st.DataObject) -> None:
    whole = encode(message.address, message.arguments)
    cut = data.draw(st.integers(0, len(whole) - 1))

    try:
        decoded = decode(whole[:cut])
    except OscError:
        return
    assert decoded == [(None, Message(message.address))]  # cut right behind the address: a whole message too


@given(
    st.binary(max_size=200)
    | st.binary(max_size=60).map(lambda noise: b"/x\0\0," + noise)
    | st.binary(max_size=60).map(lambda noise: b"#bundle\0" + bytes(8) + noise)
    | st.lists(st.binary(max_size=40), max_size=4).map(lambda parts: bundle(*parts))
)
@example(b"/x\0\0,\xff\xff\0")
def test_any_bytes_are_read_or_refused(packet: bytes) -> None:
    try:
        decoded = decode(packet)
    except OscError:
        return
    assert all(message.address.startswith("/") for _, message in decoded)
