"""`impsy trim`: what is worth keeping of a log."""

import math
import re
from pathlib import Path

import click

from impsy.data.wording import count
from impsy.errors import ImpsyError, LogError

_TIME = re.compile(r"(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):)?(?P<seconds>\d+(?:\.\d+)?)")


def read_time(text: str) -> float:
    """Seconds, written as `90`, `1:30` or `0:01:30.5`.

    >>> read_time("1:02:03.5")
    3723.5
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no time such as 90, 1:30 or 0:01:30.5")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


@click.command()
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--from", "start", type=read_time, metavar="TIME", help="Keep from here on.  [default: the first row]")
@click.option("--to", "stop", type=read_time, metavar="TIME", help="Keep up to here.  [default: the last row]")
@click.option(
    "--split-at",
    "splits",
    type=read_time,
    metavar="TIME",
    multiple=True,
    help="Begin a new log here; may be given several times.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="trimmed",
    show_default=True,
    help="The folder for the new logs, or the name of the only one.",
)
def command(log: Path, start: float | None, stop: float | None, splits: tuple[float, ...], output: Path) -> None:
    """Cut a stretch out of LOG, or LOG into pieces, as logs of their own; LOG stays as it is.

    A TIME counts from the first row of LOG: 90, 1:30 or 0:01:30.5.
    """
    from impsy.data.logs import log_dimension
    from impsy.data.trim import cut, read_rows, write_piece

    dimension = log_dimension(log.name)
    if dimension is None:
        raise LogError(log, "is not the name of a log (…-<dimension>d-mdrnn.log)")
    edges = [start or 0.0, *sorted(splits), math.inf if stop is None else stop]
    if sorted(set(edges)) != edges:
        raise ImpsyError("the times have to rise: --from, then each --split-at, then --to")
    if splits and output.suffix == ".log":
        raise ImpsyError(f"several logs cannot all be {output}: name a folder with -o")
    rows, unreadable = read_rows(log)
    if unreadable:
        click.echo(f"skipped    {count(unreadable, 'row')}: unreadable timestamp", err=True)
    pieces = [piece for piece in cut(rows, edges) if piece]
    if not pieces:
        length = f"it is {rows[-1].at:.1f} s long" if rows else "it has none"
        raise LogError(log, f"has no row in that stretch; {length}")
    for piece in pieces:
        path = write_piece(piece, output, dimension)
        click.echo(f"{path}: {count(len(piece), 'row')}, {piece[-1].at - piece[0].at:.1f} s")
    click.echo(f"next       impsy dataset -S {output if output.suffix != '.log' else output.parent}", err=True)
