"""The pages of `--report` on models: what was asked for is in them, and each picture can go into a paper."""

import base64
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import click
import numpy as np
import pytest
from click.testing import CliRunner

from impsy.cli import compare, evaluate
from impsy.data.datasets import save_dataset

pytestmark = pytest.mark.slow
TINY = Path(__file__).parent / "data" / "tiny-signed.tflite"
STARTER = Path(__file__).parents[1] / "impsy/starters/musicMDRNN-dim3-layers2-units32-mixtures5-scale10.tflite"
SAVED = re.compile(r'download="([a-z0-9-]+)\.svg" href="data:image/svg\+xml;base64,([^"]+)"')
SHORT = "--rollouts", 1, "--seconds", 2


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("matplotlib", reason="pictures need the extra: pip install -e '.[report]'")
    rng = np.random.default_rng(1)
    takes = [np.column_stack([rng.exponential(0.1, 60), rng.random((60, 2))]) for _ in range(3)]
    return written(tmp_path_factory.mktemp("data"), takes)


@pytest.fixture(scope="module")
def page(dataset: Path) -> str:
    return reported(evaluate.command, TINY, "--data", dataset, *SHORT)


def written(folder: Path, performances: list[np.ndarray]) -> Path:
    save_dataset(folder / "set.npz", performances)
    return folder / "set.npz"


def reported(command: click.Command, *arguments: object) -> str:
    """The page that a command writes."""
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        CliRunner().invoke(command, [*map(str, arguments), "--report", str(page)], catch_exceptions=False)
        return page.read_text("utf-8")


def test_every_model_is_in_every_picture_and_table(page: str) -> None:
    assert page.startswith("<!doctype html>")
    assert "1 model beside 3 baselines, judged by 177 events of 2 controls" in page
    for name in ("tiny-signed", "baseline: repeat", "baseline: walk", "baseline: mixture", "the performer"):
        assert page.count(name) >= 5
    assert "<script" not in page
    assert ">nan" not in page


def test_every_picture_can_be_saved_as_a_file_of_its_own(page: str) -> None:
    saved = {name: base64.b64decode(data).decode() for name, data in SAVED.findall(page)}

    of_scores, of_playing = {"scores", "score-parts", "pit", "coverage"}, {"dt", "values", "ranges", "movement"}
    assert saved.keys() > of_scores | of_playing
    assert len(saved) == page.count("<svg")
    for svg in saved.values():
        assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in svg  # which only browsers read


def test_what_has_to_be_known_of_a_judgement_stands_on_its_page(dataset: Path, tmp_path: Path) -> None:
    model = tmp_path / TINY.name
    model.write_bytes(TINY.read_bytes())
    model.with_suffix(".json").write_text("{")

    for judged in (
        reported(evaluate.command, model, "--data", dataset, *SHORT),
        reported(compare.command, model, STARTER, "--data", dataset),
    ):
        assert f"<li>{model.with_suffix('.json')}: is no card of a model" in judged


def test_models_are_called_by_what_tells_them_apart(dataset: Path, tmp_path: Path) -> None:
    copies = [tmp_path / folder / STARTER.name for folder in ("old", "new")]
    for copy in copies:
        copy.parent.mkdir()
        copy.write_bytes(STARTER.read_bytes())

    page = reported(evaluate.command, STARTER, *copies, "--data", dataset, *SHORT)

    for name in ("starters/size xs", "old/size xs", "new/size xs"):
        assert page.count(f">{name}<") >= 5
    assert page.count(str(copies[0])) == 1  # the whole path, once


@pytest.mark.parametrize("controls", [1, 33])
def test_one_control_and_thirty_three_have_a_page_too(dataset: Path, tmp_path: Path, controls: int) -> None:
    rng = np.random.default_rng(1)
    takes = [np.column_stack([rng.exponential(0.1, 60), rng.random((60, controls))]) for _ in range(3)]
    takes[0][:, -1] = 0.5  # and one that never moves in a performance

    page = reported(evaluate.command, "--data", written(tmp_path, takes), *SHORT)

    assert ("The first 32 of 33 controls." in page) == (controls == 33)
    assert ">nan" not in page


def test_a_comparison_is_pictured_with_its_verdict(dataset: Path) -> None:
    page = reported(compare.command, TINY, STARTER, "--data", dataset)

    assert "Comparison of two models" in page
    assert "is better by" in page or "Neither is shown to be better" in page
    assert [name for name, _ in SAVED.findall(page)] == ["difference"]
    assert ">nan" not in page
