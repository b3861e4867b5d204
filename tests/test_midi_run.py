"""Real processes that play over real MIDI ports, on a JACK server of their own; cables are pulled, servers crash."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gear import Gear
from jack import Jack
from peers import until
from server import Row, Server

from impsy.core.modes import Mode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="its JACK server is that of Debian"),
]

NOTE_OFFS = (128, 123)  # note-off on channel 1; All Notes Off
KNOBS = {
    "in_device": "keys",
    "out_device": "keys",
    "input": [["control_change", 1, 1], ["control_change", 1, 2]],
    "output": [["note_on", 1], ["control_change", 2, 74]],
}
NOTES = [["note_on", 1], ["note_on", 2]]
PANICS = ("a button", "osc")


@pytest.fixture(scope="module")
def server_of_all() -> Iterator[Jack]:
    with Jack() as server:
        yield server


@pytest.fixture
def jack(server_of_all: Jack) -> Iterator[Jack]:
    yield server_of_all
    if server_of_all.process.poll() is not None:  # a test that failed left it so
        server_of_all.start()


@pytest.fixture
def keys(jack: Jack) -> Iterator[Gear]:
    with Gear("keys") as gear:
        yield gear


def useronly(folder: Path, input: list[Any], output: list[Any], **midi: Any) -> Server:  # noqa: A002 as in a config
    """One that plays what it hears: each message in is a vector out."""
    return Server(
        folder,
        midi=KNOBS | {"input": input, "output": output} | midi,
        interaction={"mode": "useronly", "input_thru": True},
    )


def battle(folder: Path, **sections: Any) -> Server:
    """One that plays by itself, two notes some fifty times a second."""
    midi = KNOBS | {"input": NOTES, "output": NOTES} | sections
    return Server(folder, midi=midi, interaction={"mode": "battle"}, model={"dimension": 3, "timescale": 0.2})


# -- what comes, and what goes


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_reads_midi(tmp_path: Path, keys: Gear, mode: Mode) -> None:
    with Server(tmp_path, midi=KNOBS, interaction={"mode": mode.value}) as server:
        keys.send("control_change", control=1, value=127)
        keys.send("control_change", control=2, value=0)
        keys.send("control_change", control=3, value=1)  # not mapped
        keys.send("control_change", channel=1, control=1, value=1)

        assert until(lambda: len(server.rows("interface")) == 2), server.stderr + str(server.rows())
        assert [row.values for row in server.rows("interface")] == [(1.0, 0.5), (1.0, 0.0)]
        assert server.stop() == 0
        assert {r["source"]: r["count"] for r in server.record() if r["what"] == "refusals"} == {"midi:keys": 2}


def test_every_kind_of_entry_reads_and_plays(tmp_path: Path, keys: Gear) -> None:
    both = [
        ["note_on", 1],
        ["note_velocity", 1],
        ["control_change", 1, 7, 100, 20],
        ["pitch_bend", 2],
        {"type": "control_change_14", "channel": 3, "msb": 1},
        {"type": "aftertouch", "channel": 4},
    ]
    with Server(
        tmp_path,
        model={"dimension": 7},
        websocket=None,
        midi=KNOBS | {"input": both, "output": both},
        interaction={"mode": "useronly", "input_thru": True},
    ) as server:
        keys.send("note_on", note=60, velocity=100)
        assert keys.hears(
            *((0x90, 60, 100), (0xB0, 7, 60), (0xE1, 0, 64), (0xB2, 1, 64), (0xB2, 33, 0), (0xD3, 64)),
        )

        for kind, data, heard in (
            ("control_change", {"control": 7, "value": 110}, (0xB0, 7, 100)),  # beyond the range
            ("pitchwheel", {"channel": 1, "pitch": 8191}, (0xE1, 127, 127)),
            ("aftertouch", {"channel": 3, "value": 0}, (0xD3, 0)),
        ):
            keys.forget()
            keys.send(kind, **data)
            assert keys.hears((0x80, 60, 0), (0x90, 60, 100), heard)  # a note is struck anew, the rest when it changes
        keys.forget()
        keys.send("control_change", channel=2, control=1, value=0)  # half of a pair
        keys.send("control_change", channel=2, control=33, value=5)
        assert keys.hears((0x80, 60, 0), (0x90, 60, 100), (0xB2, 1, 0), (0xB2, 33, 5))
        assert until(lambda: len(server.rows("interface")) == 5)
        assert server.rows()[-1].values == (60 / 127, 100 / 127, 0.0, 1.0, 5 / 16383, 0.0)


def test_a_gate_ends_a_note_by_itself(tmp_path: Path, keys: Gear) -> None:
    output = [{"type": "note_on", "channel": 1, "gate": 0.2, "low": 36, "high": 84}]
    with useronly(tmp_path, KNOBS["input"], output):
        keys.send("control_change", control=1, value=127)

        assert keys.hears((0x90, 84, 127), (0x80, 84, 0))
        assert 0.15 < keys.times[1] - keys.times[0] < 0.4


def test_two_devices_of_one_name_are_told_apart(tmp_path: Path, keys: Gear) -> None:
    """JACK calls the second's client «keys-01»; the numbering of other systems is tested where names are."""
    with Gear("keys") as second:
        names = ["keys:out", "keys-02:out"]
        midi = {"in_device": names, "input": {names[0]: [["pitch_bend", 1]], names[1]: KNOBS["input"]}}
        with Server(tmp_path, midi=midi, interaction={"mode": "useronly"}) as server:
            second.send("control_change", control=1, value=127)
            assert until(lambda: server.rows())
            keys.send("control_change", control=1, value=127)
            keys.send("pitchwheel", pitch=-8192)

            assert until(lambda: len(server.rows()) == 2)
            assert [row.values for row in server.rows()] == [(1.0, 0.5), (0.0, 0.5)]


