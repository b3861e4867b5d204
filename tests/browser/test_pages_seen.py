"""Pages of `--report` in a real Chromium: on light and on dark, wide and on a phone, nothing is cut off."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from impsy.cli.dataset import command as dataset
from impsy.cli.evaluate import command as evaluate
from impsy.data.datasets import save_dataset

pytestmark = [pytest.mark.slow, pytest.mark.browser]
TINY = Path(__file__).parents[1] / "data" / "tiny-signed.tflite"

CUT_OFF = """() => [...document.querySelectorAll("svg")].flatMap((svg) => {  // words that reach over their picture
  const around = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < around.left - 1 || box.right > around.right + 1
        || box.top < around.top - 1 || box.bottom > around.bottom + 1;
  }).map((text) => text.textContent);
})"""
CONTRAST = """() => {  // of the words in pictures and captions against the page: 4.5 is what WCAG asks for
  const light = (css) => {
    const [r, g, b] = css.match(/[0-9.]+/g).map((x) => x / 255).map((x) =>
      x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return Math.min(...[...document.querySelectorAll("svg text, figcaption, td")].map((element) => {
    const style = getComputedStyle(element);
    const ink = light(element.closest("svg") ? style.fill : style.color);
    return Math.max(ink, ground) / Math.min(ink, ground);
  }));
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    pytest.importorskip("matplotlib", reason="pictures need the extra: pip install -e '.[report]'")
    folder = tmp_path_factory.mktemp("pages")
    rng = np.random.default_rng(1)
    takes = [np.column_stack([rng.exponential(0.1, 90), rng.random((90, 2))]) for _ in range(3)]
    save_dataset(folder / "set.npz", takes)
    short = ("--rollouts", "1", "--seconds", "2")
    for command, arguments in (
        (evaluate, [str(TINY), "--data", str(folder / "set.npz"), *short, "--report", str(folder / "models.html")]),
        (dataset, ["-S", str(folder / "set.npz"), "-O", str(folder / "out"), "--report", str(folder / "data.html")]),
    ):
        CliRunner().invoke(command, arguments, catch_exceptions=False)
    return [folder / "models.html", folder / "data.html"]


@pytest.fixture(params=[("light", 1280), ("light", 390), ("dark", 1280), ("dark", 390)], ids=str)
def window(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    scheme, width = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    yield context.new_page()
    context.close()


def test_nothing_is_cut_off_and_all_can_be_read(pages: list[Path], window: Any) -> None:
    for file in pages:
        window.goto(file.as_uri())

        assert window.evaluate("document.querySelectorAll('svg').length") >= 5
        assert window.evaluate(CUT_OFF) == []
        assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert window.evaluate(CONTRAST) >= 4.5


def test_figures_and_tables_are_numbered(pages: list[Path], window: Any) -> None:
    window.goto(pages[0].as_uri())

    before = "getComputedStyle(document.querySelector('{}'), '::before').content"
    assert "Figure" in window.evaluate(before.format("figure.picture figcaption"))
    assert "Table" in window.evaluate(before.format("figure.table figcaption"))
