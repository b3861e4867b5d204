"""The report on an evaluation: a page with its figures and tables, to be read, kept, and quoted from."""

from collections.abc import Sequence

import numpy as np

from impsy import __version__
from impsy.data.wording import count, told
from impsy.evaluation import playing_pictures, score_pictures
from impsy.evaluation.evaluation import Evaluation
from impsy.evaluation.likeness import LAGS
from impsy.evaluation.looks import Look, looks
from impsy.evaluation.playing_pictures import CURVES
from impsy.evaluation.score_pictures import CONTROLS, HIGHEST, LINES
from impsy.evaluation.telling import (
    Rows,
    calibration_table,
    called,
    fold_nats,
    folds_table,
    held_out,
    playing_table,
    score_table,
    words,
)
from impsy.reports import figures
from impsy.reports.page import Facts, Figure, Notes, Part, Section, Table, Text, page

_FOLDS = 60  # in the picture
_DISTANCES = 6  # columns of the table of playing


def evaluation_page(evaluation: Evaluation) -> str:
    """The page. Raises `MissingExtra` where pictures cannot be drawn."""
    shown = looks(evaluation.entries)
    baselines = sum(entry.baseline for entry in evaluation.entries)
    models = f"{count(len(shown) - baselines, 'model')} beside " if len(shown) > baselines else ""
    lead = (
        f"{models}{count(baselines, 'baseline')}, judged by "
        f"{count(evaluation.events, 'event')} of {count(evaluation.controls, 'control')} in {evaluation.data}."
    )
    sections = [
        Section("How well the performer is foreseen", _scores(evaluation, shown)),
        *([Section("Fold by fold", _folds(evaluation, shown))] if evaluation.retrained else []),
        Section("Calibration", _calibration(evaluation, shown)),
        Section("Playing alone", _playing(evaluation, shown)),
        Section("What was played", _played(evaluation, shown)),
        Section("What was judged, and how", _basis(evaluation, shown)),
    ]
    return page("Evaluation of predictive models", lead, sections)


def _scores(evaluation: Evaluation, shown: Sequence[Look]) -> list[Part]:
    entries = evaluation.entries
    best, look = min(zip(entries, shown, strict=True), key=lambda pair: pair[0].judgement.nats.mean)
    facts = [
        ("Best score", f"{best.judgement.nats.mean:.2f} nats"),
        ("Its interval (95 %)", words(best.judgement.nats)),
        ("It is that of", look.name),
        ("Events scored", f"{evaluation.events:,}"),
        ("Performances", f"{evaluation.performances:,}"),
    ]
    whole = (
        "The score: −log of the probability that was given to the cell of each event (x ± 1/254, dt ± 0.5 ms), mean "
        f"over {count(evaluation.events, 'event')}, and 95 % intervals from a bootstrap over {evaluation.resampled}. "
        f"Events after a silence longer than {told(evaluation.max_dt)} are not scored; {evaluation.fitted_on}. A "
        "triangle at the right edge is a score beyond it. Whether one of two models is better is told by their paired "
        "difference (impsy compare), which is surer than these intervals seem to say."
    )
    parts = (
        "The score of dt and of each control by its marginal forecast, with 95 % intervals; lower is better. The parts "
        "need not add up to the whole, which also knows what goes together."
    )
    return [
        *([Notes(evaluation.notes)] if evaluation.notes else []),
        Facts(facts),
        Figure(score_pictures.scores(entries, shown), whole, "scores"),
        Figure(score_pictures.parts(entries, shown), parts + _cut(evaluation, CONTROLS), "score-parts"),
        _table(
            score_table(evaluation), shown, "Nats per event: the score, its 95 % interval, and dt and controls (x)."
        ),
    ]


def _folds(evaluation: Evaluation, shown: Sequence[Look]) -> list[Part]:
    costs = [fold_nats(evaluation, entry) for entry in evaluation.entries]
    names = [held_out(evaluation, fold) for fold in evaluation.folds]
    caption = (
        f"What is held out of each fold, and what it costs: {evaluation.fitted_on}. A triangle at the right edge is a "
        "score beyond it."
    )
    if len(names) > _FOLDS:
        caption += f" The first {_FOLDS} of {len(names)} folds; the table has all."
    drawn = score_pictures.folds([cost[:_FOLDS] for cost in costs], names[:_FOLDS], shown)
    header, rows = folds_table(evaluation)
    lines = [[row[-1], *row[:-1]] for row in rows]
    table = Table(
        ["Held out", header[0], *(look.name for look in shown)], lines, "Nats per event, of each fold by itself."
    )
    return [Figure(drawn, caption, "folds"), table]


def _calibration(evaluation: Evaluation, shown: Sequence[Look]) -> list[Part]:
    entries = evaluation.entries
    transforms = (
        "Histograms of the randomised probability integral transform (PIT): how much of the forecast lay below the "
        "event. A calibrated forecast is flat, at the dashed line; one that is too wide has a hill in the middle, one "
        "too sure hills at the ends, one off to a side a slope. On the right the mean of the controls"
        f"{', and each of them as a line' if 1 < evaluation.controls <= LINES else ''}. What is higher than "
        f"{HIGHEST:g} is cut off."
    )
    coverage = (
        "Coverage: how many events lie in the central 50 % and 90 % intervals of their forecasts. Calibrated "
        "forecasts lie on the dashed lines; above, they are too wide, below, too sure."
    )
    table = "Coverage of the central intervals, and Kolmogorov–Smirnov distance of the PIT from uniform (PIT KS)."
    return [
        Figure(score_pictures.transforms(entries, shown), transforms, "pit"),
        Figure(score_pictures.coverage(entries, shown), coverage + _cut(evaluation, CONTROLS), "coverage"),
        _table(calibration_table(evaluation), shown, table),
    ]


