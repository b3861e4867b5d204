"""The pictures of recordings: when was played, what was played, the times between, and where the controls stand."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from impsy.data.phrases import spans
from impsy.data.wording import told
from impsy.reports.drawing import FAINT, INK, SERIES, as_svg, canvas

WIDE = 10.0  # inches
BINS = 240  # across a time line: what a page can show
_PER_ROW = 4  # small pictures side by side
_TICKS = 0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 6000.0  # seconds
_MINUTES_FROM = 180.0  # seconds, from which a time line counts in minutes
SHORT = 0.0003  # seconds, the left end of the axis of dt: MIDI takes a millisecond for a message


def time_line(names: Sequence[str], tables: Sequence[NDArray[np.floating]], max_dt: float) -> str:
    """A row for each recording: phrases as bars, silences as gaps; (length, dimension) each."""
    unit, words = _unit(max(float(table[:, 0].sum()) for table in tables))
    with canvas(WIDE, 0.7 + 0.2 * len(names)) as (figure, axes):
        ax = axes[0, 0]
        for row, table in enumerate(tables):
            ends = np.cumsum(table[:, 0])
            played = [
                (ends[start] - table[start, 0], ends[stop - 1] - ends[start] + table[start, 0])
                for start, stop in spans(table, max_dt)
                if stop > start
            ]
            ax.broken_barh(np.array(played).reshape(-1, 2) / unit, (row - 0.35, 0.7), color=SERIES[0], linewidth=0.4)
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(left=0.0)
        ax.set_xlabel(f"Time since the start of the recording ({words})")
        ax.grid(visible=False, axis="y")
    return as_svg(figure)


def played(table: NDArray[np.floating], max_dt: float, until: float | None = None) -> str:
    """Every control of one recording (length, dimension) in its lane over time; silences are shortened to `max_dt`.

    The axis ends at `until` seconds, so that several pictures have the same; else where the recording does.
    """
    ends = np.cumsum(np.minimum(table[:, 0], max_dt))
    unit, words = _unit(until or float(ends[-1]))
    edges = np.linspace(0.0, ends[-1], BINS + 1)
    first = np.searchsorted(ends, edges)  # of each bin: its first row
    controls = table.shape[1] - 1
    with canvas(WIDE, 0.7 + 0.24 * controls) as (figure, axes):
        ax = axes[0, 0]
        for control in range(controls):
            least, most = _envelope(table[:, control + 1], first)
            color = SERIES[control % len(SERIES)]
            lane = controls - 1 - control
            ax.fill_between(
                edges / unit, lane + 0.85 * least, lane + 0.85 * most, color=color, linewidth=0.8, step="post"
            )
        ax.set_yticks(np.arange(controls) + 0.42, [str(controls - lane) for lane in range(controls)])
        ax.set_ylim(-0.1, controls)
        ax.set_xlim(0.0, max((until or ends[-1]) / unit, 1e-9))
        ax.set_xlabel(f"Time, long silences shortened ({words})")
        ax.set_ylabel("Control")
        ax.grid(visible=False, axis="y")
    return as_svg(figure)


def _unit(longest: float) -> tuple[float, str]:
    """What seconds are divided by on an axis so long, and what it counts then."""
    return (60.0, "minutes") if longest >= _MINUTES_FROM else (1.0, "seconds")


def _envelope(values: NDArray[np.floating], first: NDArray[np.intp]) -> NDArray[np.float64]:
    """(2, bins + 1): the least and the most from each edge on; in an empty bin the control stays where it was."""
    found = []
    for start, stop in pairwise(first.tolist()):
        inside = values[start:stop] if stop > start else values[max(start - 1, 0) : max(start, 1)]
        found.append((inside.min(), inside.max()))
    return np.array([*found, found[-1]], np.float64).T


def times_between(dts: NDArray[np.floating], max_dt: float) -> str:
    """How many interactions have which dt, on a logarithmic axis; `dts` (N,) of the recordings, silences included."""
    longest = max(float(dts.max()), max_dt)
    edges = np.unique(np.append(np.geomspace(SHORT, max_dt, 60), np.geomspace(max_dt, longest * 1.1, 20)))
    ticks = [tick for tick in _TICKS if SHORT <= tick <= edges[-1]]
    with canvas(WIDE, 2.8) as (figure, axes):
        ax = axes[0, 0]
        for chosen, color, words in (
            (dts[dts <= max_dt], SERIES[0], "within a phrase"),
            (dts[dts > max_dt], SERIES[1], "silences, which are left out"),
        ):
            if len(chosen):
                ax.hist(np.maximum(chosen, SHORT), edges, color=color, label=words)
        middle = float(np.median(dts[dts <= max_dt]))
        ax.axvline(max(middle, SHORT), color=INK, linewidth=1.0, linestyle="--", label=f"median, {told(middle)}")
        ax.axvline(max_dt, color=FAINT, linewidth=1.0, linestyle=":", label=f"longest within a phrase, {told(max_dt)}")
        ax.set_xscale("log")
        ax.set_yscale("symlog", linthresh=1.0)
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set_xticks(ticks, [told(tick) for tick in ticks])
        ax.xaxis.set_minor_formatter("")
        ax.set_xlim(edges[0], edges[-1])
        ax.set_xlabel("dt")
        ax.set_ylabel("Interactions")
        ax.margins(y=0.1)
        figure.legend(loc="outside upper left", ncols=4)
    return as_svg(figure)


def positions(rows: NDArray[np.floating]) -> str:
    """Where each control stands, as shares of all interactions; `rows` (N, dimension)."""
    controls = rows.shape[1] - 1
    columns = min(controls, _PER_ROW)
    lines = -(-controls // columns)
    with canvas(WIDE, 0.5 + 1.35 * lines, lines, columns, sharex=True, sharey=True) as (figure, axes):
        for index, ax in enumerate(axes.flat):
            if index >= controls:
                ax.set_visible(False)
                continue
            shares, edges = np.histogram(rows[:, index + 1], 32, (0.0, 1.0))
            ax.stairs(100 * shares / len(rows), edges, fill=True, color=SERIES[0])
            ax.set_title(f"control {index + 1}")
            ax.set_xlim(0.0, 1.0)
            ax.set_xticks((0.0, 0.25, 0.5, 0.75, 1.0), ("0", "", "0.5", "", "1"))
        figure.supxlabel("Value", fontsize=9)
        figure.supylabel("Interactions (%)", fontsize=9)
    return as_svg(figure)
