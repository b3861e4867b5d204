"""The picture of a run: what was learned from and what was held out, epoch by epoch."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from impsy.data.files import written_whole
from impsy.training.checkpoint import Epoch

_BLUE, _ORANGE = "#0072b2", "#c65102"  # told apart by every eye, and by their line styles


def draw(curve: Sequence[Epoch], path: Path) -> None:
    """Draw the curve into a PNG file; where Matplotlib is not installed there is none."""
    if importlib.util.find_spec("matplotlib") is None:
        return
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(8.0, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    numbers = [epoch.number for epoch in curve]
    axes.plot(numbers, [epoch.loss for epoch in curve], color=_BLUE, linestyle="--", label="learned from")
    axes.plot(numbers, [epoch.held_out for epoch in curve], color=_ORANGE, marker=".", label="held out")
    best = next(epoch for epoch in reversed(curve) if epoch.best)
    axes.plot(best.number, best.held_out, "o", color=_ORANGE, label=f"kept: epoch {best.number}, {best.held_out:.2f}")
    axes.set(xlabel="epoch", ylabel="nats per interaction (lower is better)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    with written_whole(path) as aside:
        figure.savefig(aside)
