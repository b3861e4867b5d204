"""The pictures of how well a performer is foreseen: scores, their parts, and calibration."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.bootstrap import Interval
from impsy.evaluation.calibration import BINS, COVERAGES
from impsy.evaluation.evaluation import Entry
from impsy.evaluation.looks import WIDE, Look, legend
from impsy.evaluation.telling import rounded, words
from impsy.reports.drawing import INK, as_svg, canvas

CONTROLS = 32  # in a picture: more cannot be told apart, and the JSON has all
LINES = 12  # controls that have a line each in a histogram
_FAR = 2.0  # times the best score: what is beyond would leave no room for what is compared
HIGHEST = 4.0  # density of transforms that is drawn
_ASIDE = 0.6  # of the room of a dimension, taken by the marks that stand beside one another in it


def scores(entries: Sequence[Entry], shown: Sequence[Look]) -> str:
    """The score of each with its interval, below one another; what is far beyond the best is an arrow."""
    all_nats = [entry.judgement.nats for entry in entries]
    left, right = _window(all_nats)
    with canvas(WIDE, 0.8 + 0.32 * len(entries)) as (figure, axes):
        ax = axes[0, 0]
        for row, (nats, look) in enumerate(zip(all_nats, shown, strict=True)):
            ax.plot([nats.low, nats.high], [row, row], color=look.color, linewidth=2.0)
            beyond = nats.mean > right
            mark, at = (">", right) if beyond else (look.mark, nats.mean)
            ax.plot([at], [row], mark, color=look.color, clip_on=False)
        rows = range(len(entries))
        ax.set_yticks(rows, [look.name for look in shown])
        ax.set_ylim(len(entries) - 0.5, -0.5)
        ax.set_xlim(left, right)
        ax.set_xlabel("Score (nats per event, lower is better)")
        ax.grid(visible=False, axis="y")
        beside = ax.secondary_yaxis("right")
        beside.set_yticks(rows, [f"{rounded(nats.mean)}  ({words(nats)})" for nats in all_nats])
        beside.tick_params(length=0.0, pad=8.0)
        beside.spines["right"].set_visible(False)
    return as_svg(figure)


def folds(costs: Sequence[Sequence[float]], names: Sequence[str], shown: Sequence[Look]) -> str:
    """What each costs in each fold, (entries, folds), below one another; what is far beyond the best is an arrow."""
    rows = np.arange(len(names))
    table = np.array(costs)  # (entries, folds)
    best = table[table.mean(axis=1).argmin()]
    near = table[table <= _FAR * best.max() + 1.0]
    room = 0.04 * float(np.ptp(near)) + 0.02
    left, right = float(near.min()) - room, float(near.max()) + room
    with canvas(WIDE, 1.1 + 0.24 * len(names)) as (figure, axes):
        ax = axes[0, 0]
        for cost, look in zip(table, shown, strict=True):
            within = cost <= right
            ax.plot(cost[within], rows[within], look.mark, color=look.color, markersize=5, label=look.name)
            ax.plot(np.full((~within).sum(), right), rows[~within], ">", color=look.color, markersize=5, clip_on=False)
        ax.set_yticks(rows, names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(left, right)
        ax.set_xlabel("Score (nats per event, lower is better)")
        legend(figure, len(shown))
    return as_svg(figure)


def parts(entries: Sequence[Entry], shown: Sequence[Look]) -> str:
    """What dt and each control cost by themselves, with intervals."""
    dimension = _dimension(entries)
    with canvas(WIDE, 3.4) as (figure, axes):
        ax = axes[0, 0]
        for entry, look, places in _beside(entries, shown, dimension):
            found = entry.judgement.parts[:dimension]
            ax.vlines(places, [part.low for part in found], [part.high for part in found], color=look.color)
            means = [part.mean for part in found]
            ax.plot(places, means, look.mark, color=look.color, label=look.name, markersize=5)
        highest = max(part.high for entry in entries for part in entry.judgement.parts[:dimension])
        ax.set_ylim(-0.03 * highest, 1.05 * highest)
        ax.set_ylabel("Score (nats per event)")
        _dimensions(ax, dimension)
        legend(figure, len(entries))
    return as_svg(figure)


def transforms(entries: Sequence[Entry], shown: Sequence[Look]) -> str:
    """Histograms of the transforms: dt on the left, on the right all controls, and each as a line."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    rows = len(entries)
    with canvas(WIDE, 0.7 + 1.2 * rows, rows, 2, sharex=True, sharey=True) as (figure, axes):
        for entry, look, (of_dt, of_controls) in zip(entries, shown, axes, strict=True):
            dt, *controls = entry.judgement.histograms
            for ax, heights, what in ((of_dt, dt, "dt"), (of_controls, np.mean(controls, axis=0), "controls")):
                ax.stairs(heights, edges, fill=True, color=look.color, alpha=0.75)
                ax.axhline(1.0, color=INK, linewidth=0.8, linestyle="--")
                ax.set_title(f"{look.name}: {what}")
            for heights in controls if 1 < len(controls) <= LINES else ():
                of_controls.stairs(heights, edges, color=INK, linewidth=0.4, alpha=0.6)
        axes[0, 0].set_xlim(0.0, 1.0)
        axes[0, 0].set_ylim(0.0, min(1.1 * _tallest(entries), HIGHEST))
        axes[0, 0].set_xticks((0.0, 0.25, 0.5, 0.75, 1.0), ("0", "0.25", "0.5", "0.75", "1"))
        figure.supxlabel("Probability integral transform", fontsize="medium")
        figure.supylabel("Density (1 where calibrated)", fontsize="medium")
    return as_svg(figure)


