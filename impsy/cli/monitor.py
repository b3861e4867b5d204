"""`impsy monitor`: what arrives on any port, and which control it sets; nothing plays."""

import signal
import sys
from collections.abc import Iterator
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import click

from impsy.errors import ImpsyError

if TYPE_CHECKING:
    from impsy.adapters.heard import Heard
    from impsy.adapters.meaning import Meaning
    from impsy.config.schema import Config

MOST_WAITING = 10_000  # messages that a slow terminal may be behind; beyond, they are counted
OURS = "an impsy that runs has its ports for itself: end it first, or have it print what it hears with --verbose"
NO_CHANNEL = "no channel is on in the configuration"
ASK_AGAIN = 0.5  # seconds: a wait without end does not hear Ctrl-C everywhere


@click.command()
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="Whose ports to open.  [default: config.toml if it is here, else all MIDI inputs, and OSC on port 6000]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for scripts.")
def command(config_file: Path | None, as_json: bool) -> None:
    """Show what arrives, message by message, with the control that it sets. Nothing plays; Ctrl-C ends it."""
    from impsy.adapters.ears import build_ears
    from impsy.adapters.meaning import Interpreter
    from impsy.cli.stage import OWN_CONFIG
    from impsy.config.schema import Config, Midi, Osc

    if isinstance(sys.stdout, TextIOWrapper):  # a terminal that lacks a letter shows another, and goes on
        sys.stdout.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loaded = config_file is not None or OWN_CONFIG.is_file()
    config, controls = _config(config_file) if loaded else (Config(osc=Osc(), midi=Midi()), None)
    heard = _Queue()
    ears, problems = build_ears(config, controls, heard.tell, any_midi=None if loaded else "")
    for problem in problems:
        click.echo(f"not heard  {problem}", err=True)
    if any("in use" in str(problem) for problem in problems):
        click.echo(f"           {OURS}", err=True)
    if not ears:
        raise ImpsyError("there is nothing to listen to" + ("" if problems else f": {NO_CHANNEL}"))
    try:
        for ear in ears:
            ear.open()
        click.echo(f"listening  {', '.join(ear.name for ear in ears)}; Ctrl-C ends it", err=True)
        interpreter = Interpreter(config, controls)
        for at, what in heard.each():
            for meaning in interpreter.meanings(what):
                click.echo(_json(at, meaning) if as_json else _line(at, meaning))
    except KeyboardInterrupt:
        pass
    finally:
        for ear in ears:
            ear.close()


class _Queue:
    """What was heard, with its time, from the threads that hear to the one that prints."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[tuple[datetime, Heard]] = SimpleQueue()
        self._left_out = 0

    def tell(self, what: "Heard") -> None:
        """Keep it, without waiting; any thread."""
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put((datetime.now(), what))
        else:
            self._left_out += 1

    def each(self) -> "Iterator[tuple[datetime, Heard]]":
        """Everything in order, for ever."""
        while True:
            try:
                yield self._waiting.get(timeout=ASK_AGAIN)
            except Empty:
                if self._left_out:
                    click.echo(f"left out   {self._left_out} messages: more came than the terminal took", err=True)
                    self._left_out = 0


def _config(path: Path | None) -> "tuple[Config, int | None]":
    """The configuration whose ports are opened, and its number of controls, if anything tells it."""
    from impsy.cli.stage import read_config, set_stage
    from impsy.config.schema import dimension_of_mappings

    loaded = read_config(path)
    if loaded.problems:
        raise ImpsyError("\n".join(f"{loaded.source}: {problem}" for problem in loaded.problems))
    config, stage, _ = set_stage(loaded, {}, None, None)  # a model that is missing is no matter here
    dimension = stage.predictor.spec.dimension if stage else config.model.dimension or dimension_of_mappings(config)
    return config, dimension - 1 if dimension else None


def _line(at: datetime, meant: "Meaning") -> str:
    """One message for people: when, where, what, and what of it."""
    sets = ", ".join(f"x{index + 1} = {_clipped(value):.3f}" for index, value in meant.changes)
    meaning = f"  → {sets}" if sets else f"  ({meant.why})" if meant.why else ""
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03}  {meant.port:<10}  {meant.words}{meaning}"


def _json(at: datetime, meant: "Meaning") -> str:
    """One message for scripts; controls are counted from 1."""
    import msgspec

    sets = [{"control": index + 1, "value": _clipped(value)} for index, value in meant.changes]
    line = {"time": at.isoformat(), "port": meant.port, "message": meant.words, "sets": sets, "why": meant.why}
    return msgspec.json.encode(line).decode()


def _clipped(value: float) -> float:
    """As it is played."""
    return min(max(value, 0.0), 1.0)
