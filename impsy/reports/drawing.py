"""Pictures for a page: Matplotlib's, as SVG whose colours are those of the page's style sheet.

    with canvas(10.0, 2.5) as (figure, axes):
        axes[0, 0].plot(seconds, values, color=SERIES[0])
    svg = as_svg(figure)

Draw with the colours of this module only: each is a stand-in that `as_svg` replaces by a name of `page.css`, so that
one picture is right on light and on dark. `by_itself` makes of it what may stand in a paper.
"""

import importlib.util
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from impsy.errors import MissingExtra

INK, FAINT, LINE, GROUND = "#010101", "#010102", "#010103", "#010104"
SERIES = "#010111", "#010112", "#010113", "#010114", "#010115", "#010116"  # as far apart as eyes allow

_NAMES = {  # stand-in: (name in page.css, colour without a page)
    INK: ("ink", "#1f2328"),
    FAINT: ("faint", "#6b7280"),
    LINE: ("line", "#d8dbe0"),
    GROUND: ("ground", "#fdfdfb"),
    SERIES[0]: ("series-1", "#0072b2"),
    SERIES[1]: ("series-2", "#c65102"),
    SERIES[2]: ("series-3", "#00805f"),
    SERIES[3]: ("series-4", "#a8478f"),
    SERIES[4]: ("series-5", "#8a6d00"),
    SERIES[5]: ("series-6", "#5b5bd6"),
}
_STYLE = {
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.0,
    "figure.facecolor": "none",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # Matplotlib's own, and wide: what is set instead finds room
    "font.size": 9.0,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "path.simplify": True,
    "svg.fonttype": "none",  # words stay words: they can be found, read aloud, and set again in a paper
    "svg.hashsalt": "impsy",  # else names within the file are drawn by chance
    "text.color": INK,
    "text.parse_math": False,  # a file may be called $x^$
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}


def check_drawing() -> None:
    """Raise `MissingExtra` where Matplotlib is not installed: before a long work, not after it."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtra("report", "pictures need Matplotlib")


@contextmanager
def canvas(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> Iterator[tuple[Any, Any]]:
    """A figure of a size in inches (a page is 10 wide) and its axes (rows, columns), in the page's style.

    The style holds within the block. `options` are those of Matplotlib's `Figure.subplots`, such as `sharex=True`.
    Raises `MissingExtra`.
    """
    check_drawing()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots(rows, columns, squeeze=False, **options)


def as_svg(figure: Any) -> str:
    """The figure as an `<svg>` element, to stand in a page."""
    from matplotlib import rc_context

    text = io.StringIO()
    with rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # whoever sees the words has other fonts
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace("'DejaVu Sans'", "system-ui, sans-serif")
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # several figures on one page would share them
    svg = re.sub(r'(?<= d=")[^"]*', _rounded, svg)
    return re.sub(r"#0101[01][0-9a-f]", lambda found: "var(--{}, {})".format(*_NAMES[found[0]]), svg)


def by_itself(svg: str) -> str:
    """A picture of `as_svg` as the text of an `.svg` file: with the colours of the light ground, and common fonts.

    >>> by_itself('<path style="stroke: var(--ink, #1f2328)"/>')
    '<path style="stroke: #1f2328"/>'
    """
    return re.sub(r"var\(--[a-z0-9-]+, (#[0-9a-f]{6})\)", r"\1", svg).replace("system-ui, sans-serif", "sans-serif")


def _rounded(path: re.Match[str]) -> str:
    """To the hundredth of a point: nobody sees more, and half of a file was digits."""
    return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), path[0])
