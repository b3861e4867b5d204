"""`impsy ports`: what is there by the names that a configuration takes; nothing there is no error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jack import Jack

from impsy.adapters.sockets import lan_address, own_addresses

START = Path(__file__).parents[1] / "start_impsy.py"


def ports(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(START), "ports", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | variables, check=False)


def test_a_machine_without_midi_says_so_in_one_line_and_lists_the_rest() -> None:
    done = ports("--backend", "jack", JACK_DEFAULT_SERVER="nobody at all", JACK_NO_START_SERVER="1")

    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert [line for line in lines if line.startswith("MIDI")] == lines[:1]
    assert lines[0].startswith("MIDI       none")
    assert {line.split()[0] for line in lines[1:]} == {"serial", "network"}
    assert "Traceback" not in done.stderr


def test_scripts_get_one_object() -> None:
    listed = json.loads(ports("--json").stdout)

    assert set(listed) == {"midi", "serial", "network"}
    assert [one["address"] for one in listed["network"]] == [address for address, _ in own_addresses()]


def test_the_address_that_leads_to_the_network_comes_first_and_no_other_is_of_this_machine_alone() -> None:
    addresses = [address for address, _ in own_addresses()]

    assert addresses[:1] == list(filter(None, [lan_address()])) or lan_address() is None
    assert not any(address.startswith("127.") for address in addresses)


@pytest.mark.slow
def test_midi_ports_are_listed_by_the_names_to_write() -> None:
    mido = pytest.importorskip("mido")
    with Jack(), mido.open_output("knobs", virtual=True, client_name="gear", api="UNIX_JACK"):
        lines = ports("--backend", "jack").stdout.splitlines()
        listed = json.loads(ports("--backend", "jack", "--json").stdout)["midi"]

    assert any(line.startswith('MIDI in    "gear:knobs"') for line in lines)
    assert listed["system"] == "jack"
    assert "gear:knobs" in listed["inputs"]
