"""Pages that can be opened anywhere: whole in themselves, right on light and dark, the same each time."""

import re
from html import unescape

import numpy as np
import pytest

from impsy.reports.page import Facts, Figure, Notes, Section, Table, Text, page

HOSTILE = '<script>alert("1")</script> & more'


def _drawn() -> str:
    pytest.importorskip("matplotlib", reason="pictures need the extra: pip install -e '.[report]'")
    from impsy.reports.drawing import FAINT, INK, SERIES, as_svg, canvas

    with canvas(6.0, 2.0, columns=2) as (figure, axes):
        for index, color in enumerate((*SERIES, INK, FAINT)):
            axes[0, 0].plot([0, 1], [index, index + 1], color=color, label=f"a < {index}")
        axes[0, 1].fill_between([0, 1], [0, 0], [1, 2], color=SERIES[0], alpha=0.3, label=HOSTILE)
        axes[0, 1].legend()
        axes[0, 0].set_xlabel("Time (s)")
    return as_svg(figure)


def test_whatever_words_are_put_in_stay_words() -> None:
    parts = [Text(HOSTILE), Notes([HOSTILE]), Facts([(HOSTILE, HOSTILE)]), Table([HOSTILE], [[HOSTILE]], HOSTILE)]
    html = page(HOSTILE, HOSTILE, [Section(HOSTILE, [*parts, Figure("<svg></svg>", HOSTILE, HOSTILE)])])

    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 13


@pytest.mark.slow
def test_a_page_asks_nobody_for_anything() -> None:
    html = page("Title", "Lead.", [Section("Heading", [Figure(_drawn(), "Caption.", "drawn")])])

    assert not re.findall(r'(?:src|href)="(?!#|data:)|url\((?!#)|@import|<script', html)


@pytest.mark.slow
def test_a_picture_has_only_the_colours_of_the_page_and_words_that_are_words() -> None:
    svg = _drawn()

    assert set(re.findall(r"(?<!, )#[0-9a-f]{6}\b", svg)) == set()
    named = set(re.findall(r"var\(--([a-z0-9-]+), #[0-9a-f]{6}\)", svg))
    assert named >= {"ink", "faint", "line", "series-1", "series-6"}
    style = page("", "", [])
    assert all(style.count(f"--{name}:") == 2 for name in named)  # on light and on dark
    assert re.search(r"<text[^>]*>Time \(s\)</text>", svg)
    assert "<script" not in svg


@pytest.mark.slow
def test_the_same_picture_has_the_same_bytes() -> None:
    assert _drawn() == _drawn()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["$x^$", "$x$ <b> & co", "日本", "{x:g}", "%s", "\\alpha", "a\nb"])
def test_whatever_a_file_is_called_is_written_as_it_is(name: str, recwarn: pytest.WarningsRecorder) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra: pip install -e '.[report]'")
    from impsy.reports.figures import time_line, times_between

    rows = np.array([[0.1, 0.5], [0.001, 0.6]])

    words = unescape(re.sub(r"<[^>]*>", "\n", time_line([name], [rows], 5.0)))

    assert all(line in words for line in name.splitlines())
    assert "math" not in times_between(rows[:, 0], 0.0011)
    assert not recwarn.list
