"""The set-ups in configs/ are right, explained line by line, and to be found."""

import re
from pathlib import Path

import pytest

from impsy.config.load import load_config
from impsy.config.notes import notes_on
from impsy.config.schema import mappings

ROOT = Path(__file__).parents[1]
SET_UPS = sorted((ROOT / "configs").glob("*.toml"))
PAGE = 50  # lines
UNSAID = re.compile(r"\s*(\[\S+\]|\]|#.*)?")  # a section header, the end of a list, a remark, nothing

pytestmark = pytest.mark.parametrize("path", SET_UPS, ids=lambda path: path.stem)


def test_a_set_up_loads_and_leaves_nothing_to_be_said(path: Path) -> None:
    loaded = load_config(path)
    dimension = loaded.config.model.dimension

    assert loaded.problems == ()
    assert dimension is not None
    assert (*loaded.notes, *notes_on(loaded.config, dimension - 1)) == ()


def test_a_set_up_maps_every_control(path: Path) -> None:
    config = load_config(path).config

    assert {len(mapping) + 1 for _, mapping in mappings(config)} <= {config.model.dimension}


def test_every_choice_has_a_remark_and_the_whole_fits_a_page(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()

    assert [line for line in lines if "#" not in line and not UNSAID.fullmatch(line)] == []
    assert len(lines) <= PAGE
    assert max(map(len, lines)) <= 120


def test_the_manual_says_whom_it_is_for(path: Path) -> None:
    manual = (ROOT / "docs" / "how-to" / "set-ups.md").read_text("utf-8")

    assert f"(../../configs/{path.name})" in manual
