"""The MIDI systems of a machine: names and how they are matched; a machine without any; real ports over JACK."""

from collections.abc import Iterator
from queue import SimpleQueue

import mido
import pytest
from jack import Jack
from peers import until

from impsy.adapters.midi_system import Found, MidiSystem, found_ports, match
from impsy.errors import NoSuchDevice, PortError

IAC, NANO, NANO_2 = (Found(name, name, i) for i, name in enumerate(["IAC Bus 1", "nanoKONTROL2", "nanoKONTROL2 #2"]))


def test_a_port_matches_by_its_name_or_by_a_part_that_is_no_others() -> None:
    assert match("nanoKONTROL2", [IAC, NANO, NANO_2], "MIDI input") == NANO
    assert match("nanoKONTROL2 #2", [IAC, NANO, NANO_2], "MIDI input") == NANO_2
    assert match("IAC", [IAC, NANO, NANO_2], "MIDI input") == IAC


def test_a_name_that_nothing_has_is_told_what_there_is() -> None:
    with pytest.raises(NoSuchDevice) as told:
        match("S-1", [IAC, NANO], "MIDI input")

    assert str(told.value) == 'no MIDI input matches "S-1"; found: "IAC Bus 1", "nanoKONTROL2"'


def test_a_name_that_several_have_is_not_guessed_at() -> None:
    with pytest.raises(NoSuchDevice) as told:
        match("nano", [IAC, NANO, NANO_2], "MIDI output")

    assert str(told.value) == '"nano" matches 2 MIDI outputs: "nanoKONTROL2", "nanoKONTROL2 #2"; write one name whole'


def test_on_a_machine_without_ports_the_text_says_so() -> None:
    with pytest.raises(NoSuchDevice, match="found: none at all"):
        match("S-1", [], "MIDI input")


def test_the_numbers_that_alsa_gives_anew_do_not_matter() -> None:
    (port,) = found_ports(["S-1:S-1 MIDI 1 20:0"], "alsa")

    assert port == Found("S-1:S-1 MIDI 1", "S-1:S-1 MIDI 1 20:0", 0)
    assert match("S-1:S-1 MIDI 1 24:0", [port], "MIDI input") == port


def test_the_numbers_that_windows_adds_do_not_matter() -> None:
    ports = found_ports(["Launchpad 2 0", "nanoKONTROL2 1"], "winmm")

    assert [port.name for port in ports] == ["Launchpad 2", "nanoKONTROL2"]


@pytest.mark.parametrize("backend", ["alsa", "coremidi", "jack", "winmm"])
def test_two_devices_of_one_name_are_told_apart(backend: str) -> None:
    raw = {"alsa": ["nano:CTRL 20:0", "nano:CTRL 24:0"], "winmm": ["nano 0", "nano 1"]}.get(backend, ["nano", "nano"])
    first, second = found_ports(raw, backend)

    assert second.name == f"{first.name} #2"
    assert match(first.name, [first, second], "MIDI input") == first


def test_our_own_connections_are_nobodys_devices() -> None:
    ports = found_ports(["impsy:in", "impsy-01:S-1", "impsyche:out", "IMPSY Out:IMPSY Out"], "jack")

    assert [port.name for port in ports] == ["impsyche:out", "IMPSY Out:IMPSY Out"]


def test_a_machine_without_the_system_asked_for_says_so(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi is not installed")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody at all")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")

    with pytest.raises(PortError, match=r"no JACK server answers on this machine|JACK is not on this machine"):
        MidiSystem("jack")
    assert capfd.readouterr() == ("", "")  # its libraries are kept from talking to the terminal


# -- over JACK


@pytest.fixture(scope="module")
def jack() -> Iterator[Jack]:
    with Jack() as server:
        yield server


@pytest.fixture
def system(jack: Jack) -> Iterator[MidiSystem]:
    made = MidiSystem("jack")
    yield made
    made.close()


@pytest.mark.slow
def test_messages_go_both_ways_between_real_ports(system: MidiSystem) -> None:
    heard: SimpleQueue[bytes] = SimpleQueue()
    source = mido.open_output("knobs", virtual=True, client_name="gear", api="UNIX_JACK")
    sink = mido.open_input("keys", virtual=True, client_name="gear", api="UNIX_JACK")
    ours = system.open_input(match("knobs", system.inputs(), "MIDI input"), heard.put)
    theirs = system.open_output(match("keys", system.outputs(), "MIDI output"))

    source.send(mido.Message("control_change", channel=2, control=7, value=99))
    theirs.send(bytes((0x90, 60, 100)))

    assert heard.get(timeout=2) == bytes((0xB2, 7, 99))
    assert until(lambda: (sink.poll() or mido.Message("stop")).type == "note_on")
    for port in (ours, theirs, source, sink):
        port.close()


@pytest.mark.slow
def test_a_closed_input_hears_nothing_more(system: MidiSystem) -> None:
    heard: SimpleQueue[bytes] = SimpleQueue()
    source = mido.open_output("knobs", virtual=True, client_name="gear", api="UNIX_JACK")
    ours = system.open_input(match("gear", system.inputs(), "MIDI input"), heard.put)
    ours.close()

    source.send(mido.Message("note_on", note=60))

    assert not until(lambda: not heard.empty(), 0.2)
    source.close()


@pytest.mark.slow
def test_ports_of_our_own_are_seen_by_others(system: MidiSystem) -> None:
    into, out = system.make_input("IMPSY In", lambda _: None), system.make_output("IMPSY Out")

    assert "IMPSY In:IMPSY In" in [port.name for port in system.outputs()]
    assert "IMPSY Out:IMPSY Out" in [port.name for port in system.inputs()]
    into.close()
    out.close()


@pytest.mark.slow
def test_a_server_that_dies_is_noticed_and_one_that_comes_is_used(jack: Jack) -> None:
    system = MidiSystem("jack")
    assert all(until(system.is_alive, 1) for _ in range(3))

    jack.crash()
    assert until(lambda: not system.is_alive(), 1)
    system.abandon()
    with pytest.raises(PortError, match="no JACK server"):
        MidiSystem("jack")

    jack.start()
    again = MidiSystem("jack")
    assert all(until(again.is_alive, 1) for _ in range(3))
    again.close()