def test_the_thru_matrix_sends_to_its_outputs_alone(tmp_path: Path, keys: Gear) -> None:
    entry = [["control_change", 1, 1]]
    with Gear("synth") as synth, Gear("other") as other, Gear("knobs") as knobs:
        midi = {
            "in_device": ["keys", "knobs"],
            "out_device": ["synth", "other"],
            "input": {"keys": entry, "knobs": entry},
            "output": {"synth": entry, "other": entry},
            "thru_matrix": {"keys": ["synth"]},
        }
        with Server(tmp_path, midi=midi, interaction={"mode": "useronly"}) as server:
            knobs.send("control_change", control=1, value=5)
            assert until(lambda: server.rows())
            keys.send("control_change", control=1, value=9)
            assert synth.hears((0xB0, 1, 9)), (synth.bytes(), server.stderr, server.rows())
            assert other.bytes() == []
            assert server.stop() == 0
        (tmp_path / "both").mkdir()
        synth.forget()
        with Server(tmp_path / "both", midi=midi, interaction={"mode": "useronly", "input_thru": True}) as server:
            keys.send("control_change", control=1, value=9)
            assert synth.hears((0xB0, 1, 9)), (synth.bytes(), server.stderr, server.rows())  # once
            assert other.hears((0xB0, 1, 9))


def test_a_synth_that_echoes_its_notes_does_not_play_itself(tmp_path: Path, keys: Gear) -> None:
    note = [["note_on", 1]]
    with useronly(tmp_path, note, note, feedback_protection=True, feedback_threshold=0.5) as server:
        server.osc().send("/interface", 60 / 127, 0.5)
        assert keys.hears((0x90, 60, 127))
        keys.send("note_on", note=60)  # comes back
        assert server.says("came back")

        keys.send("note_on", note=61)
        assert until(lambda: len(server.rows()) == 2)
        assert [round(row.values[0] * 127) for row in server.rows()] == [60, 61]


def test_ports_of_our_own_play_with_other_programs(tmp_path: Path, jack: Jack) -> None:
    midi = {"virtual": True, "input": KNOBS["input"], "output": KNOBS["output"]}
    with Server(tmp_path, midi=midi, interaction={"mode": "useronly", "input_thru": True}) as server:
        import mido

        jack_ports = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
        assert until(lambda: "IMPSY In:IMPSY In" in jack_ports.get_output_names())
        out = jack_ports.open_output("IMPSY In:IMPSY In")
        into = jack_ports.open_input("IMPSY Out:IMPSY Out")
        out.send(mido.Message("control_change", control=1, value=127))

        assert until(lambda: server.rows())
        heard: list[Any] = []
        assert until(lambda: heard.extend(into.iter_pending()) or len(heard) == 2)  # type: ignore[func-returns-value]
        assert heard[0].bytes() == [0x90, 127, 127]
        out.close()
        into.close()


# -- notes never hang


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_note_hangs_after_a_signal(tmp_path: Path, keys: Gear, number: int) -> None:
    with battle(tmp_path) as server:
        assert keys.gets(lambda message: message.type == "note_on")
        started = time.monotonic()

        assert server.stop(number) == 0
        assert time.monotonic() - started < 2.0
        assert until(lambda: not keys.sounding)


@pytest.mark.parametrize("way", PANICS)
def test_no_note_hangs_after_a_panic(tmp_path: Path, keys: Gear, way: str) -> None:
    with battle(tmp_path, panic=["note_on", 10, 36]) as server:
        assert keys.gets(lambda message: message.type == "note_on")
        if way == "osc":
            server.osc().send("/impsy/panic")
        else:
            keys.send("note_on", channel=9, note=36)

        assert keys.gets(lambda message: message.type == "control_change")
        assert until(lambda: not keys.sounding)
        time.sleep(0.1)
        assert keys.bytes()[-4:] == [(0xB0 | c, n, 0) for c in (0, 1) for n in (120, 123)]


# -- cables and servers


