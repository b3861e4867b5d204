"""Configurations: what a file means, what is refused (all at once), and what is only said."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.config.load import find_file, load_config, override, parse_config, places
from impsy.config.mappings import TABLES
from impsy.config.notes import notes_on
from impsy.config.reference import reference
from impsy.config.schema import SECTIONS, TOP, Config, Osc, dimension_of_mappings
from impsy.config.sections import leaves
from impsy.core.mapping import (
    AftertouchEntry,
    BendEntry,
    ControlButton,
    ControlEntry,
    FineControlEntry,
    NoteEntry,
    PolyAftertouchEntry,
    VelocityEntry,
)
from impsy.core.midi import NoteOn
from impsy.core.modes import Mode
from impsy.core.sender import MidiSender

REPOSITORY = Path(__file__).parent.parent
DEFAULT = REPOSITORY / "impsy" / "config" / "default.toml"
PEERS = REPOSITORY / "tests" / "configs"


def parse(text):
    return parse_config(text, "config.toml", Path("/nowhere"))


def problems_of(text):
    return parse(text).problems


# What a file means


def test_an_empty_file_is_all_defaults_with_every_channel_off():
    loaded = parse("")

    assert loaded.config == Config()
    assert loaded.notes == ()
    assert (loaded.config.interaction.mode, loaded.config.interaction.threshold) == (Mode.CALLRESPONSE, 0.1)
    assert (loaded.config.model.sigmatemp, loaded.config.model.pitemp, loaded.config.model.longest_dt) == (0.01, 1, 5)
    assert [getattr(loaded.config, name) for name in list(SECTIONS)[2:]] == [None] * 6


def test_a_section_turns_its_channel_on():
    assert parse("[osc]").config.osc == Osc(
        server_ip="127.0.0.1",
        server_port=6000,
        client_ip="127.0.0.1",
        client_port=6001,
        output_address=("/prediction",),
    )


def test_a_text_where_a_list_belongs_is_a_list_of_one():
    config = parse('[osc]\noutput_address = "/impsy"\n[midi]\nin_device = "S-1"\nthru_matrix = { a = "b" }').config

    assert config.osc.output_address == ("/impsy",)
    assert config.midi.in_device == ("S-1",)
    assert config.midi.thru_matrix == {"a": ("b",)}


def test_mappings_become_entries_with_channels_from_zero():
    text = (
        '[websocket]\ninput = [["note_on", 1], ["note_on", 16, 90], ["note_velocity", 2], '
        '["control_change", 1, 74], ["control_change", 1, 74, 100, 20], ["pitch_bend", 3]]'
    )

    assert parse(text).config.websocket.input == (
        NoteEntry(0),
        NoteEntry(15, 90),
        VelocityEntry(1),
        ControlEntry(0, 74),
        ControlEntry(0, 74, 100, 20),
        BendEntry(2),
    )


def test_a_velocity_beyond_the_range_is_played_at_its_end():
    numbers = -(10**30), 0, 1, 127, 128, 10**30
    entries = ", ".join(f'["note_on", 1, {number}]' for number in numbers)

    mapping = parse(f"[websocket]\noutput = [{entries}]").config.websocket.output

    struck = [message for message in MidiSender(mapping).messages([0.5] * 6) if isinstance(message, NoteOn)]
    assert [note.velocity for note in struck] == [1, 1, 1, 127, 127, 127]


def test_the_longest_mapping_tells_the_dimension():
    text = (
        '[websocket]\ninput = [["note_on", 1]]\n[serialmidi]\nport = "p"\noutput = [["note_on", 1], ["pitch_bend", 1]]'
    )

    assert dimension_of_mappings(parse(text).config) == 3
    assert dimension_of_mappings(Config()) is None


def test_the_bundled_default_is_a_pad_on_this_machine_only():
    loaded = load_config(DEFAULT)

    assert loaded.notes + notes_on(loaded.config, 2) == ()
    assert loaded.config.model.dimension == 3
    assert loaded.config.model.file == "starter:pad"
    assert loaded.config.interaction.mode is Mode.CALLRESPONSE
    assert {name for name in SECTIONS if getattr(loaded.config, name)} == {"interaction", "model", "osc", "websocket"}


def test_a_configuration_of_2024_loads_with_its_flat_mappings():
    loaded = load_config(PEERS / "peer-2024.toml")

    assert loaded.config.midi.input == {"MIDI Control": tuple(ControlEntry(0, number) for number in range(1, 9))}
    assert loaded.config.midi.output["S-1"][:2] == (NoteEntry(0), ControlEntry(2, 74))
    assert loaded.config.metadata == {"date": "2024-05-17", "venue": "the small hall"}
    assert dimension_of_mappings(loaded.config) == loaded.config.model.dimension == 9
    assert loaded.notes == ()


def test_a_configuration_with_every_kind_of_port_loads_and_what_matters_is_said():
    loaded = load_config(PEERS / "peer-many-ports.toml")
    said = "\n".join(notes_on(loaded.config, 4))

    assert list(loaded.config.midi.input) == ["Keystation", "Faders"]
    assert loaded.config.midi.thru_matrix == {"Keystation": ("Synth", "Light Desk"), "Faders": ("Light Desk",)}
    assert loaded.config.websocket.output[1:3] == (ControlEntry(1, 1, 20, 100), ControlEntry(1, 2, 127, 0))
    assert said.count("open to your network") == 2
    assert '[midi] input of "Keystation" has 2 entries for 4 controls: the last 2 unset' in said
    assert 'both name "/dev/ttyAMA0": [serialmidi] gets it' in said
    assert "[webui] is not needed" in said


def test_files_from_windows_editors_load(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b'\xef\xbb\xbftitle = "x"\r\n[osc]\r\nserver_port = 7000\r\n')

    assert load_config(path).config.osc.server_port == 7000


def test_loading_writes_nothing(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(DEFAULT.read_bytes())

    load_config(path)

    assert [item.name for item in tmp_path.iterdir()] == ["config.toml"]
    assert path.read_bytes() == DEFAULT.read_bytes()


# What is refused


def test_all_problems_are_told_at_once():
    problems = problems_of(
        'verbose = 1\n[interaction]\nmode = "duel"\ntreshold = 1\n[osc]\nserver_port = 70000\n[serial]'
    )

    assert problems == (
        "verbose must be true or false (the default is false); found 1",
        '[interaction] treshold is no known key; did you mean "threshold"?',
        (
            '[interaction] mode must be one of "callresponse", "polyphony", "battle", "useronly" '
            '(the default is "callresponse"); found "duel"'
        ),
        "[osc] server_port must be a port number from 1 to 65535 (the default is 6000); found 70000",
        '[serial] port is missing: write port = "...". The serial port, such as `/dev/ttyACM0` or `COM3`.',
    )


@pytest.mark.parametrize(
    "line",
    [
        "[interaction]\nthreshold = 0",
        "[interaction]\nthreshold = nan",
        "[interaction]\ninput_thru = 'yes'",
        "[model]\ndimension = 1",
        "[model]\ndimension = 3.0",
        "[model]\nsize = 'huge'",
        "[model]\nfile = ''",
        "[model]\nsigmatemp = -0.1",
        "[model]\npitemp = 0",
        "[model]\npitemp = inf",
        "[model]\ntimescale = -1",
        "[model]\ntimescale = true",
        "[model]\nlongest_dt = 0",
        "[osc]\nserver_port = -1",
        "[osc]\nserver_port = 0",
        "[osc]\nclient_port = 0",
        "[websocket]\nserver_port = 0",
        "[osc]\nserver_port = '6000'",
        "[osc]\nserver_ip = 127",
        "[osc]\noutput_address = 'prediction'",
        "[osc]\noutput_address = '/a b'",
        "[osc]\noutput_address = []",
        "[osc]\noutput_address = ['/a', 3]",
        "[websocket]\norigins = 3",
        "[websocket]\ninput = 3",
        "[websocket]\ninput = [3]",
        "[websocket]\ninput = [[]]",
        "[websocket]\ninput = [['note_on']]",
        "[websocket]\ninput = [['note_on', 0]]",
        "[websocket]\ninput = [['note_on', 17]]",
        "[websocket]\ninput = [['note_on', true]]",
        "[websocket]\ninput = [['note_on', 1, 90.5]]",
        "[websocket]\ninput = [['note_on', 1, true]]",
        "[websocket]\ninput = [['control_change', 1]]",
        "[websocket]\ninput = [['control_change', 1, 2, 3]]",
        "[websocket]\ninput = [['control_change', 1, 128]]",
        "[websocket]\ninput = [['control_change', 1, 2, 0, 128]]",
        "[midi]\nin_device = 1",
        "[midi]\nin_device = ['a', 'b']\ninput = [['note_on', 1]]",
        "[midi]\nthru_matrix = 3",
        "[midi]\nfeedback_threshold = -1",
        "[serial]\nport = ''",
        "[serial]\nport = 'p'\nbaudrate = 0",
        "osc = 3",
        "[[osc]]",
        "lag_input = true",
    ],
)
def test_wrong_types_and_ranges_are_refused_in_one_line(line):
    [problem] = problems_of(line)

    assert "\n" not in problem


def test_an_entry_names_what_is_wrong_with_it():
    [problem] = problems_of('[midi.input]\n"S-1" = [["note_on", 1], ["controlchange", 1, 2]]')

    assert problem == (
        '[midi] input of "S-1", entry 2: "controlchange" is no known kind of entry; did you mean "control_change"?'
    )


def test_unreadable_toml_is_told_with_its_line():
    [problem] = problems_of("title = 'x'\n[osc]\nserver_port = = 3\n")

    assert "line 3" in problem
    assert problem.endswith(": server_port = = 3")


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "x = " + "9" * 10_000, "verbose = 0x" + "f" * 10_000])
def test_monstrous_toml_is_a_problem_and_no_traceback(text):
    assert len(problems_of(text)) == 1


def test_a_misspelt_section_is_refused_and_a_foreign_one_is_said():
    assert problems_of("[interactions]") == ("[interactions] is no known section; did you mean [interaction]?",)
    assert problems_of("[OSC]") == ("[OSC] is no known section; did you mean [osc]?",)
    assert parse("[engine]\nrealtime = true").notes == (
        "[engine] is a section that this version does not serve: ignored",
    )


def test_a_key_outside_its_section_is_told_its_place():
    assert problems_of("threshold = 0.5") == (
        "threshold is no known key at the top of the file; its place is under [interaction]",
    )
    assert parse('mode = "battle"').notes == (
        "mode at the top of the file is kept as a remark; its place is under [interaction]",
    )


def test_files_that_are_not_there_or_not_text_are_named(tmp_path):
    (tmp_path / "utf16.toml").write_bytes("title = 'x'".encode("utf-16"))

    for path, words in (("config.toml", "no such file"), (".", "cannot be read"), ("utf16.toml", "not UTF-8")):
        loaded = load_config(tmp_path / path)
        assert words in loaded.problems[0]
        assert (loaded.config, loaded.source) == (Config(), str(tmp_path / path))


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**400)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
names = st.sampled_from([f"{name}.{key}" for name, kind in SECTIONS.items() for key in leaves(kind)] + list(TOP))


@given(names, anything)
def test_any_value_of_any_key_is_taken_or_refused_in_words(name, value):
    config = parse('[osc]\n[websocket]\n[midi]\n[serial]\nport = "p"\n[serialmidi]\nport = "p"\n[webui]').config

    changed, problems = override(config, {name: value})

    assert all(name.rpartition(".")[2] in problem for problem in problems)
    assert changed == config or not problems


@given(st.text())
def test_any_text_is_a_configuration_or_has_problems(text):
    loaded = parse(text)

    assert all("\n" not in problem for problem in loaded.problems)


def test_what_could_be_read_holds_beside_the_problems():
    loaded = parse("[model]\nfile = 'mine.tflite'\ntimescale = -1\n[osc]\nserver_port = 7000\nclient_port = 'x'")

    assert len(loaded.problems) == 2
    assert loaded.config == parse("[model]\nfile = 'mine.tflite'\n[osc]\nserver_port = 7000").config


def test_a_channel_whose_port_is_unclear_is_not_opened_at_another():
    assert parse("[osc]\nserver_port = 70000\n[websocket]\nserver_ip = 1\n[serial]").config == Config()


# The command line, notes, files


def test_the_command_line_wins_and_none_leaves_the_file_alone():
    config = parse("[osc]\n[interaction]\nthreshold = 2").config

    changed, problems = override(
        config,
        {"interaction.threshold": None, "interaction.mode": "battle", "osc.server_ip": "0.0.0.0", "verbose": True},
    )

    assert problems == []
    assert (changed.interaction.threshold, changed.interaction.mode) == (2, Mode.BATTLE)
    assert changed.osc.server_ip == "0.0.0.0"
    assert changed.verbose
    assert not config.verbose


def test_the_command_line_is_checked_like_a_file_and_what_is_good_in_it_holds():
    wishes = {"interaction.threshold": -1.0, "model.pitemp": 0.0, "model.timescale": 2.0, "osc.server_ip": "0.0.0.0"}

    changed, problems = override(Config(), wishes, {"interaction.threshold": "--threshold"})

    assert problems == [
        "--threshold must be a number above 0 (the default is 0.1); found -1.0",
        "[model] pitemp must be a number above 0 (the default is 1.0); found 0.0",
        "[osc] server_ip cannot be set: the configuration has no section [osc]",
    ]
    assert changed == override(Config(), {"model.timescale": 2.0})[0]


@pytest.mark.parametrize(
    ("address", "notes"),
    [("127.0.0.1", 0), ("localhost", 0), ("::1", 0), ("0.0.0.0", 1), ("::", 1), ("192.168.1.4", 1)],
)
def test_a_server_that_others_can_reach_is_said(address, notes):
    config, _ = override(parse("[osc]").config, {"osc.server_ip": address})

    assert sum("open to your network" in note for note in notes_on(config, None)) == notes


def test_mappings_of_another_length_than_the_model_are_said():
    config = parse('[websocket]\ninput = [["note_on", 1]]\noutput = [["note_on", 1], ["note_on", 1]]').config

    assert notes_on(config, 2) == ("[websocket] input has 1 entries for 2 controls: the last 1 unset",)
    assert notes_on(config, 1) == ("[websocket] output has 2 entries for 1 controls: the last 1 ignored",)
    assert notes_on(config, None) == ()


def test_a_configuration_that_can_hear_nothing_says_so():
    assert notes_on(Config(), None) == (
        "no channel is on, so nothing can be heard: add [osc], [websocket], [midi], [serial] or [serialmidi]",
    )


def test_a_flat_mapping_without_a_device_is_said():
    loaded = parse('[midi]\nin_device = []\ninput = [["note_on", 1]]')

    assert loaded.config.midi.input == {}
    assert loaded.notes == ("[midi] input is not used: in_device names no device",)


def test_files_are_looked_for_from_the_working_folder_and_then_beside_the_config(tmp_path, monkeypatch):
    here, beside = tmp_path / "here", tmp_path / "beside"
    for folder in (here, beside):
        folder.mkdir()
    (beside / "model.tflite").touch()
    monkeypatch.chdir(here)

    assert find_file("model.tflite", beside) == beside / "model.tflite"
    (here / "model.tflite").touch()
    assert find_file("model.tflite", beside) == here / "model.tflite"
    assert find_file("other.tflite", beside) is None
    assert places("other.tflite", beside) == (here / "other.tflite", beside / "other.tflite")


def test_the_manual_page_is_current():
    page = REPOSITORY / "docs" / "reference" / "config.md"

    assert page.read_text(encoding="utf-8") == reference(), (
        "run: python -m impsy.config.reference > docs/reference/config.md"
    )


def test_the_page_of_mappings_shows_every_entry_as_it_is_read():
    page = (REPOSITORY / "docs" / "reference" / "mappings.md").read_text(encoding="utf-8")
    examples = [parse(text) for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]

    assert [problem for example in examples for problem in example.problems] == []
    assert {type(entry) for entry in examples[-1].config.serialmidi.input} == {kind for kind, _, _ in TABLES.values()}


def test_loading_stays_light():
    heavy = {"numpy", "asyncio", "tensorflow", "difflib", "json"}
    script = f"""
