"""`impsy generate`: what a model plays alone, in files that others read."""

from pathlib import Path

import mido
import numpy as np
import pytest
from click.testing import CliRunner

from impsy.cli.generate import command
from impsy.data.logs import read_log
from impsy.errors import FileError, ModelError

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "impsy/starters/musicMDRNN-dim3-layers2-units32-mixtures5-scale10.tflite"
CONFIG = """
[midi]
out_device = "synth"
output = [{type = "note_on", channel = 1, gate = 0.05}, ["control_change", 2, 74]]
"""


def generated(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)


def test_the_same_seed_plays_the_same_file(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert generated(STARTER, "--seconds", 5, "--seed", seed, "-o", tmp_path / f"{name}.log").exit_code == 0

    first, again, other = (tmp_path.joinpath(f"{name}.log").read_text() for name in "abc")
    assert first == again != other
    assert first.startswith("2000-01-01T00:00:0")


def test_nothing_learns_from_what_a_model_played_unless_it_is_asked_for(tmp_path):
    generated(STARTER, "--seconds", 5, "-o", tmp_path / "model.log")
    generated(STARTER, "--seconds", 5, "-o", tmp_path / "performer.log", "--as-performer")

    assert len(read_log(tmp_path / "model.log", 2).values) == 0
    kept = read_log(tmp_path / "performer.log", 2)
    assert len(kept.values) == len((tmp_path / "model.log").read_text().splitlines()) > 10
    assert kept.seconds[-1] <= 5.0
    assert not kept.skipped


def test_it_goes_on_from_what_it_is_primed_with(tmp_path):
    log = tmp_path / "2026-01-31T20-15-00-3d-mdrnn.log"
    rows = (f"2026-01-31T20:15:00.{index:02d}0000,interface,0.9,0.1\n" for index in range(50))
    log.write_text("".join(rows))

    generated(STARTER, "--seconds", 1, "-o", tmp_path / "primed.log", "--prime", log, "--as-performer")

    values = read_log(tmp_path / "primed.log", 2).values
    np.testing.assert_allclose(values[0], [0.9, 0.1], atol=0.1)


def test_a_midi_file_holds_what_the_device_would_have_heard_and_ends_every_note(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)

    generated(STARTER, "--seconds", 5, "-o", tmp_path / "out.mid", "-c", tmp_path / "config.toml")

    sounding = set()
    played = [message for message in mido.MidiFile(tmp_path / "out.mid") if not message.is_meta]
    for message in played:
        if message.type == "note_on":
            sounding.add(message.note)
        elif message.type == "note_off":
            sounding.discard(message.note)
    assert {message.type for message in played} == {"note_on", "note_off", "control_change"}
    assert not sounding


def test_a_file_that_is_there_is_kept(tmp_path):
    (tmp_path / "mine.log").write_text("precious")

    with pytest.raises(FileError, match="there already"):
        generated(STARTER, "-o", tmp_path / "mine.log")

    assert (tmp_path / "mine.log").read_text() == "precious"


def test_mistakes_are_told_in_words(tmp_path):
    (tmp_path / "deaf.toml").write_text("[midi]\n")
    (tmp_path / "wrong.toml").write_text("[midi]\nbackend = 3\n")
    (tmp_path / "2026-01-31T20-15-00-9d-mdrnn.log").write_text("")

    assert generated(STARTER, "-o", tmp_path / "out.wav").exit_code == 2
    assert generated(STARTER, "-o", tmp_path / "out.mid").exit_code == 2
    for words, mistake, arguments in (
        ("no output mapping", FileError, ["-o", tmp_path / "out.mid", "-c", tmp_path / "deaf.toml"]),
        ("backend", FileError, ["-o", tmp_path / "out.mid", "-c", tmp_path / "wrong.toml"]),
        (
            "nothing that a performer played",
            FileError,
            ["-o", tmp_path / "o.log", "--prime", tmp_path / "2026-01-31T20-15-00-9d-mdrnn.log"],
        ),
    ):
        with pytest.raises(mistake, match=words):
            generated(STARTER, *arguments)
    with pytest.raises(ModelError):
        generated(tmp_path / "none.tflite", "-o", tmp_path / "out.log")
    assert not list(tmp_path.glob("o*.log"))
