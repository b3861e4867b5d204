"""How models are called and drawn on a page: the same in every table and picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impsy.evaluation.evaluation import Entry
from impsy.evaluation.telling import called
from impsy.model.names import SIZES
from impsy.reports.drawing import FAINT, INK, SERIES

WIDE = 10.0  # inches
_LONGEST_NAME = 30
_MARKS = "o", "s", "^", "D", "v", "P"
_DASHES = ":", "--", "-."
_STANDARD = re.compile(r"musicMDRNN-dim\d+-layers(\d+)-units(\d+)-mixtures\d+-scale10-?(.*)")  # formats §4
_SIZES = {shape: size for size, shape in SIZES.items()}


@dataclass(frozen=True, slots=True)
class Look:
    """How something is drawn: by a mark and a dash of its own, so that colour is not needed."""

    name: str
    color: str
    mark: str
    dash: str

    @property
    def width(self) -> float:
        """Of its lines, in points: what all are compared with stands out."""
        return 2.0 if self.color == INK else 1.2


PERFORMER = Look("the performer", INK, "*", "-")


def looks(entries: Sequence[Entry]) -> list[Look]:
    """Models in colours, baselines in grey."""
    found, models, baselines = [], 0, 0
    for entry, name in zip(entries, short_names(entries), strict=True):
        if entry.baseline:
            mark, dash = _MARKS[1 + baselines % (len(_MARKS) - 1)], _DASHES[baselines % len(_DASHES)]
            found.append(Look(name, FAINT, mark, dash))
            baselines += 1
        else:
            found.append(Look(name, SERIES[models % len(SERIES)], _MARKS[models % len(_MARKS)], "-"))
            models += 1
    return found


def short_names(entries: Sequence[Entry]) -> list[str]:
    """What tells them apart, as short as may be: file names, else with their folders, else with numbers.

    A name of formats §4 tells its size, and what was put behind it.
    """
    paths = [Path(entry.name) for entry in entries]
    names = [called(entry) if entry.baseline else _named(path) for entry, path in zip(entries, paths, strict=True)]
    names = [
        f"{path.parent.name}/{name}" if names.count(name) > 1 and path.parent.name else name
        for name, path in zip(names, paths, strict=True)
    ]
    cut = [name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}" for name in names]
    return [name if cut.count(name) == 1 else f"{number}: {name}" for number, name in enumerate(cut, 1)]


def legend(figure: Any, count: int) -> None:
    """The names of `count` looks above all axes, taken from the first."""
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=min(count, 4))


def _named(path: Path) -> str:
    found = _STANDARD.fullmatch(path.stem)
    if found is None:
        return path.stem
    layers, units, rest = found.groups()
    size = _SIZES.get((int(units), int(layers)))
    return f"{f'size {size}' if size else f'{units} × {layers}'}{f' {rest}' if rest else ''}"
