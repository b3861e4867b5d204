"""`impsy compare`: which of two models is better."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli import options
from impsy.cli.performances import load_models, notes_on, read_takes, tell_listening, tell_notes
from impsy.cli.table import table
from impsy.data.wording import count

if TYPE_CHECKING:
    from impsy.evaluation.bootstrap import Interval
    from impsy.evaluation.comparison import Comparison


@click.command()
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@options.judged_by
@options.scored_within
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bootstrap.")
@options.as_json
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write a page with a picture, too.",
)
def command(
    first: Path, second: Path, data: Path, max_dt: float, seed: int, as_json: bool, report: Path | None
) -> None:
    """Tell which of two models foresees performances better that neither was trained on, and how sure that is."""
    from impsy.evaluation.comparison import compare
    from impsy.evaluation.evaluation import check_numbers
    from impsy.evaluation.hearing import hear_out
    from impsy.evaluation.telling import difference_table, verdict

    options.check_report(report)
    performances = read_takes(data, max_dt)
    notes = notes_on([first, second], data)
    tell_notes(notes)
    heard = []
    for path in (first, second):
        tell_listening(str(path))
        (predictor,) = load_models([path], performances[0][0].shape[1]).values()
        heard.append(hear_out(predictor, performances))
        check_numbers(str(path), heard[-1])
    compared = compare(heard[0], heard[1], seed)
    if as_json:
        click.echo(json.dumps(_json(first, second, data, compared, notes), indent=1))
    else:
        told = count(len(performances), "performance")
        click.echo(f"{data}: {compared.events:,} events in {told}; nats an event, lower is better")
        click.echo(f"95 %: paired bootstrap over {compared.resampled}, seed {seed}\n")
        click.echo(table(*difference_table(compared)))
        click.echo(f"\n{verdict(compared, str(first), str(second))}")
    options.write_report(report, lambda: _page(first, second, data, compared, seed, notes))


def _page(first: Path, second: Path, data: Path, compared: "Comparison", seed: int, notes: Sequence[str]) -> str:
    from impsy.evaluation.comparison_report import comparison_page

    return comparison_page(compared, str(first), str(second), str(data), seed, notes)


def _json(first: Path, second: Path, data: Path, compared: "Comparison", notes: Sequence[str]) -> dict[str, Any]:
    def plain(found: "Interval") -> dict[str, float]:
        return {"difference": found.mean, "low": found.low, "high": found.high}

    return {
        "a": str(first),
        "b": str(second),
        "data": str(data),
        "notes": list(notes),
        "events": compared.events,
        "better": None if compared.better is None else "ab"[compared.better],
        "all": plain(compared.whole),
        "parts": [plain(part) for part in compared.parts],
    }
