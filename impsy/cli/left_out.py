"""Telling what a log held that could not be used as it was."""

from collections import Counter
from typing import Protocol

import click

from impsy.data.wording import count


class LeftOut(Protocol):
    """What was left out or mended while one log was read, or several."""

    @property
    def skipped(self) -> Counter[str]:
        """Rows, by reason."""
        ...

    @property
    def clipped(self) -> int:
        """Values outside [0, 1]."""
        ...

    @property
    def negative_dts(self) -> int:
        """How often the clock went back."""
        ...


def tell_left_out(reading: LeftOut) -> None:
    """One line for each kind, and none where all was well."""
    for reason, rows in sorted(reading.skipped.items()):
        click.echo(f"skipped    {count(rows, 'row')}: {reason}", err=True)
    if reading.clipped:
        click.echo(f"clipped    {count(reading.clipped, 'value')} outside [0, 1]", err=True)
    if reading.negative_dts:
        click.echo(f"mended     {count(reading.negative_dts, 'step')} back in time, taken as 0 s", err=True)
