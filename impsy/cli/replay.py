"""`impsy replay`: a recording plays again."""

import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click

from impsy.cli.finite import Finite
from impsy.cli.left_out import tell_left_out
from impsy.errors import FileError

_EVERY = 0.5  # seconds between two looks at the progress


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=Finite(min=0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="2 is twice as fast as it was played.",
)
@click.option("--to", default="127.0.0.1:6000", show_default=True, metavar="HOST:PORT", help="Where impsy listens.")
@click.option(
    "--max-dt",
    type=Finite(min=0.0),
    metavar="SECONDS",
    help="Shorten longer pauses to this.  [default: as they were]",
)
@click.option(
    "--performance",
    type=click.IntRange(min=0),
    metavar="INDEX",
    help="Only this one of a dataset, counted from 0.  [default: all]",
)
def command(file: Path, speed: float, to: str, max_dt: float | None, performance: int | None) -> None:
    """Play FILE, a log or a dataset, as OSC `/interface`, at its recorded timing."""
    from impsy.runtime.replay import load_takes, schedule, send

    host, port = _address(to)
    takes, reading = load_takes(file)
    if reading is not None:
        tell_left_out(reading)
    if performance is not None:
        if performance >= len(takes):
            raise FileError(file, f"has no performance {performance}; there are {len(takes)}, counted from 0")
        takes = takes[performance : performance + 1]
    plan = schedule(takes, speed, max_dt)
    if not plan:
        raise FileError(file, "holds nothing to play")
    click.echo(f"replaying  {file} to {to}: {len(plan):,} interactions in {plan[-1][0]:.1f} s", err=True)
    start = time.perf_counter()
    sent, interrupted = _follow(send(plan, host, port), len(plan), plan[-1][0])
    words = "stopped    " if interrupted else "done       "
    click.echo(f"{words}{sent:,} of {len(plan):,} sent in {time.perf_counter() - start:.1f} s", err=True)


def _follow(sending: Iterable[float], total: int, seconds: float) -> tuple[int, bool]:
    """How many were sent, and whether Ctrl-C ended it; on a terminal, one line tells how far it is."""
    sent, told, terminal = 0, 0.0, sys.stderr.isatty()
    try:
        for sent, at in enumerate(sending, start=1):
            if terminal and at - told >= _EVERY:
                told = at
                click.echo(f"\r\x1b[K{sent:,} of {total:,}, {seconds - at:.0f} s left", err=True, nl=False)
    except KeyboardInterrupt:
        return sent, True
    finally:
        if terminal:
            click.echo("\r\x1b[K", err=True, nl=False)
    return sent, False


def _address(text: str) -> tuple[str, int]:
    """The host and the port; an IPv6 host stands in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"{text!r} is not HOST:PORT", param_hint="--to")
    return host.removeprefix("[").removesuffix("]"), int(port)