import sys
from pathlib import Path
from impsy.config.load import load_config
load_config(Path({str(DEFAULT)!r}))
print(*sorted({heavy!r} & set(sys.modules)))
"""

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPOSITORY)

    assert ran.stdout.strip() == ""


EXTENDED = """
[midi]
virtual = true
backend = "jack"
panic = ["control_change", 1, 64]
output = [
    {type = "note_on", channel = 1, gate = 0.2, low = 36, high = 84},
    {type = "control_change_14", channel = 2, msb = 7},
    {type = "aftertouch", channel = 3},
    {type = "poly_aftertouch", channel = 4, note = 60},
    ["control_change", 16, 1],
]
"""


def test_entries_may_be_tables_and_say_more() -> None:
    loaded = parse_config(EXTENDED, "test", Path())

    assert loaded.problems == ()
    assert loaded.config.midi is not None
    assert loaded.config.midi.panic == ControlButton(0, 64)
    assert loaded.config.midi.output == {
        "IMPSY Out": (
            NoteEntry(0, gate=0.2, low=36, high=84),
            FineControlEntry(1, 7),
            AftertouchEntry(2),
            PolyAftertouchEntry(3, 60),
            ControlEntry(15, 1),
        )
    }


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('{type = "note_on"}', "must have channel"),
        ('{type = "note_on", channel = 1, gate = 0}', "gate must be a number of seconds above 0, up to 60; found 0"),
        ('{type = "note_on", channel = 1, gate = true}', "gate must be a number of seconds"),
        ('{type = "note_on", channel = 1, gait = 1}', 'gait is no known key of note_on; did you mean "gate"?'),
        ('{type = "noteon", channel = 1}', 'did you mean "note_on"?'),
        ("{channel = 1}", "needs a type"),
        ('{type = "control_change_14", channel = 1, msb = 32}', "msb must be a whole number from 0 to 31; found 32"),
        ('["control_change_14", 1, 7]', "this kind of entry is written as a table"),
    ],
)
def test_a_wrong_table_is_told_in_words(entry: str, told: str) -> None:
    loaded = parse_config(f"[websocket]\ninput = [{entry}]", "test", Path())

    assert len(loaded.problems) == 1
    assert told in loaded.problems[0]


@pytest.mark.parametrize("button", ['["note_on", 1]', '["pitch_bend", 1, 1]', '["note_on", 0, 1]', "1"])
def test_a_wrong_button_is_told(button: str) -> None:
    loaded = parse_config(f"[midi]\npanic = {button}", "test", Path())

    assert len(loaded.problems) == 1
    assert loaded.problems[0].startswith("[midi] panic")
