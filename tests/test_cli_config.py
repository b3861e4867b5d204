"""`impsy config`: what is wrong with a file, all at once, and what holds in the end."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from impsy.cli.main import impsy
from impsy.config.load import load_config, parse_config

BROKEN = '[interaction]\ntreshold = 1\n[osc]\nserver_port = 0\n[model]\nfile = "gone.tflite"'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def config(*arguments: str) -> Result:
    return CliRunner().invoke(impsy, ["config", *arguments])


def test_all_that_is_wrong_is_told_at_once_and_ends_with_1() -> None:
    Path("bad.toml").write_text(BROKEN)

    done = config("check", "bad.toml")

    wrong = [line for line in done.stdout.splitlines() if line.startswith("wrong")]
    assert done.exit_code == 1
    assert ["treshold" in wrong[0], "server_port" in wrong[1], "gone.tflite" in wrong[2], len(wrong)] == [1, 1, 1, 3]
    assert all("bad.toml: " in line for line in wrong)


def test_several_files_are_checked_and_each_told_by_name() -> None:
    Path("good.toml").write_text('[osc]\nserver_ip = "0.0.0.0"\n[model]\ndimension = 9')
    Path("bad.toml").write_text("[osc")

    done = config("check", "good.toml", "bad.toml", "missing.toml")

    assert done.exit_code == 1
    assert 'note       good.toml: [osc] server_ip = "0.0.0.0": open to your network' in done.stdout
    assert "ok         good.toml: callresponse, random walk, 8 controls (dimension 9)" in done.stdout
    assert re.search(r"^wrong +bad.toml: it is not valid TOML", done.stdout, re.MULTILINE)
    assert re.search(r"^wrong +missing.toml: there is no such file", done.stdout, re.MULTILINE)


def test_without_a_file_what_run_would_play_is_checked_and_no_folder_is_made(tmp_path: Path) -> None:
    done = config("check")

    assert done.exit_code == 0
    assert done.stdout.startswith("ok         the bundled default: callresponse, musicMDRNN-dim3")
    assert list(tmp_path.iterdir()) == []


def test_what_is_shown_is_the_configuration_that_it_shows() -> None:
    text = '[osc]\n[websocket]\ninput = [["note_on", 1], {type = "note_on", channel = 2, gate = 0.5}]'
    Path("mine.toml").write_text(text)

    done = config("show", "-c", "mine.toml", "--threshold", "0.25", "--host", "0.0.0.0", "--quiet")

    shown = tomllib.loads(done.stdout)
    assert done.exit_code == 0
    assert (shown["interaction"]["threshold"], shown["osc"]["server_ip"], shown["verbose"]) == (0.25, "0.0.0.0", False)
    again = parse_config(done.stdout, "shown", Path()).config
    assert again.websocket is not None
    assert again.websocket.input == load_config(Path("mine.toml")).config.websocket.input  # type: ignore[union-attr]


def test_each_value_says_whether_file_option_or_default_gave_it() -> None:
    Path("mine.toml").write_text("[osc]\nserver_port = 7000\n[model]\ndimension = 4")

    lines = config("show", "-c", "mine.toml", "--threshold", "0.25").stdout.splitlines()

    told = {line.split(" = ")[0]: line.partition("# ")[2] for line in lines if " = " in line}
    assert told["server_port"] == "mine.toml"
    assert told["threshold"] == "option --threshold"
    assert told["client_port"] == "default"
    assert "# file is not set: a random walk plays" in lines


def test_a_model_of_the_command_line_tells_its_own_dimension() -> None:
    Path("mine.toml").write_text('[osc]\n[model]\nfile = "other.tflite"\ndimension = 9')

    done = config("show", "-c", "mine.toml", "starter:pad")

    assert '\nfile = "starter:pad"  # option MODEL\n' in done.stdout
    assert "\n# dimension is not set: it is 3, as the model file says\n" in done.stdout
    assert "\n# size is not set: the model file is of size xs\n" in done.stdout


def test_what_run_would_refuse_is_refused_in_the_same_words() -> None:
    Path("bad.toml").write_text(BROKEN)

    done = config("show", "-c", "bad.toml", "--pi-temp", "0")

    problems = str(done.exception).splitlines()[1:]
    assert done.stdout == ""
    assert len(problems) == 4
    assert any("--pi-temp must be a number above 0" in problem for problem in problems)