class Stream:
    """Plays 500 gestures a second over OSC from a thread of its own."""

    def __init__(self, server: Server) -> None:
        self._peer = server.osc()
        self._end = threading.Event()
        self.sent: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._play)

    def __enter__(self) -> "Stream":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _play(self) -> None:
        start = time.perf_counter()
        while not self._end.is_set():
            values = (len(self.sent) % 128 / 128, 0.25)
            self._peer.send("/interface", *values)
            self.sent.append(values)
            time.sleep(max(start + len(self.sent) / 500 - time.perf_counter(), 0))

    def is_in(self, rows: list[Row]) -> bool:
        """Whether the log has each gesture, in order."""
        return [row.values for row in rows if row.values[1] == 0.25] == self.sent


def test_a_cable_is_pulled_and_put_back_while_somebody_plays(tmp_path: Path, keys: Gear) -> None:
    with battle(tmp_path) as server, Stream(server) as stream:
        assert keys.gets(lambda message: message.type == "note_on")
        keys.unplug()
        assert server.says('lost       MIDI output "keys"')
        keys.forget()
        time.sleep(0.5)

        keys.plug_in()
        back = time.monotonic()
        assert keys.gets(lambda message: message.type == "note_on")
        assert time.monotonic() - back < 2.0
        assert server.says('found      MIDI input "keys"')
        kinds = [message.type for message in keys.heard]
        assert kinds[: kinds.index("control_change") + 1].count("note_off") == 2  # what it was owed, first of all
        keys.send("note_on", note=127, channel=1)  # and it is heard
        assert until(lambda: any(row.values[1] == 1.0 for row in server.rows()))

        stream.__exit__()
        assert until(lambda: stream.is_in(server.rows()))
        assert server.stop() == 0
        assert until(lambda: not keys.sounding), (keys.sounding, keys.bytes()[-20:], server.stderr)
        assert [entry["what"] for entry in server.record()].count("device") == 4, server.stderr


def test_a_jack_server_crashes_and_returns_while_somebody_plays(tmp_path: Path, jack: Jack) -> None:
    keys = Gear("keys")
    with battle(tmp_path) as server, Stream(server) as stream:
        assert keys.gets(lambda message: message.type == "note_on")
        jack.crash()
        assert server.says("lost       MIDI: the JACK server has gone")
        keys.unplug()
        time.sleep(1.0)

        jack.start()
        with Gear("keys") as again:
            back = time.monotonic()
            assert again.gets(lambda message: message.type == "note_on")
            assert time.monotonic() - back < 2.0, server.stderr
            again.send("note_on", note=127, channel=1)
            assert until(lambda: any(row.values[1] == 1.0 for row in server.rows()))

            stream.__exit__()
            assert until(lambda: stream.is_in(server.rows()))
            assert server.stop() == 0
            assert until(lambda: not again.sounding), (again.sounding, again.bytes()[-9:], server.stderr[-300:])
        assert "Cannot" not in server.stderr  # JACK's own words


@pytest.mark.parametrize("running", [True, False], ids=["hanging", "dead"])
def test_a_server_that_takes_nothing_hangs_nobody(tmp_path: Path, jack: Jack, running: bool) -> None:
    """rtmidi's own buffer is full after 2340 messages, and then it waits with Python's lock in its hand."""
    keys = Gear("keys")
    with useronly(tmp_path, NOTES, NOTES) as server, Stream(server) as stream:
        assert keys.gets(lambda message: message.type == "note_on")
        if running:
            jack.process.send_signal(signal.SIGSTOP)
        else:
            jack.crash()
            keys.unplug()
        try:
            time.sleep(3.0)
            assert server.osc().ask() == "useronly"
            stream.__exit__()
            assert until(lambda: stream.is_in(server.rows()))
            started = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - started < 2.0
        finally:
            if running:
                jack.process.send_signal(signal.SIGCONT)
                keys.unplug()
            else:
                jack.start()


def test_a_device_that_is_not_there_is_said_once_and_played_when_it_comes(tmp_path: Path, jack: Jack) -> None:
    with useronly(tmp_path, KNOBS["input"], KNOBS["output"]) as server:
        assert server.says('lost       MIDI input "keys": none matches; found: none at all; it is watched for')
        time.sleep(1.2)
        with Gear("keys") as keys:
            assert server.says('found      MIDI input "keys"', 2.0)
            keys.send("control_change", control=1, value=127)
            assert until(lambda: server.rows())
        assert server.stderr.count("lost       MIDI input") <= 2


def test_a_machine_without_midi_says_so_in_a_line_and_plays_everything_else(tmp_path: Path) -> None:
    nobody = lambda: os.environ.update(JACK_DEFAULT_SERVER="nobody", JACK_NO_START_SERVER="1")  # noqa: E731
    with Server(tmp_path, midi=KNOBS | {"backend": "jack"}, prepare=nobody) as server:
        assert server.says("lost       MIDI: no JACK server answers on this machine; it is watched for")
        server.osc().send("/interface", 0.25, 0.25)
        assert until(lambda: server.rows("interface"))
        time.sleep(1.2)

        assert server.stop() == 0
        assert server.stderr.count("MIDI:") == 1
        assert "JACK" not in server.stderr.replace("no JACK server answers", "")
