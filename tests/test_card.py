"""The card of a model, and `impsy info`."""

import json
import os
import shutil
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from impsy.cli.info import command
from impsy.core.predictor import ModelSpec
from impsy.errors import FileError, ModelError
from impsy.model.card import Card, Conversion, Learning, card_path, encode_card, read_card
from impsy.model.litert import file_hash
from impsy.training.convert import convert, read_source

DATA = Path(__file__).parent / "data"
SIGNED = DATA / "tiny-signed.tflite"
LEARNING = Learning(
    data="datasets/training-dataset-3d.npz",
    data_sha256="d" * 64,
    interactions=1600,
    minutes=2.8,
    size="xxs",
    recipe={"epochs": 100, "patience": None, "rate": 0.01},
    seed=7,
    learned=1510,
    held_out=40,
    held_out_nats=11.25,
    epochs=12,
    best_epoch=9,
    seconds=61.5,
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with a card."""
    path = Path(shutil.copy(SIGNED, tmp_path / "mine.tflite"))
    versions = {"impsy": "0.1.0"}
    card = Card("mine", "2026-01-31T20:15:00", ModelSpec(3, 2, 4, 2), {path.name: file_hash(path)}, versions, LEARNING)
    card_path(path).write_bytes(encode_card(card))
    return path


def told(path: Path, *options: str) -> str:
    return CliRunner().invoke(command, [str(path), *options], catch_exceptions=False).stdout


def test_a_card_is_read_as_it_was_written(model):
    card = read_card(model, file_hash(model))

    assert card.training == LEARNING
    assert card.conversion is None
    assert encode_card(card) == card_path(model).read_bytes()
    assert '"seed": 7' in card_path(model).read_text()


def test_a_card_that_another_model_left_is_not_taken(model):
    shutil.copy(DATA / "tiny-unsigned.tflite", model)

    assert read_card(model, file_hash(model)) is None
    assert "is the card of another file" in told(model)
    assert "what it learned from is not known" in told(model)


def test_what_a_later_version_adds_to_a_card_is_passed_over(model):
    card = json.loads(card_path(model).read_text())
    card_path(model).write_text(json.dumps(card | {"mood": "bright"}))

    assert read_card(model, file_hash(model)).training == LEARNING


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": "mine"}', b"\xff\xfe", b"[" * 5000])
def test_a_damaged_card_is_told_and_the_model_all_the_same(model, content):
    card_path(model).write_bytes(content)

    with pytest.raises(FileError, match=r"mine\.json: is no card of a model"):
        read_card(model, file_hash(model))
    assert "is no card of a model" in told(model)
    assert "dimension 3, 2 layers of 4 units" in told(model)


def test_info_tells_where_a_model_comes_from(model):
    said = told(model)

    for words in (
        "dimension 3, 2 layers of 4 units, 2 mixture components",
        f"{model.stat().st_size:,} bytes, 342 weights, SHA-256 {file_hash(model)[:12]}…",
        "step       median ",
        "datasets/training-dataset-3d.npz: 1,600 interactions, 2.8 minutes",
        "size xxs, seed 7, epochs 100, patience None, rate 0.01",
        "11.250 nats an interaction on 40 held out, lower is better; epoch 9 of 12, in 61.5 s",
    ):
        assert words in said


def test_info_prints_the_same_as_json(model):
    said = json.loads(told(model, "--json"))

    assert said["sha256"] == file_hash(model)
    assert said["shape"] == {"dimension": 3, "layers": 2, "units": 4, "mixtures": 2}
    assert 0 < said["step_seconds"]["median"] <= said["step_seconds"]["p99"]
    assert msgspec.convert(said["card"], Card).training == LEARNING


def test_without_a_card_a_file_tells_what_it_can():
    assert "it holds loops: `impsy convert" in told(DATA / "legacy-loop.tflite")
    assert "on this machine, once converted" in told(DATA / "legacy-flex.tflite")
    assert json.loads(told(SIGNED, "--json"))["card"] is None


def test_info_of_no_model_tells_why():
    with pytest.raises(ModelError, match="no such file"):
        told(DATA / "nothing.tflite")


def test_a_converted_model_keeps_what_its_source_told_of_its_training(model, tmp_path):
    made = convert(read_source(model), tmp_path / "made").path

    card = read_card(made, file_hash(made))
    assert card.training == LEARNING
    assert card.conversion == Conversion(
        source="mine.tflite",
        source_sha256=file_hash(model),
        weights="float32",
        compared_with="the original, run by LiteRT",
        difference=card.conversion.difference,
    )
    assert "from mine.tflite (SHA-256" in told(made)


def test_the_card_of_an_older_model_is_renamed_with_it(model, tmp_path):
    os.utime(card_path(model), (time.time() - 86400,) * 2)  # a card that is a day older than its file
    before = file_hash(model)

    older = convert(read_source(model), model).older

    assert read_card(older, before).training == LEARNING
    assert read_card(model, file_hash(model)).conversion.source_sha256 == before
    assert len(list(tmp_path.iterdir())) == 4
