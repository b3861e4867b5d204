"""What an evaluation, or a comparison, says: as rows of words for a table and as plain values for JSON."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.bootstrap import Interval
from impsy.evaluation.calibration import COVERAGES
from impsy.evaluation.comparison import Comparison
from impsy.evaluation.evaluation import Entry, Evaluation
from impsy.evaluation.likeness import Likeness

_MOST_COLUMNS = 12  # controls that have a column each; more are summed up
Rows = list[list[str]]


def score_table(evaluation: Evaluation) -> tuple[list[str], Rows]:
    """Nats for an event, of all of it and of its parts; the last column names the model."""
    each = evaluation.controls <= _MOST_COLUMNS
    names = [f"x{index}" for index in range(1, evaluation.controls + 1)] if each else ["control, mean", "worst"]
    rows = []
    for entry in evaluation.entries:
        dt, *parts = (part.mean for part in entry.judgement.parts)
        shown = parts if each else [sum(parts) / len(parts), max(parts)]
        nats = entry.judgement.nats
        figures = [rounded(nats.mean), words(nats), *map(rounded, (dt, *shown))]
        rows.append([*figures, called(entry)])
    return ["nats/event", "95 %", "dt", *names, "model"], rows


def calibration_table(evaluation: Evaluation) -> tuple[list[str], Rows]:
    """How often events fall into the intervals of 50 % and 90 %, and how far from uniform the transforms are."""
    rows = []
    for entry in evaluation.entries:
        judgement = entry.judgement
        shares = [_percent(share) for level in COVERAGES for share in _dt_and_controls(judgement.covered[level])]
        rows.append([*shares, *(f"{distance:.3f}" for distance in _dt_and_controls(judgement.pit_ks)), called(entry)])
    figures = (*(f"{100 * level:.0f} %" for level in COVERAGES), "PIT KS")
    return [*(f"{figure}: {what}" for figure in figures for what in ("dt", "controls")), "model"], rows


def playing_table(evaluation: Evaluation) -> tuple[list[str], Rows]:
    """How alike the playing is that comes of a model when it is left alone; the performer stands last."""
    header = ["dt KS", "dt W1 s", "value W1", "span", "correlation", "together", "stuck", "runaway", "step µs", "model"]
    rows = []
    for entry in evaluation.entries:
        counts = [f"{count}/{len(entry.played.rollouts)}" for count in (entry.played.stuck, entry.played.runaway)]
        rows.append([*_alike(entry.played.likeness), *counts, f"{1e6 * entry.step_seconds:.0f}", called(entry)])
    if evaluation.performer is not None:
        rows.append([*_alike(evaluation.performer), "", "", "", "the performer, half beside half"])
    return header, rows


def folds_table(evaluation: Evaluation) -> tuple[list[str], Rows]:
    """Nats for an event, of each fold by itself, then how the folds differ; the last column says what was held out."""
    costs = np.array([fold_nats(evaluation, entry) for entry in evaluation.entries])  # (entries, folds)
    events = [sum(evaluation.scored[index] for index in fold) for fold in evaluation.folds]
    rows = [
        [f"{count:,}", *map(rounded, column), held_out(evaluation, fold)]
        for count, column, fold in zip(events, costs.T, evaluation.folds, strict=True)
    ]
    spread = [f"{each.mean():.2f} ± {each.std(ddof=1):.2f}" for each in costs]
    return ["events", *map(called, evaluation.entries), "held out"], [*rows, ["", *spread, "mean ± deviation of folds"]]


def fold_nats(evaluation: Evaluation, entry: Entry) -> list[float]:
    """Nats for an event in each fold, (folds,)."""
    each, scored = entry.judgement.each, np.array(evaluation.scored)
    return [float(np.average(each[list(fold)], weights=scored[list(fold)])) for fold in evaluation.folds]


def held_out(evaluation: Evaluation, fold: Sequence[int]) -> str:
    """What a fold leaves out, in words."""
    first, last = evaluation.numbers[fold[0]], evaluation.numbers[fold[-1]]
    what = "piece" if evaluation.pieces else "performance"
    return f"{what} {first}" if len(fold) == 1 else f"{what}s {first} to {last}"


def difference_table(compared: Comparison) -> tuple[list[str], Rows]:
    """What two models cost, and by how much the second costs more; the last column names of what."""
    differences = (compared.whole, *compared.parts)
    names = ["all", "dt", *(f"x{index}" for index in range(1, len(compared.parts)))]
    rows = [
        [rounded(a), rounded(b), f"{found.mean:+.3f}", signed(found), name]
        for a, b, found, name in zip(*compared.costs, differences, names, strict=True)
    ]
    return ["A", "B", "B − A", "95 %", "of"], rows


def verdict(compared: Comparison, first: str, second: str) -> str:
    """Which of two models, by their names, is better, in a line."""
    if compared.better is None:
        return "neither is shown to be better: the difference may be 0"
    better, name = (("A", first), ("B", second))[compared.better]
    low, high = sorted((abs(compared.whole.low), abs(compared.whole.high)))
    return f"{better} is better by {abs(compared.whole.mean):.3f} nats an event ({low:.3f} … {high:.3f}): {name}"


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """All of it in plain values; what is not a number is null."""
    plan = evaluation.plan
    return {
        "data": evaluation.data,
        "notes": list(evaluation.notes),
        "performances": evaluation.performances,
        "pieces": evaluation.pieces,
        "events": evaluation.events,
        "dimension": evaluation.controls + 1,
        "max_dt": evaluation.max_dt,
        "seed": plan.seed,
        "intervals": {"level": 0.95, "resampled": evaluation.resampled},
        "baselines": evaluation.fitted_on,
        "folds": [
            {
                "held_out": [evaluation.numbers[index] for index in fold],
                "events": sum(evaluation.scored[index] for index in fold),
            }
            for fold in evaluation.folds
        ],
        "rollouts": {
            "count": plan.rollouts,
            "seconds": plan.seconds,
            "sigma_temperature": plan.settings.sigma_temperature,
            "pi_temperature": plan.settings.pi_temperature,
        },
        "models": [_entry_json(entry) | {"folds": fold_nats(evaluation, entry)} for entry in evaluation.entries],
        "performer": _likeness_json(evaluation.performer),
    }


def words(interval: Interval) -> str:
    """From where to where it lies."""
    return f"{rounded(interval.low)} … {rounded(interval.high)}"


def signed(interval: Interval) -> str:
    """From where to where a difference lies."""
    return f"{interval.low:+.3f} … {interval.high:+.3f}"


def rounded(value: float) -> str:
    """Nats to the hundredth; a number of nats that nobody reads whole, shorter."""
    return f"{value:.2f}" if abs(value) < 1e4 else f"{value:.2e}"


def called(entry: Entry) -> str:
    """What people are told that it is."""
    return f"baseline: {entry.name}" if entry.baseline else entry.name


def _entry_json(entry: Entry) -> dict[str, Any]:
    judgement = entry.judgement
    return {
        "name": entry.name,
        "baseline": entry.baseline,
        "layers": entry.spec.layers,
        "units": entry.spec.units,
        "mixtures": entry.spec.mixtures,
        "nats": _plain(judgement.nats.mean),
        "interval": _ends(judgement.nats),
        "dt": _plain(judgement.parts[0].mean),
        "dt_interval": _ends(judgement.parts[0]),
        "controls": [_plain(part.mean) for part in judgement.parts[1:]],
        "control_intervals": [_ends(part) for part in judgement.parts[1:]],
        "worst": _plain(judgement.worst),
        "coverage": {f"{level:g}": _plain(shares) for level, shares in judgement.covered.items()},
        "pit_ks": _plain(judgement.pit_ks),
        "pit_histograms": _plain(judgement.histograms),
        "likeness": _likeness_json(entry.played.likeness),
        "stuck": entry.played.stuck,
        "runaway": entry.played.runaway,
        "step_seconds": entry.step_seconds,
    }


def _likeness_json(alike: Likeness | None) -> dict[str, Any] | None:
    if alike is None:
        return None
    return {name: _plain(getattr(alike, name)) for name in Likeness.__dataclass_fields__}


def _plain(value: float | NDArray[np.floating]) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return float(value) if math.isfinite(value) else None


def _ends(interval: Interval) -> list[Any]:
    return [_plain(interval.low), _plain(interval.high)]


def _dt_and_controls(values: NDArray[np.float64]) -> Iterator[float]:
    yield float(values[0])
    yield float(values[1:].mean())


def _alike(alike: Likeness | None) -> list[str]:
    if alike is None:
        return ["–"] * 6
    distances = (alike.dt_ks, alike.dt_wasserstein, alike.value_wasserstein, alike.correlation, alike.together)
    shown = [f"{distance:.3f}" if math.isfinite(distance) else "–" for distance in distances]
    return [*shown[:3], _percent(alike.span), *shown[3:]]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if math.isfinite(share) else "–"
