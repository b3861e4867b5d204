"""MIDI files become performances through the mapping of a configuration, as if they had been played."""

from pathlib import Path

import mido
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from mido import Message, MetaMessage

from impsy.cli.main import impsy
from impsy.core.mapping import ControlEntry, NoteEntry, VelocityEntry
from impsy.data.datasets import load_dataset
from impsy.data.midi_files import read_midi
from impsy.errors import MidiFileError

MAPPING = NoteEntry(0), VelocityEntry(0), ControlEntry(0, 7)
CONFIG = """
[midi]
in_device = "keys"
input = [["note_on", 1], ["note_velocity", 1], ["control_change", 1, 7]]
"""


def write(path: Path, *tracks: list[Message | MetaMessage], kind: int = 1, beat: int = 480) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    midi = mido.MidiFile(type=kind, ticks_per_beat=beat)
    midi.tracks.extend(mido.MidiTrack(track) for track in tracks)
    midi.save(path)
    return path


def note(key: int, ticks: int, velocity: int = 127) -> Message:
    return Message("note_on", note=key, velocity=velocity, time=ticks)


def collect(folder: Path, *arguments: object) -> Result:
    (folder / "keys.toml").write_text(CONFIG)
    words = ["dataset", "--midi", folder / "midi", "--mapping", folder / "keys.toml", "-O", folder, *arguments]
    return CliRunner().invoke(impsy, list(map(str, words)))


def test_notes_and_controllers_are_gestures_and_the_vector_keeps_what_was_set(tmp_path: Path) -> None:
    volume = Message("control_change", control=7, value=127, time=480)
    path = write(tmp_path / "a.mid", [note(0, 0), note(127, 480, 0), note(127, 480), volume], kind=0)

    assert read_midi(path, MAPPING).tolist() == [[1.0, 1.0, 1.0, 0.5], [0.5, 1.0, 1.0, 1.0]]


def test_a_chord_has_no_time_between_its_notes(tmp_path: Path) -> None:
    rows = read_midi(write(tmp_path / "a.mid", [note(0, 0), note(127, 0), note(0, 0)]), MAPPING)

    assert rows[:, 0].tolist() == [0.0, 0.0]


def test_tracks_are_merged_and_the_tempo_map_holds_for_all(tmp_path: Path) -> None:
    tempos = [MetaMessage("set_tempo", tempo=500_000), MetaMessage("set_tempo", tempo=1_000_000, time=960)]
    path = write(tmp_path / "a.mid", tempos, [note(0, 0), note(0, 1440)], [note(127, 480), note(127, 1440)])

    assert read_midi(path, MAPPING)[:, :2].tolist() == [[0.5, 1.0], [1.5, 0.0], [1.0, 1.0]]


def test_what_is_no_gesture_changes_nothing(tmp_path: Path) -> None:
    others = [
        Message("control_change", control=64, value=127, time=120),
        Message("sysex", data=(1, 2, 3), time=120),
        Message("program_change", program=3, time=120),
        Message("note_off", note=0, time=60),
        Message("note_on", channel=9, note=3, velocity=1, time=30),
        MetaMessage("lyrics", text="la", time=30),
    ]

    assert read_midi(write(tmp_path / "a.mid", [note(0, 0), *others, note(127, 0)]), MAPPING)[:, 0].tolist() == [0.5]


def test_running_status_is_read(tmp_path: Path) -> None:
    track = bytes([0, 0x90, 0, 127, 96, 127, 127, 96, 0, 0, 0, 0xFF, 0x2F, 0])
    path = tmp_path / "a.mid"
    path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track)

    assert read_midi(path, MAPPING).tolist() == [[0.5, 1.0, 1.0, 0.5]]


def test_a_folder_of_files_becomes_a_dataset_and_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    write(tmp_path / "midi" / "a.mid", [note(0, 0), note(127, 480), note(0, 480 * 100), note(127, 480)])
    write(tmp_path / "midi" / "deep" / "b.MIDI", [note(0, 0), note(64, 480)])
    write(tmp_path / "midi" / "apart.mid", [note(0, 0)], [note(0, 0)], kind=2)
    write(tmp_path / "midi" / "film.mid", [note(0, 0)], beat=-0x1800 + 4)
    write(tmp_path / "midi" / "other.mid", [Message("program_change", program=3)])
    write(tmp_path / "midi" / "one.mid", [note(0, 0)])
    write(tmp_path / "midi" / "draft.mid", [note(0, 0), note(0, 480)])
    torn = write(tmp_path / "midi" / "torn.mid", [note(0, 0), note(64, 480)])
    torn.write_bytes(torn.read_bytes()[:-7])
    (tmp_path / "midi" / "empty.mid").touch()

    result = collect(tmp_path, "--exclude", "draft*")

    assert result.exit_code == 0, result.exception
    performances = load_dataset(tmp_path / "training-dataset-4d.npz").performances
    assert [table[:, 0].tolist() for table in performances] == [[0.5], [0.5], [0.5]]
    for told in (
        "apart.mid: is of type 2",
        "film.mid: counts time in frames",
        "other.mid: holds nothing that the mapping knows",
        "one.mid: fewer than two",
        "torn.mid: is damaged",
        "empty.mid: is damaged",
        "excluded   1 file by draft*",
        "split      at 1 silence",
    ):
        assert told in result.output


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    for folder, names in (("one", "abc"), ("two", "cba")):
        for name in names:
            keys = [note(ord(name) % 64 + n, 240) for n in range(9)]
            write(tmp_path / folder / "midi" / f"{name}.mid", keys)
        assert collect(tmp_path / folder).exit_code == 0

    one, two = ((tmp_path / name / "training-dataset-4d.npz").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("[midi]\nin_device = 3\n", "in_device must be"),
        ("title = 'none'\n", "no input mapping is in it"),
        (CONFIG + "[websocket]\ninput = [['note_on', 1]]\n", "several input mappings"),
    ],
)
def test_a_configuration_that_does_not_say_how_to_hear_is_refused(tmp_path: Path, config: str, told: str) -> None:
    (tmp_path / "c.toml").write_text(config)
    words = ["dataset", "--midi", str(tmp_path), "--mapping", str(tmp_path / "c.toml")]

    result = CliRunner().invoke(impsy, words)

    assert result.exit_code == 1
    assert told in str(result.exception)


def test_a_folder_without_midi_files_and_one_that_is_not_there_are_told(tmp_path: Path) -> None:
    assert "no such folder of MIDI files" in str(collect(tmp_path).exception)
    (tmp_path / "midi").mkdir()
    assert "holds no MIDI file" in str(collect(tmp_path).exception)


def test_midi_and_mapping_need_each_other() -> None:
    assert CliRunner().invoke(impsy, ["dataset", "--midi", "x"]).exit_code == 2


@settings(max_examples=150)
@given(st.data())
def test_damage_anywhere_gives_a_named_error_or_rows(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damage") / "a.mid"
    tempo = MetaMessage("set_tempo", tempo=400_000)
    write(path, [tempo, note(0, 0), Message("sysex", data=(1, 2)), note(127, 480)], [note(3, 96)])
    contents = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(contents[: data.draw(st.integers(0, len(contents)))])

    try:
        rows = read_midi(path, MAPPING)
    except MidiFileError:
        return
    assert (rows[:, 0] >= 0).all()
    assert ((rows[:, 1:] >= 0) & (rows[:, 1:] <= 1)).all()
