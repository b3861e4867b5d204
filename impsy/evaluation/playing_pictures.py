"""The pictures of how models play when they are left alone, beside the performer."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impsy.data.wording import told
from impsy.evaluation.evaluation import Entry
from impsy.evaluation.likeness import LAGS, Traits
from impsy.evaluation.looks import PERFORMER, WIDE, Look, legend
from impsy.evaluation.score_pictures import CONTROLS
from impsy.reports.drawing import LINE, as_svg, canvas

CURVES = 16  # controls whose distributions are drawn: more are tiny
_POINTS = 200  # of a curve
_PER_ROW = 4  # small pictures side by side
_SHORT = 0.0003  # seconds, the left end of the axis of dt: MIDI takes a millisecond for a message
_LONG = 60.0  # seconds, beyond which dt is not drawn
_TICKS = 0.001, 0.01, 0.1, 1.0, 10.0  # seconds

Playing: TypeAlias = Sequence[tuple[Traits, Look]]


def playing(performer: Traits, entries: Sequence[Entry], shown: Sequence[Look]) -> Playing:
    """The performer, and all who have played anything."""
    others = zip((entry.played.traits for entry in entries), shown, strict=True)
    return [(performer, PERFORMER), *((traits, look) for traits, look in others if traits is not None)]


def waits(heard: Playing) -> str:
    """How much of the playing has a dt up to which length."""
    longest = max(float(traits.dts[-1]) for traits, _ in heard)
    with canvas(WIDE, 3.2) as (figure, axes):
        ax = axes[0, 0]
        for traits, look in heard:
            _cumulative(ax, np.maximum(traits.dts, _SHORT), look)
        ax.set_xscale("log")
        ax.set_xticks(_TICKS, list(map(told, _TICKS)))
        ax.minorticks_off()
        ax.set_xlim(_SHORT, 1.2 * min(max(longest, 1.0), _LONG))
        ax.set_ylim(0.0, 102.0)
        ax.set_xlabel("dt")
        ax.set_ylabel("Events with a dt up to this (%)")
        legend(figure, len(heard))
    return as_svg(figure)


def values(heard: Playing) -> str:
    """How much of the playing has each control up to which value."""
    controls = min(heard[0][0].values.shape[1], CURVES)
    columns = min(controls, _PER_ROW)
    rows = -(-controls // columns)
    with canvas(WIDE, 0.9 + 1.7 * rows, rows, columns, sharex=True, sharey=True) as (figure, axes):
        for index, ax in enumerate(axes.flat):
            if index >= controls:
                ax.set_visible(False)
                continue
            for traits, look in heard:
                _cumulative(ax, traits.values[:, index], look)
            ax.set_title(f"control {index + 1}")
            ax.set_xlim(0.0, 1.0)
            ax.set_ylim(0.0, 102.0)
            ax.set_xticks((0.0, 0.25, 0.5, 0.75, 1.0), ("0", "", "0.5", "", "1"))
        figure.supxlabel("Value", fontsize="medium")
        figure.supylabel("Events up to this value (%)", fontsize="medium")
        legend(figure, len(heard))
    return as_svg(figure)


def ranges(heard: Playing) -> str:
    """Where controls stand: medians with the range from 5 % to 95 % of the events."""
    controls = min(heard[0][0].values.shape[1], CONTROLS)
    with canvas(WIDE, 3.2) as (figure, axes):
        ax = axes[0, 0]
        for (traits, look), places in zip(heard, _places(len(heard), controls), strict=True):
            low, middle, high = np.quantile(traits.values[:, :controls], [0.05, 0.5, 0.95], axis=0)
            ax.vlines(places, low, high, color=look.color, linewidth=look.width)
            _marks(ax, places, middle, look)
        for border in range(1, controls):
            ax.axvline(border - 0.5, color=LINE, linewidth=0.6)
        ax.set_xticks(range(controls), [str(number + 1) for number in range(controls)])
        ax.set_xlim(-0.5, controls - 0.5)
        ax.set_ylim(-0.02, 1.02)
        ax.set_xlabel("Control")
        ax.set_ylabel("Value")
        ax.grid(visible=False, axis="x")
        legend(figure, len(heard))
    return as_svg(figure)


def movement(heard: Playing) -> str:
    """How long controls stay alike, and how many move at once."""
    with canvas(WIDE, 3.4, 1, 2) as (figure, axes):
        later, together = axes[0]
        ways = len(heard[0][0].together)
        for (traits, look), places in zip(heard, _places(len(heard), ways), strict=True):
            means = [(lag, row[np.isfinite(row)].mean()) for lag, row in _known(traits)]
            later.plot([lag for lag, _ in means], [mean for _, mean in means], look.dash, **_drawn(look, 4.0))
            together.vlines(places, 0.0, 100.0 * traits.together, color=look.color, linewidth=look.width)
            _marks(together, places, 100.0 * traits.together, look)
        later.set_xscale("log")
        later.set_xticks(LAGS, list(map(str, LAGS)))
        later.minorticks_off()
        later.set_xlabel("Lag (events)")
        later.set_ylabel("Autocorrelation, mean of controls")
        together.set_xticks(range(ways), ["none", "one", "two", "more"])
        together.set_ylim(0.0, 104.0)
        together.set_xlabel("Controls that move in an event")
        together.set_ylabel("Events (%)")
        together.grid(visible=False, axis="x")
        legend(figure, len(heard))
    return as_svg(figure)


def _known(traits: Traits) -> list[tuple[int, NDArray[np.float64]]]:
    """Lags with the autocorrelations of the controls, where any is known."""
    return [(lag, row) for lag, row in zip(LAGS, traits.correlations, strict=True) if np.isfinite(row).any()]


def _cumulative(ax: Any, ascending: NDArray[np.float64], look: Look) -> None:
    shares = np.linspace(0.0, 1.0, _POINTS)
    ax.plot(np.quantile(ascending, shares), 100.0 * shares, look.dash, **_drawn(look, 0.0))


def _marks(ax: Any, places: NDArray[np.float64], heights: NDArray[np.float64], look: Look) -> None:
    ax.plot(places, heights, " ", **_drawn(look, 4.5))


def _drawn(look: Look, size: float) -> dict[str, Any]:
    size = 1.7 * size if look is PERFORMER else size  # a star is mostly ground
    return {
        "color": look.color,
        "linewidth": look.width,
        "marker": look.mark if size else "",
        "markersize": size,
        "label": look.name,
    }


def _places(count: int, rooms: int) -> NDArray[np.float64]:
    """(count, rooms): where each of `count` stands in each room, beside the others."""
    aside = 0.7 * ((np.arange(count) + 0.5) / count - 0.5)
    return np.arange(rooms) + aside[:, np.newaxis]
