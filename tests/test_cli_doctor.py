"""`impsy doctor`: what works is ok, what does not is wrong and says what to do, and the rest is only said."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from jack import Jack
from peers import free_port

from impsy.cli import checks
from impsy.cli.checks import Level
from impsy.cli.main import impsy
from impsy.config.load import parse_config
from impsy.config.schema import Config
from impsy.runtime.timing import Spread

ROOT = Path(__file__).parents[1]
STARTERS = ROOT / "impsy/starters"
DATA = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(findings) -> list[tuple[str, str]]:
    return [(finding.level.value, finding.found) for finding in findings]


def test_a_machine_that_can_play_is_examined_to_the_end_and_left_as_it_was(tmp_path: Path) -> None:
    Path("config.toml").write_text(f"[osc]\nserver_port = {free_port(socket.SOCK_DGRAM)}\n[model]\nfile='starter:pad'")

    done = CliRunner().invoke(impsy, ["doctor", "--json"])

    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0, done.stdout
    assert {"python", "packages", "training", "config", "ports", "midi", "serial", "disk", "model", "timing"} <= {
        finding["check"] for finding in findings
    }
    assert all(finding["level"] in ("ok", "note") for finding in findings)
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_port_that_somebody_else_has_is_wrong_and_one_of_ours_is_given_back() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        config = parse_config(f"[osc]\nserver_port = {port}", "test", Path()).config

        ((level, found),) = told(checks.servers(config, None))

    assert (level, f"UDP 127.0.0.1:{port}: in use" in found) == ("wrong", True)
    assert told(checks.servers(config, None)) == [("ok", f"UDP 127.0.0.1:{port} can be had")]
    assert told(checks.servers(config, None)) == [("ok", f"UDP 127.0.0.1:{port} can be had")]


def test_every_model_of_the_folder_is_tried_and_one_that_cannot_be_played_is_wrong(tmp_path: Path) -> None:
    for path in (STARTERS / "musicMDRNN-dim3-layers2-units32-mixtures5-scale10.tflite", DATA / "not-an-mdrnn.tflite"):
        shutil.copy(path, tmp_path)

    findings = list(checks.models(None, tmp_path))

    assert len(findings) == 2
    (wrong,) = [finding for finding in findings if finding.level is Level.WRONG]
    assert "not-an-mdrnn.tflite" in wrong.found
    assert wrong.advice


def test_all_that_is_wrong_with_a_configuration_is_told() -> None:
    loaded = parse_config("[osc]\nserver_port = 0\n[model]\nfile = 'gone.tflite'", "config.toml", Path())

    findings, _, stage = checks.configuration(loaded)

    assert [finding.level for finding in findings[:2]] == [Level.WRONG] * 2
    assert stage is None


def test_a_log_folder_that_is_not_there_yet_needs_room_where_it_will_be(tmp_path: Path) -> None:
    (finding,) = checks.disk(tmp_path / "some" / "logs")

    assert finding.level in (Level.OK, Level.NOTE)
    assert "GiB free" in finding.found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists() or os.name == "nt", reason="no folder that nobody can write")
def test_a_log_folder_that_cannot_be_written_is_wrong() -> None:
    (finding,) = checks.disk(Path("/proc/self/logs"))

    assert finding.level is Level.WRONG
    assert "-l" in finding.advice


def test_a_serial_port_that_is_not_there_may_be_plugged_in_later() -> None:
    config = parse_config('[serial]\nport = "/dev/ttyNobody"', "test", Path()).config

    findings = list(checks.serial(config))

    assert (findings[-1].level, findings[-1].found) == (Level.NOTE, "/dev/ttyNobody is not there")


AS_SOMEBODY_ELSE = """
import grp, os, sys
from pathlib import Path
from impsy.cli import checks
from impsy.config.load import parse_config
config = parse_config(f"[serial]\\nport = '{sys.argv[1]}'", "test", Path()).config
list(checks.serial(config))  # whatever it imports late, while it may
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
for finding in checks.serial(config):
    print(finding.level, finding.found, finding.advice)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no groups of ports")
def test_a_serial_port_that_is_not_yours_to_open_is_wrong_and_says_how_to_be_let_in() -> None:
    with tempfile.NamedTemporaryFile() as port:
        Path(port.name).chmod(0)
        command = [sys.executable, "-c", AS_SOMEBODY_ELSE, port.name]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)

    (wrong,) = [line for line in done.stdout.splitlines() if line.startswith("wrong")]
    assert f"{port.name} is not for you to open" in wrong
    assert "sudo " in wrong


def test_a_machine_without_midi_is_wrong_only_where_a_configuration_asks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi is not installed")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody at all")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    asking = parse_config('[midi]\nbackend = "jack"', "test", Path()).config

    assert [finding.level for finding in checks.midi(asking)] == [Level.WRONG]
    assert all(finding.level is Level.OK for finding in checks.midi(Config()))


@pytest.mark.slow
def test_midi_devices_are_found_by_a_part_of_their_name_or_may_be_plugged_in_later() -> None:
    mido = pytest.importorskip("mido")
    text = '[midi]\nbackend = "jack"\nin_device = ["knobs", "gone"]'
    with Jack(), mido.open_output("knobs", virtual=True, client_name="gear", api="UNIX_JACK"):
        findings = list(checks.midi(parse_config(text, "test", Path()).config))

    assert [finding.level.value for finding in findings] == ["ok", "ok", "note"]
    assert findings[1].found == '"knobs" is gear:knobs'
    assert 'no MIDI input matches "gone"' in findings[2].found


def test_a_spread_is_told_in_milliseconds() -> None:
    spread = Spread.of([0.001] * 99 + [0.5])

    assert str(spread) == "median 1.000 ms, p99 500.000 ms"
