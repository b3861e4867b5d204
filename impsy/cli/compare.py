"""`impsy compare`: which of two models is better."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.performances import load_models, read_takes, tell_listening
from impsy.cli.table import table
from impsy.core.interaction import LONGEST_DT
from impsy.data.wording import count

if TYPE_CHECKING:
    from impsy.evaluation.bootstrap import Interval
    from impsy.evaluation.comparison import Comparison
    from impsy.evaluation.hearing import Heard


@click.command()
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="A dataset (.npz) or a log to judge by.")
@click.option(
    "--max-dt",
    type=click.FloatRange(min=0.0, min_open=True),
    default=LONGEST_DT,
    show_default=True,
    help="Seconds of silence, after which an event is not scored.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bootstrap.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def command(first: Path, second: Path, data: Path, max_dt: float, seed: int, as_json: bool) -> None:
    """Tell which of two models foresees performances better that neither was trained on, and how sure that is."""
    from impsy.evaluation.bootstrap import drawn
    from impsy.evaluation.comparison import compare
    from impsy.evaluation.evaluation import check_numbers
    from impsy.evaluation.hearing import hear_out

    performances = read_takes(data, max_dt)
    heard = []
    for path in (first, second):
        tell_listening(str(path))
        (predictor,) = load_models([path], performances[0][0].shape[1]).values()
        heard.append(hear_out(predictor, performances))
        check_numbers(str(path), heard[-1])
    compared = compare(heard[0], heard[1], seed)
    events = sum(map(len, heard[0].joint))
    if as_json:
        click.echo(json.dumps(_json(first, second, data, events, compared), indent=1))
        return
    click.echo(
        f"{data}: {events:,} events in {count(len(performances), 'performance')}; nats an event, lower is better"
    )
    click.echo(f"95 %: paired bootstrap over {drawn(heard[0].joint)}, seed {seed}\n")
    click.echo(_table(heard, compared))
    click.echo(f"\n{_verdict(str(first), str(second), compared)}")


def _table(heard: "list[Heard]", compared: "Comparison") -> str:
    import numpy as np

    dimension = len(compared.parts)
    means = [[np.concatenate(each.joint).mean(), *np.concatenate(each.parts).mean(axis=0)] for each in heard]
    names = ["all", "dt", *(f"x{index}" for index in range(1, dimension))]
    rows = [
        [f"{a:.2f}", f"{b:.2f}", f"{found.mean:+.3f}", _words(found), name]
        for a, b, found, name in zip(*means, (compared.whole, *compared.parts), names, strict=True)
    ]
    return table(["A", "B", "B − A", "95 %", "of"], rows)


def _verdict(first: str, second: str, compared: "Comparison") -> str:
    if compared.better is None:
        return "neither is shown to be better: the difference may be 0"
    better, name = (("A", first), ("B", second))[compared.better]
    difference = compared.whole
    low, high = sorted((abs(difference.low), abs(difference.high)))
    return f"{better} is better by {abs(difference.mean):.3f} nats an event ({low:.3f} … {high:.3f}): {name}"


def _words(found: "Interval") -> str:
    return f"{found.low:+.3f} … {found.high:+.3f}"


def _json(first: Path, second: Path, data: Path, events: int, compared: "Comparison") -> dict[str, Any]:
    def plain(found: "Interval") -> dict[str, float]:
        return {"difference": found.mean, "low": found.low, "high": found.high}

    return {
        "a": str(first),
        "b": str(second),
        "data": str(data),
        "events": events,
        "better": None if compared.better is None else "ab"[compared.better],
        "all": plain(compared.whole),
        "parts": [plain(part) for part in compared.parts],
    }
