"""A configuration is edited as a careful hand would: the comments and everything that was not meant stay."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.config.edit import EditError, edited, plain, retitled
from impsy.config.load import parse_config
from impsy.config.mappings import write_entry
from impsy.core.mapping import (
    AftertouchEntry,
    BendEntry,
    ControlEntry,
    FineControlEntry,
    NoEntry,
    NoteEntry,
    PolyAftertouchEntry,
    VelocityEntry,
)

BUNDLED = files("impsy.config").joinpath("default.toml").read_text("utf-8")
MAPPING = (ControlEntry(0, 21), FineControlEntry(1, 1), NoEntry(), NoteEntry(2))
REMARKS = {"midi": "learned"}

channels, numbers = st.integers(0, 15), st.integers(0, 127)
entries = st.one_of(
    st.builds(NoteEntry, channels),
    st.builds(NoteEntry, channels, st.integers(1, 127), st.none() | st.just(0.2), numbers, numbers),
    st.builds(VelocityEntry, channels),
    st.builds(ControlEntry, channels, numbers),
    st.builds(ControlEntry, channels, numbers, numbers, numbers),
    st.builds(FineControlEntry, channels, st.integers(0, 31)),
    st.builds(BendEntry, channels),
    st.builds(AftertouchEntry, channels),
    st.builds(PolyAftertouchEntry, channels, numbers),
    st.just(NoEntry()),
)
mappings = st.lists(entries, min_size=1, max_size=9).map(tuple)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)

# Sections as people write them; «C» becomes a comment that nobody else has.
TOPS = ["", 'title = "mine"  # C\n', "# C\nverbose = true # C\n\n"]
SECTIONS = [
    "[interaction] # C\nmode = 'battle'\n# C\n",
    '[model]\n# C\nfile = "models/mine.tflite"   # C\ndimension = 3 # C\n\n# C\n\n',
    "[model] # C\n",
    '[model]\nsize = "s"',
    "[osc]\n",
    '[webui]\nmonitor_port = 4000 # C\n[elsewhere]\n"x y" = [1, 2]  # C\n',
]
MIDIS = [
    "",
    "[midi] # C\n",
    '[midi]\nin_device = "old" # C\ninput = [["note_on", 1]] # C\n# C\nfeedback_protection = true\n',
    '[midi]\nin_device = ["a", "b"]\n# C\ninput = {"a" = [["note_on", 1]]}  # C\n\n\n',
    '[midi]\nvirtual = true # C\n\n# C\n[midi.input] # C\n"a" = [] # C\nK = []\n\n# C\n[midi.output]\n"s" = [] # C\n',
    '[midi.input]\n"Knobs" = [["note_on", 1]] # C\n',
    '[midi]\ninput."Knobs" = [["note_on", 1]] # C\n',
]


@st.composite
def configurations(draw):
    parts = [*draw(st.lists(st.sampled_from(SECTIONS), unique_by=lambda text: text[:5])), draw(st.sampled_from(MIDIS))]
    text = draw(st.sampled_from(TOPS)) + "\n".join(draw(st.permutations(parts)))
    pieces = text.split("# C")
    numbered = "".join(f"{piece}# remark {number}." for number, piece in enumerate(pieces[:-1])) + pieces[-1]
    return numbered.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(mappings)
def test_what_is_written_of_a_mapping_is_read_again(mapping):
    text = edited("", {"midi": {"in_device": ["x"], "input": {"x": mapping}}}, REMARKS)
    loaded = parse_config(text, "a test", Path())

    assert loaded.problems == ()
    assert loaded.config.midi.input == {"x": mapping}


@given(configurations(), names, mappings, st.booleans())
def test_for_any_configuration_an_edit_keeps_comments_and_other_keys_and_loads(text, device, mapping, with_output):
    changes = {
        "model": {"dimension": len(mapping) + 1},
        "midi": {"in_device": [device], "input": {device: mapping}},
    }
    if with_output:
        changes["midi"] |= {"out_device": [device], "output": {device: mapping}}
    off = {"model": "file"} if "\nfile" in text else {}

    result = edited(text, changes, REMARKS, off)

    before, after = tomllib.loads(text), tomllib.loads(result)
    for section, keys in after.items():
        if isinstance(keys, dict):
            for key, value in keys.items():
                assert value == plain(changes.get(section, {}).get(key, before.get(section, {}).get(key)))
        else:
            assert keys == before[section]
    assert before.keys() <= after.keys()
    assert "file" not in after["model"]
    for number in range(text.count("# remark")):
        assert f"# remark {number}." in result
    assert (result.count("\r\n") == result.count("\n")) == (
        text.count("\r\n") == text.count("\n") > 0 or "\n" not in result
    )
    loaded = parse_config(result, "a test", Path())
    assert loaded.problems == ()
    assert loaded.config.midi.input == {device: mapping}


def test_the_bundled_configuration_learns_and_stays_readable():
    result = edited(
        BUNDLED,
        {"model": {"dimension": 5}, "midi": {"in_device": ["Knobs"], "input": {"Knobs": MAPPING}}},
        REMARKS,
        {"model": "file"},
    )

    assert result.startswith(BUNDLED.partition("[model]")[0])
    assert '\n# file = "starter:pad"          # a small model' in result
    assert "\ndimension = 5                   # the number of controls" in result
    assert result.endswith(
        """
