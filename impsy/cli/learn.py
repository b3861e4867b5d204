"""`impsy learn`: controls are shown, not typed."""

from pathlib import Path
from typing import Any

import click

from impsy.cli.finite import Finite

PATIENCE = 10.0  # seconds, where nobody is asked


@click.command()
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default="config.toml",
    show_default=True,
    help="The configuration to write into; it is made if need be, and its comments stay.",
)
@click.option(
    "--port",
    type=click.Choice(["midi", "osc", "serial", "serialmidi"]),
    default="midi",
    show_default=True,
    help="Where the controls are: MIDI, OSC, lines of numbers over serial, MIDI bytes over serial.",
)
@click.option("--device", metavar="NAME", help="Listen to this device only: its name, or a part of it.")
@click.option("--host", help="OSC: the address to listen on; 0.0.0.0 hears tablets on your network.")
@click.option("--controls", type=click.IntRange(min=1), metavar="N", help="End after so many controls.")
@click.option("--yes", is_flag=True, help="Ask nothing: take each control as soon as it has clearly moved.")
@click.option(
    "--wait",
    type=Finite(min=0.0, min_open=True),
    metavar="SECONDS",
    help="End when nothing new has moved for so long.  [default: with --yes 10 seconds, else never]",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was learned as JSON, too.")
def command(
    config_file: Path,
    port: str,
    device: str | None,
    host: str | None,
    controls: int | None,
    yes: bool,
    wait: float | None,
    as_json: bool,
) -> None:
    """Learn your controller: move its controls one by one, and the mapping is written into a configuration.

    Enter takes the control that moved, s skips one, b goes back, a takes an earlier control again, q ends and writes.
    Without a terminal, the answers are read from the standard input, line by line. Ctrl-C leaves the file as it is.
    """
    from impsy.cli.learned import open_target
    from impsy.cli.lessons import learn
    from impsy.cli.talk import Talk
    from impsy.cli.teach import Plan

    plan = Plan(yes, controls, PATIENCE if yes and wait is None else wait)
    talk = Talk()
    try:
        told = learn(open_target(config_file), port, device, host, plan, talk)
    except KeyboardInterrupt:
        talk.say(f"stopped    {config_file} is as it was")
        raise SystemExit(1) from None
    finally:
        talk.end()
    if as_json:
        click.echo(_json(told))


def _json(told: dict[str, Any]) -> str:
    import json

    return json.dumps(told, ensure_ascii=False)