def _playing(evaluation: Evaluation, shown: Sequence[Look]) -> list[Part]:
    plan = evaluation.plan
    intro = (
        f"Each model played {count(plan.rollouts, 'time')} for {told(plan.seconds)}, on from the first events of one "
        f"of the longest takes, with a sigma temperature of {plan.settings.sigma_temperature:g} and a pi temperature "
        f"of {plan.settings.pi_temperature:g}."
    )
    header, rows = playing_table(evaluation)
    distances = [*header[:_DISTANCES], header[-1]], [[*row[:_DISTANCES], row[-1]] for row in rows]
    endings = (
        [*header[_DISTANCES:-2], header[-1]],
        [[*row[_DISTANCES:-2], row[-1]] for row in rows[: len(evaluation.entries)]],
    )
    heard = playing_pictures.playing(evaluation.traits, evaluation.entries, shown)
    movement = (
        f"Left: the correlation of a control with itself {', '.join(map(str, LAGS[:-1]))} and {LAGS[-1]} events later, "
        "mean of the controls. Right: how many controls move (by more than 1/254) in one event."
    )
    ranges = "The range of each control: its median, and from where to where it is in 90 % of the events."
    return [
        Text(intro),
        Figure(playing_pictures.waits(heard), "Cumulative distribution of dt; the axis is logarithmic.", "dt"),
        Figure(
            playing_pictures.values(heard),
            "Cumulative distribution of the values of each control." + _cut(evaluation, CURVES),
            "values",
        ),
        Figure(playing_pictures.ranges(heard), ranges + _cut(evaluation, CONTROLS), "ranges"),
        Figure(playing_pictures.movement(heard), movement, "movement"),
        _table(
            distances,
            shown,
            "Distances from the performer, 0 where alike: of dt Kolmogorov–Smirnov (KS) and Wasserstein-1 (W1, in "
            "seconds), of values W1, of autocorrelations the mean difference, of how many controls move together the "
            "total variation. Span is the width of the range by the performer's, 100 % where alike.",
        ),
        _table(
            endings,
            shown,
            "Rollouts that got stuck (in the second half no control moves) or ran away (in the second half always at "
            "the shortest dt or at the ends of the range, or no number at all).",
        ),
    ]


def _played(evaluation: Evaluation, shown: Sequence[Look]) -> list[Part]:
    seconds, max_dt, sample = evaluation.plan.seconds, evaluation.max_dt, evaluation.sample
    sample = np.column_stack([np.append(0.0, sample[1:, 0]), sample[:, 1:]])  # its first dt is of a silence
    lanes = "Each lane is a control, 0 at its foot and 1 at its top."
    seen = sample[np.cumsum(sample[:, 0]) <= seconds]
    pieces = [(seen, f"The performer: the longest take. {lanes}", "played-by-the-performer")]
    for number, (entry, look) in enumerate(zip(evaluation.entries, shown, strict=True), 1):
        events = entry.played.rollouts[0].events
        if len(events) > 1:
            pieces.append((events, f"{look.name}: the first rollout.", f"played-{number}"))
    until = max(float(np.minimum(rows[:, 0], max_dt).sum()) for rows, _, _ in pieces)
    return [
        Figure(figures.played(rows[:, : CONTROLS + 1], max_dt, until), caption + _cut(evaluation, CONTROLS), name)
        for rows, caption, name in pieces
    ]


def _basis(evaluation: Evaluation, shown: Sequence[Look]) -> list[Part]:
    plan = evaluation.plan
    facts = [
        ("Dataset", evaluation.data),
        ("Longest dt scored", told(evaluation.max_dt)),
        ("Seed", str(plan.seed)),
        ("impsy", __version__),
    ]
    header = ["layers", "units", "mixtures", "step µs", "file", "model"]
    rows = [
        [
            str(entry.spec.layers or "–"),
            str(entry.spec.units or "–"),
            str(entry.spec.mixtures),
            f"{1e6 * entry.step_seconds:.0f}",
            "–" if entry.baseline else entry.name,
            called(entry),
        ]
        for entry in evaluation.entries
    ]
    caption = "The models. Step: the median time of one prediction, on the machine that wrote this page."
    return [Facts(facts), _table((header, rows), shown, caption, frozenset({0, 5}))]


def _cut(evaluation: Evaluation, most: int) -> str:
    """What a caption adds where not all controls are drawn."""
    return f" The first {most} of {evaluation.controls} controls." if evaluation.controls > most else ""


def _table(
    contents: tuple[Sequence[str], Rows], shown: Sequence[Look], caption: str, words: frozenset[int] = frozenset({0})
) -> Table:
    """With what the figures are of in front, as short as in the pictures; rows beyond `shown` keep their own."""
    header, rows = contents
    names = [*(look.name for look in shown), *(row[-1] for row in rows[len(shown) :])]
    lines = [[name, *row[:-1]] for name, row in zip(names, rows, strict=True)]
    return Table([header[-1].capitalize(), *header[:-1]], lines, caption, words)