[midi]
# learned
in_device = ["Knobs"]

[midi.input]
"Knobs" = [
    ["control_change", 1, 21],                           # control 1
    {type = "control_change_14", channel = 2, msb = 1},  # control 2
    {type = "none"},                                     # control 3
    ["note_on", 3],                                      # control 4
]
"""
    )


def test_a_second_edit_replaces_the_first_without_a_trace():
    def learn(text, device, mapping):
        changes = {"in_device": [device], "input": {device: mapping}}
        return edited(text, {"midi": changes}, REMARKS)

    once = learn(BUNDLED, "Knobs", MAPPING)

    assert learn(learn(BUNDLED, "Keys", MAPPING[:1]), "Knobs", MAPPING) == once
    assert learn(once, "Knobs", MAPPING) == once


def test_a_layout_that_is_too_odd_is_left_to_a_hand_and_what_to_write_is_told():
    with pytest.raises(EditError, match="only a hand can edit") as refused:
        edited("midi = {virtual = true}\n", {"midi": {"input": {"K": MAPPING}}}, REMARKS)

    assert '[midi.input]\n"K" = [' in str(refused.value)
    assert parse_config(refused.value.lines, "a test", Path()).config.midi.input == {"K": MAPPING}


def test_a_section_in_pieces_is_edited_or_left_but_never_damaged():
    pieces = "[midi]\nvirtual = true\n[osc]\n[midi.input]\n[model]\n[midi.output]\n"
    try:
        result = edited(pieces, {"midi": {"in_device": ["K"], "input": {"K": MAPPING}}}, REMARKS)
    except EditError:
        return

    assert parse_config(result, "a test", Path()).config.midi.input == {"K": MAPPING}


@given(entries)
def test_an_entry_is_an_array_unless_only_a_table_says_it(entry):
    written = write_entry(entry)

    assert isinstance(written, list | dict)
    assert parse_config(edited("", {"websocket": {"input": (entry,)}}, {}), "", Path()).config.websocket.input == (
        entry,
    )


def test_remarks_stay_in_their_column_when_there_is_room():
    text = edited(retitled(BUNDLED, "Knobs and keys", "Mine."), {"model": {"dimension": 12}}, {})

    column = BUNDLED.splitlines()[6].index("#")
    assert 'title = "Knobs and keys"'.ljust(column) + "# any words of your own\n" in text
    assert "dimension = 12".ljust(column) + "# the number of controls" in text
    assert 'description = "Mine."\n' in text
    assert '"Many words"  # mine' in retitled("title = ''   # mine\ndescription = ''", "Many words", "")
