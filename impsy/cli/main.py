"""The command `impsy`: a table of commands, each imported only when it is called."""

import importlib
import sys
from collections.abc import Sequence

import click

from impsy import __version__
from impsy.errors import ImpsyError

COMMANDS = {  # name: (module, one line for --help); the order is that of a first day with impsy
    "run": ("impsy.cli.run", "Play: listen, predict, answer, log."),
    "learn": ("impsy.cli.learn", "Learn your controller: wiggle its controls, and the mapping is written."),
    "trim": ("impsy.cli.trim", "Cut a stretch out of a log, or a log into pieces."),
    "dataset": ("impsy.cli.dataset", "Collect logs or MIDI files into a dataset."),
    "train": ("impsy.cli.train", "Train a model on a dataset."),
    "info": ("impsy.cli.info", "Tell what a model is, where it comes from, and how quick it is here."),
    "convert": ("impsy.cli.convert", "Make the .tflite that plays of any other model file."),
    "evaluate": ("impsy.cli.evaluate", "Score models on performances, beside baselines."),
    "compare": ("impsy.cli.compare", "Tell which of two models is better."),
    "generate": ("impsy.cli.generate", "Let a model play alone, into a log or a MIDI file."),
    "replay": ("impsy.cli.replay", "Play a log or a dataset as OSC, at its recorded timing."),
    "init": ("impsy.cli.init", "Make a folder ready to play, record and train in."),
    "ports": ("impsy.cli.ports", "List MIDI and serial ports, and this machine's network addresses."),
    "monitor": ("impsy.cli.monitor", "Show what arrives on any port, and which control it sets."),
    "doctor": ("impsy.cli.doctor", "Examine this machine: can it play, and what to do where it cannot."),
    "config": ("impsy.cli.config", "Check a configuration, or show what holds."),
}


class LazyGroup(click.Group):
    """A group that lists its commands without importing them: `--help` stays quick, and light."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="impsy")
def impsy() -> None:
    """A predictive music server: play, and it answers; record, and it learns to play like you."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a mistake that a person can mend is told in words and ends with 1, never in a traceback."""
    try:
        impsy.main(args=None if arguments is None else list(arguments), prog_name="impsy", standalone_mode=True)
    except ImpsyError as error:
        click.echo(f"impsy: {error}", err=True)
        sys.exit(1)
