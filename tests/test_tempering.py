"""The temperature at which a model plays like its performer is found; a card hands it to whoever plays."""

import math
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from impsy.cli.stage import STARTERS, parse_config, set_stage
from impsy.core.mixture import Mixture
from impsy.core.predictor import ModelSpec
from impsy.evaluation.tempering import tempered
from impsy.model.card import Card, Learning, card_path, encode_card
from impsy.model.litert import file_hash

STARTER = Path(__file__).parents[1] / "impsy" / "starters" / STARTERS["starter:pad"]
LEARNING = Learning("mine.npz", "0" * 64, 900, 1.0, "xs", {}, 1, 800, 90, 1.0, 9, 8, 1.0)


class Wanderer:
    """Goes from where it is, by steps as wide as `deviation` says, times the temperature."""

    spec = ModelSpec(dimension=2, layers=1, units=1, mixtures=1)

    def __init__(self, deviation: float) -> None:
        self._deviation = deviation

    def initial_state(self) -> None:
        return None

    def step(self, sample, state):
        return Mixture(np.array([[0.05, sample[1]]]), np.array([[1e-3, self._deviation]]), np.zeros(1)), None


def _wandering(deviation: float, length: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(7)
    at, rows = 0.5, []
    for _ in range(length):
        at = float(np.clip(at + rng.normal(0.0, deviation), 0.0, 1.0))
        rows.append([0.05, at])
    return np.array(rows)


@pytest.mark.parametrize("sigma", [0.1, 1.0])
def test_a_model_that_is_too_wide_is_cooled_to_what_was_played(sigma: float) -> None:
    found = tempered(Wanderer(0.1 / math.sqrt(sigma)), [_wandering(0.1)], seed=1)

    assert found is not None
    assert 0.3 * sigma <= found <= 3.0 * sigma


def test_too_little_playing_says_nothing() -> None:
    assert tempered(Wanderer(0.1), [_wandering(0.1, 60)], seed=1) is None


# -- whoever plays


def _staged(folder: Path, text: str, given: dict[str, object] | None = None, sigmatemp: float | None = 0.3):
    model = folder / "mine.tflite"
    model.write_bytes(STARTER.read_bytes())
    learning = replace(LEARNING, sigmatemp=sigmatemp)
    spec = ModelSpec(3, 2, 32, 5)
    card = Card("mine", "2026-01-01T20:00:00", spec, {model.name: file_hash(model)}, {}, training=learning)
    card_path(model).write_bytes(encode_card(card))
    loaded = parse_config(f'[model]\nfile = "mine.tflite"\n{text}', "mine.toml", folder)
    config, stage, problems = set_stage(loaded, given or {}, None, None)
    assert (problems, stage is not None) == ([], True)
    return config, stage


def test_where_nobody_says_a_temperature_the_card_of_the_model_does(tmp_path: Path) -> None:
    config, stage = _staged(tmp_path, "")

    assert config.model.sigmatemp == stage.config.model.sigmatemp == 0.3
    assert stage.of_card == ("model.sigmatemp",)


def test_the_configuration_and_the_command_line_come_first(tmp_path: Path) -> None:
    assert _staged(tmp_path, "sigmatemp = 0.01")[0].model.sigmatemp == 0.01
    assert _staged(tmp_path, "", {"model.sigmatemp": 0.02})[0].model.sigmatemp == 0.02


def test_a_card_that_says_nothing_leaves_the_default(tmp_path: Path) -> None:
    assert _staged(tmp_path, "", sigmatemp=None)[0].model.sigmatemp == 0.01


def test_a_card_that_is_damaged_is_noted_and_the_playing_goes_on(tmp_path: Path) -> None:
    _staged(tmp_path, "")
    (tmp_path / "mine.json").write_text("{")
    loaded = parse_config('[model]\nfile = "mine.tflite"\n', "mine.toml", tmp_path)
    config, stage, problems = set_stage(loaded, {}, None, None)

    assert problems == []
    assert config.model.sigmatemp == 0.01
    assert "is no card of a model" in "".join(stage.notes)
