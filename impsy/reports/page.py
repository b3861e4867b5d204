"""One self-contained HTML page: words, tables and figures, readable on light and on dark, and on paper.

    page("Title", "What this is.", [Section("Heading", [Text("…"), Table(…), Figure(svg, "Caption.", "name")])])

All words are escaped here; only `Figure.svg` (from `drawing.as_svg`) goes in as it is. The page loads nothing, runs
nothing, and the same contents give the same bytes. Colours are named in the style sheet and shared with the figures;
so are the numbers of figures and tables.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from impsy.data.files import written_whole
from impsy.errors import ReportError
from impsy.reports.drawing import by_itself


class Part(Protocol):
    """Whatever may stand in a section."""

    def html(self) -> str:
        """Its markup."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    words: str

    def html(self) -> str:
        return f"<p>{escape(self.words)}</p>"


@dataclass(frozen=True, slots=True)
class Notes:
    """A list of remarks: what was found, one line each."""

    lines: Sequence[str]

    def html(self) -> str:
        return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in self.lines)}</ul>"


@dataclass(frozen=True, slots=True)
class Facts:
    """A few figures, large, each under its name: what the reader came for."""

    figures: Sequence[tuple[str, str]]  # (name, value with its unit)

    def html(self) -> str:
        pairs = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in self.figures)
        return f"<dl>{''.join(pairs)}</dl>"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption above; the columns in `words` stand left, those of numbers right."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    words: frozenset[int] = frozenset({0})  # indices of columns

    def html(self) -> str:
        rows = "".join(f"<tr>{self._cells('td', row)}</tr>" for row in self.rows)
        return (
            f'<figure class="table"><figcaption>{escape(self.caption)}</figcaption><div class="wide"><table>'
            f"<thead><tr>{self._cells('th', self.header)}</tr></thead><tbody>{rows}</tbody></table></div></figure>"
        )

    def _cells(self, tag: str, cells: Sequence[str]) -> str:
        classes = (' class="words"' if index in self.words else "" for index in range(len(cells)))
        return "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(classes, cells, strict=True))


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its caption below, which says what is drawn, in which units, and how it is read.

    The link behind the caption saves it as a file of its own, with the colours of the light ground: for a paper.
    """

    svg: str  # trusted: of our own drawing
    caption: str
    name: str  # of that file, without .svg

    def html(self) -> str:
        data = b64encode(by_itself(self.svg).encode()).decode()
        link = f'<a download="{escape(self.name)}.svg" href="data:image/svg+xml;base64,{data}">SVG</a>'
        return (
            f'<figure class="picture"><div class="wide">{self.svg}</div>'
            f"<figcaption>{escape(self.caption)} {link}</figcaption></figure>"
        )


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    parts: Sequence[Part]

    def html(self) -> str:
        return f"<section><h2>{escape(self.heading)}</h2>{''.join(part.html() for part in self.parts)}</section>"


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The whole file as text, to be written as UTF-8."""
    style = files("impsy.reports").joinpath("page.css").read_text("utf-8")
    body = "\n".join(section.html() for section in sections)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="lead">{escape(lead)}</p>
{body}
</body>
</html>
"""


def write_page(path: Path, html: str) -> None:
    """Write a page under `path`, whole or not at all; raises `ReportError`."""
    try:
        with written_whole(path) as aside:
            aside.write_text(html, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ReportError(path, f"cannot be written: {error.strerror or error}") from error
