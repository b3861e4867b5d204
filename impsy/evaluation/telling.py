"""What an evaluation says, as rows of words for a table and as plain values for JSON."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.bootstrap import Interval
from impsy.evaluation.calibration import COVERAGES
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
        parts = entry.judgement.parts[1:]
        shown = parts if each else [parts.mean(), parts.max()]
        nats = entry.judgement.nats
        figures = [_figure(nats.mean), words(nats), *map(_figure, (entry.judgement.parts[0], *shown))]
        rows.append([*figures, called(entry)])
    return ["nats/event", "95 %", "dt", *names, "model"], rows


def calibration_table(evaluation: Evaluation) -> tuple[list[str], Rows]:
    """How often events fall into the intervals of 50 % and 90 %, and how uneven the transforms are."""
    rows = []
    for entry in evaluation.entries:
        judgement = entry.judgement
        shares = [_percent(share) for level in COVERAGES for share in _dt_and_controls(judgement.covered[level])]
        rows.append([*shares, *(f"{uneven:.3f}" for uneven in _dt_and_controls(judgement.uneven)), called(entry)])
    header = [f"in {100 * level:.0f} %: {what}" for level in COVERAGES for what in ("dt", "controls")]
    return [*header, "uneven: dt", "controls", "model"], rows


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


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """All of it in plain values; what is not a number is null."""
    plan = evaluation.plan
    return {
        "data": evaluation.data,
        "performances": evaluation.performances,
        "pieces": evaluation.pieces,
        "events": evaluation.events,
        "dimension": evaluation.controls + 1,
        "max_dt": evaluation.max_dt,
        "seed": plan.seed,
        "intervals": {"level": 0.95, "resampled": evaluation.resampled},
        "baselines": evaluation.fitted_on,
        "rollouts": {
            "count": plan.rollouts,
            "seconds": plan.seconds,
            "sigma_temperature": plan.settings.sigma_temperature,
            "pi_temperature": plan.settings.pi_temperature,
        },
        "models": [_entry_json(entry) for entry in evaluation.entries],
        "performer": _likeness_json(evaluation.performer),
    }


def words(interval: Interval) -> str:
    """From where to where it lies."""
    return f"{_figure(interval.low)} … {_figure(interval.high)}"


def called(entry: Entry) -> str:
    """What people are told that it is."""
    return f"baseline: {entry.name}" if entry.baseline else entry.name


def _entry_json(entry: Entry) -> dict[str, Any]:
    judgement = entry.judgement
    return {
        "name": entry.name,
        "baseline": entry.baseline,
        "nats": _plain(judgement.nats.mean),
        "interval": [_plain(judgement.nats.low), _plain(judgement.nats.high)],
        "dt": _plain(judgement.parts[0]),
        "controls": _plain(judgement.parts[1:]),
        "worst": _plain(judgement.worst),
        "coverage": {f"{level:g}": _plain(shares) for level, shares in judgement.covered.items()},
        "unevenness": _plain(judgement.uneven),
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


def _dt_and_controls(values: NDArray[np.float64]) -> Iterator[float]:
    yield float(values[0])
    yield float(values[1:].mean())


def _alike(alike: Likeness | None) -> list[str]:
    if alike is None:
        return ["–"] * 6
    return [
        f"{alike.dt_ks:.3f}",
        f"{alike.dt_wasserstein:.3f}",
        f"{alike.value_wasserstein:.3f}",
        _percent(alike.span),
        f"{alike.correlation:.3f}",
        f"{alike.together:.3f}",
    ]


def _figure(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 1e4 else f"{value:.2e}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if math.isfinite(share) else "–"
