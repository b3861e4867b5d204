"""The help of every command tells all that a user has to know of it."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from impsy.cli.main import COMMANDS, impsy


def commands(group: click.Group, *names: str) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group with the words that call it."""
    found: list[tuple[tuple[str, ...], click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*names, name), command))
        found += commands(command, *names, name) if isinstance(command, click.Group) else []
    return found


@pytest.mark.parametrize(("names", "command"), commands(impsy))
def test_every_option_says_what_it_does_and_what_holds_without_it(
    names: tuple[str, ...], command: click.Command
) -> None:
    shown = re.sub(r"\s+", " ", CliRunner().invoke(impsy, [*names, "--help"]).output)

    assert command.get_short_help_str()
    for option in (parameter for parameter in command.params if isinstance(parameter, click.Option)):
        assert option.help, option.name
        if isinstance(option.default, str | int | float) and option.default is not False:
            assert option.show_default, option.name
        assert option.opts[-1] in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_reference(name: str) -> None:
    page = Path(__file__).parents[1] / "docs/reference/commands.md"

    assert f"| [`{name}`](#" in page.read_text("utf-8"), f"docs/reference/commands.md has no row for {name}"
