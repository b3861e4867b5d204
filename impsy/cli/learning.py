"""How a training run is told: on a terminal, in plain lines elsewhere, or in JSON lines for a program."""

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from impsy.training.checkpoint import Epoch
    from impsy.training.train import Started, Trained


class Progress(StrEnum):
    """The ways to tell; `AUTO` is `TERMINAL` where there is one, else `LINES`."""

    AUTO = "auto"
    TERMINAL = "terminal"
    LINES = "lines"
    JSON = "json"


class InWords:
    """Talk on standard error, and the files that came out on standard output."""

    def __init__(self, *, in_place: bool) -> None:
        self._in_place = in_place  # each epoch takes the place of the one before

    def started(self, run: "Started") -> None:
        """Say what is learned from."""
        if run.plan.because:
            click.echo(f"size       {run.plan.because}", err=True)
        click.echo(
            f"learning   from {run.learned:,} interactions, {run.held_out:,} held out; "
            f"size {run.plan.size}, {run.device}, seed {run.plan.seed}"
            + (f"; goes on after epoch {run.epochs}" if run.epochs else ""),
            err=True,
        )

    def epoch(self, epoch: "Epoch") -> None:
        """Say how far it is."""
        if epoch.number == 0:
            click.echo(f"begins     with a held-out loss of {epoch.held_out:.3f} nats per interaction", err=True)
            return
        left = f"{epoch.seconds_left // 60:.0f} min {epoch.seconds_left % 60:02.0f} s"
        line = (
            f"epoch {epoch.number:>3} of {epoch.of}  loss {epoch.loss:.3f}  held out {epoch.held_out:.3f}  "
            f"at most {left} left{'  best' if epoch.best else ''}"
        )
        click.echo(f"\r\x1b[K{line}" if self._in_place else line, err=True, nl=not self._in_place)

    def learned(self) -> None:
        """Say what goes on while nothing moves."""
        end = "\r\x1b[K" if self._in_place else ""
        click.echo(f"{end}listens    to how it plays alone, some seconds; Ctrl-C leaves that out", err=True)

    def trained(self, result: "Trained") -> None:
        """Say what came out."""
        click.echo(f"kept       {_kept(result)}", err=True)
        if result.sigmatemp is not None:
            click.echo(f"plays      most like you at sigmatemp {result.sigmatemp:g}, which `impsy run` takes", err=True)
        click.echo(result.keras_path)
        click.echo(result.lite_path)
        click.echo(f"the run    {result.run}", err=True)
        click.echo(f"next       impsy run {result.lite_path}", err=True)


def _kept(result: "Trained") -> str:
    if result.best is result.before:
        return f"the model it began with: no epoch was better than {result.best.held_out:.3f} nats per interaction"
    text = f"epoch {result.best.number}: held-out loss {result.best.held_out:.3f} nats per interaction"
    return text if result.before is None else f"{text}; the model it began with: {result.before.held_out:.3f}"


class InJson:
    """A JSON object a line on standard output: `started`, every `epoch`, `learned`, and what was `trained`."""

    def started(self, run: "Started") -> None:
        """Tell the whole plan of the run."""
        self._tell("started", asdict(run))

    def epoch(self, epoch: "Epoch") -> None:
        """Tell an epoch."""
        self._tell("epoch", asdict(epoch))

    def learned(self) -> None:
        """Tell that there are no more epochs."""
        self._tell("learned", {})

    def trained(self, result: "Trained") -> None:
        """Tell the files."""
        self._tell("trained", asdict(result))

    def _tell(self, what: str, fields: dict[str, object]) -> None:
        click.echo(json.dumps({"what": what, **fields}, default=str))


def teller(progress: Progress) -> InWords | InJson:
    """Whoever tells it that way."""
    if progress is Progress.JSON:
        return InJson()
    return InWords(in_place=progress is Progress.TERMINAL or (progress is Progress.AUTO and sys.stderr.isatty()))
