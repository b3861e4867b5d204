"""`impsy evaluate`: how good a model is, in figures that can be trusted."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli import options
from impsy.cli.finite import Finite
from impsy.cli.performances import load_models, notes_on, numbered_takes, tell_listening, tell_notes
from impsy.cli.table import table
from impsy.data.wording import count
from impsy.model.names import SIZES

if TYPE_CHECKING:
    from impsy.evaluation.evaluation import Evaluation, Plan
    from impsy.evaluation.hearing import Fit, Performances


@click.command()
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=click.Path(path_type=Path))
@options.judged_by
@options.scored_within
@click.option("--cv", is_flag=True, help="Train a model for each performance, without it, and score that.")
@click.option("--folds", type=click.IntRange(min=2), help="With --cv: leave out several at once, in so many parts.")
@click.option(
    "-M",
    "--modelsize",
    type=click.Choice((*SIZES, "auto")),
    default="s",
    show_default=True,
    help="That --cv trains; auto goes by the data.",
)
@options.numepochs("That --cv trains for, at most.")
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
    help="How far it then strays from what it predicts: 1 as it learned, 0 not at all.",
)
@click.option(
    "--pi-temp",
    type=Finite(min=0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="How readily it then takes the less likely turn: 1 as it learned, near 0 never.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of all that is drawn.")
@options.as_json
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
    folds: int | None,
    modelsize: str,
    numepochs: int,
    rollouts: int,
    seconds: float,
    sigma_temp: float,
    pi_temp: float,
    seed: int,
    as_json: bool,
    report: Path | None,
) -> None:
    """Score MODELs on performances that they were not trained on, beside three baselines. Lower is better.

    With --cv there is no MODEL: the recipe of `impsy train` is scored, by models that are trained here.
    """
    from impsy.core.session import Settings
    from impsy.evaluation import telling
    from impsy.evaluation.evaluation import Plan, evaluate
    from impsy.evaluation.hearing import FOLDS

    _check(models, cv, folds)
    options.check_report(report)
    takes = numbered_takes(data, max_dt)
    performances = list(takes.values())
    loaded = load_models(models, performances[0][0].shape[1])
    notes = notes_on(models, data)
    tell_notes(notes)
    recipes: dict[str, Fit] = {}
    parts = FOLDS if len(performances) == 1 or not cv else len(performances)
    plan = Plan(folds or parts, rollouts, seconds, Settings(sigma_temperature=sigma_temp, pi_temperature=pi_temp), seed)
    if cv:
        size = _size(modelsize, performances)
        recipes[f"trained: size {size}"] = _trainer(performances, plan, size, numepochs)
    evaluation = evaluate(
        *(loaded, performances, str(data), max_dt, plan, tell_listening),
        recipes=recipes,
        numbers=list(takes),
        notes=notes,
    )
    click.echo(json.dumps(telling.as_json(evaluation), indent=1) if as_json else _tables(evaluation))
    options.write_report(report, lambda: _page(evaluation))


def _page(evaluation: "Evaluation") -> str:
    from impsy.evaluation.report import evaluation_page

    return evaluation_page(evaluation)


def _check(models: tuple[Path, ...], cv: bool, folds: int | None) -> None:
    if cv and models:
        raise click.UsageError("--cv trains models of its own: leave out MODEL, or --cv")
    if folds and not cv:
        raise click.UsageError("--folds belongs to --cv")


def _size(asked: str, performances: "Performances") -> str:
    """Where `auto` is asked for, the size that suits all of it: every fold trains the same."""
    from impsy.training.size import AUTO, fitting_size

    if asked != AUTO:
        return asked
    size, why = fitting_size(sum(len(take) for takes in performances for take in takes))
    click.echo(f"size       {why}", err=True)
    return size


def _trainer(performances: "Performances", plan: "Plan", size: str, epochs: int) -> "Fit":
    """What trains a model for each fold; raises `ImpsyError` where that cannot be done."""
    from impsy.cli.cross_validation import Trainer
    from impsy.evaluation.hearing import dealt, parted
    from impsy.training.fit import Recipe

    performances = parted(performances)
    trainer = Trainer(size, Recipe(epochs=epochs), plan.seed, len(dealt(performances, plan.folds)))
    trainer.check(performances)
    return trainer.fit


def _tables(evaluation: "Evaluation") -> str:
    from impsy.evaluation import telling

    plan = evaluation.plan
    score = (
        "score: −log of the probability of what was played, in nats an event; lower is better\n"
        f"{evaluation.data}: {evaluation.events:,} events scored, in "
        f"{count(evaluation.performances, 'performance')}; 95 %: bootstrap over {evaluation.resampled}\n"
        f"{evaluation.fitted_on}"
    )
    calibration = (
        "calibration: the share of events in the central intervals of 50 % and 90 %, and how far the probability\n"
        "integral transforms are from uniform (0 where all is well)"
    )
    playing = f"playing alone, {plan.rollouts} × {plan.seconds:g} s, beside the performer: 0 is alike, of span 100 %"
    fold_by_fold = "fold by fold: nats an event of what was held out"
    parts = (
        (score, telling.score_table),
        *([(fold_by_fold, telling.folds_table)] if evaluation.retrained else []),
        (calibration, telling.calibration_table),
        (playing, telling.playing_table),
    )
    return "\n\n".join(f"{words}\n\n{table(*rows_of(evaluation))}" for words, rows_of in parts)
