"""`impsy doctor`: whether this machine can play, and what to do where it cannot."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from impsy.cli.checks import Finding


@click.command()
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="The configuration to examine.  [default: what impsy run would play]",
)
@click.option(
    "-l", "--logdir", type=click.Path(path_type=Path), default="logs", show_default=True, help="Where logs go."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for scripts.")
def command(config_file: Path | None, logdir: Path, as_json: bool) -> None:
    """Examine this machine: one line for each check, ok or what to do. Ends with 1 if something does not work."""
    import msgspec

    from impsy.cli.checks import Level

    broken = False
    for finding in _examine(config_file, logdir):
        broken |= finding.level is Level.WRONG
        click.echo(msgspec.json.encode(finding).decode() if as_json else _line(finding))
    sys.exit(1 if broken else 0)


def _examine(config_file: Path | None, logs: Path) -> Iterator["Finding"]:
    """Every finding as soon as it is there; about four seconds in all."""
    from impsy.cli import checks
    from impsy.cli.stage import read_config

    yield from checks.python()
    yield from checks.packages()
    yield from checks.training()
    findings, config, stage = checks.configuration(read_config(config_file))
    yield from findings
    yield from checks.servers(config, stage)
    yield from checks.midi(config)
    yield from checks.serial(config)
    yield from checks.disk(logs)
    yield from checks.models(stage, Path("models"))
    yield from checks.priority()
    yield from checks.waiting()


def _line(finding: "Finding") -> str:
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"{finding.level:<10} {finding.check:<10} {finding.found}{advice}"
