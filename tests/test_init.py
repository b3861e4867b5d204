"""A workspace for a newcomer."""

from pathlib import Path

from click.testing import CliRunner

from impsy.cli.init import command
from impsy.cli.stage import read_config
from impsy.config.load import load_config


def test_a_new_workspace_has_a_config_that_loads_and_the_three_folders(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "studio")])

    assert result.exit_code == 0
    assert {path.name for path in (tmp_path / "studio").iterdir()} == {"config.toml", "logs", "datasets", "models"}
    assert load_config(tmp_path / "studio" / "config.toml").config == read_config(None).config
    assert "impsy run" in result.output


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("title = 'mine'\n")

    result = CliRunner().invoke(command, [str(tmp_path)])

    assert "kept" in result.output
    assert (tmp_path / "config.toml").read_text() == "title = 'mine'\n"


def test_a_place_that_cannot_be_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = CliRunner().invoke(command, [str(tmp_path / "file" / "studio")])

    assert "cannot be made" in str(result.exception)
