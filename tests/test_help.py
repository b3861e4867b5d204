"""The help of every command tells all that a user has to know of it."""

import re

import click
import pytest
from click.testing import CliRunner

from impsy.cli.main import COMMANDS, impsy


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does_and_what_holds_without_it(name: str) -> None:
    context = click.Context(impsy)
    command = impsy.get_command(context, name)
    shown = re.sub(r"\s+", " ", CliRunner().invoke(impsy, [name, "--help"]).output)

    assert command is not None
    assert command.get_short_help_str()
    for option in (parameter for parameter in command.params if isinstance(parameter, click.Option)):
        assert option.help, option.name
        if isinstance(option.default, str | int | float) and option.default is not False:
            assert option.show_default, option.name
        assert option.opts[-1] in shown
