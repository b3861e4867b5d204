"""What `impsy learn` hears, and what it makes of names, without anybody at a terminal."""

import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from server import START

from impsy.adapters.heard import Heard, Line, Packet
from impsy.adapters.meaning import Numbers, Unread, vectors
from impsy.cli.lessons import same_device
from impsy.wire.osc import encode


def test_what_is_no_vector_is_told_and_not_taken():
    heard = []
    for packet in (
        encode("/interface", [0.5, True, 3]),
        encode("/name", ["text"]),
        encode("/bang", []),
        encode("/nan", [float("nan")]),
        b"garbage",
    ):
        heard += vectors(Heard("osc", "OSC", Packet(packet)))

    assert heard[0] == Numbers("/interface", (0.5, 1.0, 3.0))
    assert all(isinstance(item, Unread) for item in heard[1:])
    assert len(heard) == 5


def test_a_line_is_a_vector_of_any_length_but_not_one_that_had_begun_before():
    heard = [
        heard
        for line in (Line(b"5,0.5", had_begun=True), Line(b"0.5, 1\r"), Line(b"hello"))
        for heard in vectors(Heard("serial", "board", line))
    ]

    assert heard == [Numbers("board", (0.5, 1.0)), Unread("a line that is not numbers with commas between: b'hello'")]


@pytest.mark.parametrize(
    ("device", "there", "same"),
    [
        ("nanoKONTROL2", ["Synth", "nanoKONTROL2"], "nanoKONTROL2"),
        ("Launchkey MIDI In 1", ["Launchkey MIDI Out 1", "Launchpad"], "Launchkey MIDI Out 1"),
        ("Knobs:MIDI out", ["Knobs-01:MIDI in"], "Knobs-01:MIDI in"),
        ("MIDI In", ["MIDI Out"], None),
        ("Keys", ["Keys 2 A", "Synth"], None),
    ],
)
def test_the_output_of_a_device_is_known_by_its_name(device, there, same):
    assert same_device(device, there) == same


def test_nothing_but_learning_imports_the_toml_editor():
    script = "import sys, impsy.cli.run, impsy.cli.perform; sys.exit('tomlkit' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], cwd=Path(START).parent, check=False).returncode == 0
    assert tomllib.loads(files("impsy.config").joinpath("default.toml").read_text("utf-8"))