def coverage(entries: Sequence[Entry], shown: Sequence[Look]) -> str:
    """How many events lie in the central intervals, for dt and each control."""
    dimension = _dimension(entries)
    with canvas(WIDE, 4.6, len(COVERAGES), 1, sharex=True) as (figure, axes):
        for level, ax in zip(COVERAGES, axes[:, 0], strict=True):
            lowest = 100.0 * min(float(entry.judgement.covered[level][:dimension].min()) for entry in entries)
            for entry, look, places in _beside(entries, shown, dimension):
                shares = 100.0 * entry.judgement.covered[level][:dimension]
                ax.plot(places, shares, look.mark, color=look.color, label=look.name, markersize=5)
            ax.axhline(100.0 * level, color=INK, linewidth=0.8, linestyle="--")
            ax.set_ylim(max(min(lowest, 100.0 * level) - 10.0, 0.0), 104.0)
            ax.set_ylabel(f"In {100 * level:.0f} % intervals (%)")
            ax.grid(visible=False, axis="x")
        _dimensions(axes[-1, 0], dimension)
        legend(figure, len(entries))
    return as_svg(figure)


def _window(found: Sequence[Interval]) -> tuple[float, float]:
    """The ends of the axis of scores: all of what is near the best."""
    best = min(nats.mean for nats in found)
    near = [nats for nats in found if nats.mean <= _FAR * best + 1.0]
    low, high = min(nats.low for nats in near), max(nats.high for nats in near)
    room = 0.06 * (high - low) + 0.02
    return low - room, high + room


def _beside(
    entries: Sequence[Entry], shown: Sequence[Look], dimension: int
) -> list[tuple[Entry, Look, NDArray[np.float64]]]:
    """Each with the places of its marks, (dimension,), beside those of the others."""
    steps = _ASIDE * ((np.arange(len(entries)) + 0.5) / len(entries) - 0.5)
    places = np.arange(dimension) + steps[:, np.newaxis]
    return list(zip(entries, shown, places, strict=True))


def _dimensions(ax: Any, dimension: int) -> None:
    """The axis of dt and the controls."""
    ax.set_xticks(range(dimension), ["dt", *map(str, range(1, dimension))])


def _dimension(entries: Sequence[Entry]) -> int:
    return min(len(entries[0].judgement.parts), CONTROLS + 1)


def _tallest(entries: Sequence[Entry]) -> float:
    return max(1.5, *(float(entry.judgement.histograms.max()) for entry in entries))
