"""Options that several commands have: one name, one meaning, one default; and the page that `--report` asks for."""

from collections.abc import Callable
from pathlib import Path

import click

from impsy.cli.finite import Finite
from impsy.core.interaction import LONGEST_DT

EPOCHS = 60  # as `Recipe` has it, which stands where too much is imported for a --help

judged_by = click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="A dataset (.npz) or a log to judge by."
)
scored_within = click.option(
    "--max-dt",
    type=Finite(min=0.0, min_open=True),
    default=LONGEST_DT,
    show_default=True,
    help="Seconds of silence, after which an event is not scored.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")


def numepochs(meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """How long is learned."""
    return click.option(
        "-N", "--numepochs", type=click.IntRange(min=1), default=EPOCHS, show_default=True, help=meaning
    )


def check_report(report: Path | None) -> None:
    """Raise `MissingExtra` where a page is asked for that cannot be drawn: before anything that takes long."""
    if report is not None:
        from impsy.reports.drawing import check_drawing

        check_drawing()


def write_report(report: Path | None, page: Callable[[], str]) -> None:
    """Write the page that was asked for, and say so. Raises `ReportError`."""
    if report is not None:
        from impsy.reports.page import write_page

        write_page(report, page())
        click.echo(f"report     {report}", err=True)
