"""`impsy evaluate`: how good a model is, in figures that can be trusted."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.finite import Finite
from impsy.cli.performances import load_models, read_takes, tell_listening
from impsy.cli.table import table
from impsy.core.interaction import LONGEST_DT
from impsy.data.wording import count

if TYPE_CHECKING:
    from impsy.evaluation.evaluation import Evaluation


@click.command()
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="A dataset (.npz) or a log to judge by.")
@click.option(
    "--max-dt",
    type=Finite(min=0.0, min_open=True),
    default=LONGEST_DT,
    show_default=True,
    help="Seconds of silence, after which an event is not scored.",
)
@click.option("--cv", is_flag=True, help="Fit baselines anew for each performance, without it (default: for a fifth).")
@click.option(
    "--rollouts", type=click.IntRange(min=1), default=8, show_default=True, help="How often a model plays alone."
)
@click.option(
    "--seconds",
    type=Finite(min=1.0, max=3600.0),
    default=60.0,
    show_default=True,
    help="For how long each time.",
)
@click.option(
    "--sigma-temp",
    type=Finite(min=0.0),
    default=1.0,
    show_default=True,
    help="Of its playing alone.",
)
@click.option(
    "--pi-temp",
    type=Finite(min=0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="Of its playing alone.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write a page with tables and pictures, too.",
)
def command(
    models: tuple[Path, ...],
    data: Path,
    max_dt: float,
    cv: bool,
    rollouts: int,
    seconds: float,
    sigma_temp: float,
    pi_temp: float,
    seed: int,
    as_json: bool,
    report: Path | None,
) -> None:
    """Score MODELs on performances that they were not trained on, beside three baselines. Lower is better."""
    from impsy.core.session import Settings
    from impsy.evaluation import telling
    from impsy.evaluation.evaluation import Plan, evaluate
    from impsy.evaluation.hearing import FOLDS

    if report:
        from impsy.reports.drawing import check_drawing

        check_drawing()
    performances = read_takes(data, max_dt)
    loaded = load_models(models, performances[0][0].shape[1])
    settings = Settings(sigma_temperature=sigma_temp, pi_temperature=pi_temp)
    plan = Plan(len(performances) if cv else FOLDS, rollouts, seconds, settings, seed)
    evaluation = evaluate(loaded, performances, str(data), max_dt, plan, tell_listening)
    click.echo(json.dumps(telling.as_json(evaluation), indent=1) if as_json else _tables(evaluation))
    if report:
        from impsy.evaluation.report import evaluation_page
        from impsy.reports.page import write_page

        write_page(report, evaluation_page(evaluation))
        click.echo(f"report     {report}", err=True)


def _tables(evaluation: "Evaluation") -> str:
    from impsy.evaluation import telling

    plan = evaluation.plan
    score = (
        "score: −log of the probability of what was played, in nats an event; lower is better\n"
        f"{evaluation.data}: {evaluation.events:,} events scored, in "
        f"{count(evaluation.performances, 'performance')}; 95 %: bootstrap over {evaluation.resampled}\n"
        f"baselines: {evaluation.fitted_on}"
    )
    calibration = (
        "calibration: the share of events in the central intervals of 50 % and 90 %, and how far the probability\n"
        "integral transforms are from uniform (0 where all is well)"
    )
    playing = f"playing alone, {plan.rollouts} × {plan.seconds:g} s, beside the performer: 0 is alike, of span 100 %"
    parts = (
        (score, telling.score_table),
        (calibration, telling.calibration_table),
        (playing, telling.playing_table),
    )
    return "\n\n".join(f"{words}\n\n{table(*rows_of(evaluation))}" for words, rows_of in parts)
