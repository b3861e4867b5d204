"""A configuration written as TOML is the same when it is read again, whatever stands in it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.config.load import load_config, parse_config
from impsy.config.mappings import DATA, TABLES, write_entry
from impsy.config.schema import SECTIONS, TOP, Config, Midi, Model, Osc, Serial, SerialMidi, WebSocket
from impsy.config.wording import toml_text
from impsy.config.writing import DEFAULT, config_text
from impsy.core.mapping import ControlButton, ControlEntry, NoteButton, NoteEntry

PEERS = Path(__file__).parent / "configs"

TEXTS = st.text(max_size=12)
LISTS = st.lists(TEXTS, max_size=2).map(tuple)
NAMES = st.text(min_size=1, max_size=12)
DATA_BYTES = st.integers(*DATA)
NUMBERS = {
    "channel": st.integers(0, 15),
    "msb": st.integers(0, 31),
    "velocity": st.integers(1, 127),
    "gate": st.floats(min_value=0.001, max_value=60),
}


@st.composite
def entries(draw):
    kind, required, optional = TABLES[draw(st.sampled_from(list(TABLES)))]
    keys = [*required, *(key for key in optional if draw(st.booleans()))]
    return kind(**{key: draw(NUMBERS.get(key, DATA_BYTES)) for key in keys})


MAPPINGS = st.lists(entries(), max_size=4).map(tuple)
DEVICES = st.dictionaries(NAMES, MAPPINGS, max_size=3)
BUTTONS = (
    st.none()
    | st.builds(NoteButton, NUMBERS["channel"], DATA_BYTES)
    | st.builds(ControlButton, NUMBERS["channel"], DATA_BYTES)
)
CONFIGS = st.builds(
    Config,
    title=TEXTS,
    verbose=st.booleans(),
    metadata=st.dictionaries(NAMES.filter(lambda name: name not in (*TOP, *SECTIONS)), TEXTS, max_size=3),
    model=st.builds(
        Model,
        file=st.none() | NAMES,
        dimension=st.none() | st.integers(2, 99),
        sigmatemp=st.floats(0, 1e300),
        timescale=st.floats(0, 1e-4),
    ),
    osc=st.none() | st.builds(Osc, server_ip=TEXTS, output_address=st.just(("/a", "/b/c"))),
    websocket=st.none()
    | st.builds(
        WebSocket,
        input=st.none() | MAPPINGS,
        output=st.none() | MAPPINGS,
        origins=LISTS,
    ),
    midi=st.none()
    | st.builds(
        Midi,
        in_device=LISTS,
        input=DEVICES,
        output=DEVICES,
        thru_matrix=st.dictionaries(NAMES, LISTS, max_size=2),
        panic=BUTTONS,
    ),
    serial=st.none() | st.builds(Serial, port=NAMES),
    serialmidi=st.none() | st.builds(SerialMidi, port=NAMES, input=st.none() | MAPPINGS, panic=BUTTONS),
)


def read_again(config):
    loaded = parse_config(config_text(config, lambda key: "a test"), "written", Path())

    assert loaded.problems == ()
    return loaded.config


@given(CONFIGS)
def test_any_configuration_is_the_same_when_it_is_read_again(config):
    assert read_again(config) == config


@pytest.mark.parametrize("name", ["peer-2024.toml", "peer-many-ports.toml"])
def test_the_configurations_of_our_peers_are_the_same_when_they_are_read_again(name):
    config = load_config(PEERS / name).config

    assert read_again(config) == config


@given(st.text())
def test_any_text_is_itself_in_toml(text):
    assert tomllib.loads(f"key = {toml_text(text)}") == {"key": text}


def test_an_entry_is_an_array_where_that_can_say_it():
    assert write_entry(NoteEntry(0)) == ["note_on", 1]
    assert write_entry(NoteEntry(15, 90)) == ["note_on", 16, 90]
    assert write_entry(ControlEntry(0, 74, minimum=20)) == ["control_change", 1, 74, 20, 127]
    assert write_entry(NoteEntry(0, 90, low=36)) == {"type": "note_on", "channel": 1, "velocity": 90, "low": 36}


def test_every_value_says_where_it_comes_from():
    text = config_text(Config(osc=Osc(server_port=7000)), lambda key: "mine.toml" if key.endswith("_port") else DEFAULT)

    assert "server_port = 7000                # mine.toml" in text.splitlines()
    assert "# [midi] is off" in text.splitlines()
