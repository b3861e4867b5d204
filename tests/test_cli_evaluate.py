"""`impsy evaluate` as a person or a script uses it."""

import json
import math
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from click.testing import CliRunner

from impsy.cli.compare import command as compare
from impsy.cli.evaluate import command
from impsy.core.predictor import ModelSpec
from impsy.data.datasets import load_dataset, save_dataset
from impsy.errors import FileError, ImpsyError, ModelError
from impsy.model.card import Card, Learning, card_path, encode_card
from impsy.model.litert import file_hash
from impsy.training.run_folder import hash_of

TINY = Path(__file__).parent / "data" / "tiny-signed.tflite"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Three performances of two controls that wander."""
    rng = np.random.default_rng(1)
    takes = [
        np.column_stack([rng.exponential(0.1, 60), np.clip(0.5 + rng.normal(0.0, 0.05, (60, 2)).cumsum(axis=0), 0, 1)])
        for _ in range(3)
    ]
    save_dataset(tmp_path / "set.npz", takes)
    return tmp_path / "set.npz"


def evaluated(*arguments: object) -> str:
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False).stdout


def test_a_model_stands_beside_the_baselines(dataset):
    told = evaluated(TINY, "--data", dataset, "--rollouts", 1, "--seconds", 2)

    for name in (str(TINY), "baseline: repeat", "baseline: walk", "baseline: mixture"):
        assert told.count(name) == 3
    assert "177 events scored, in 3 performances" in told
    assert "each performance is scored by baselines fitted to all the others" in told


def test_json_holds_the_same_for_scripts(dataset):
    told = json.loads(evaluated(TINY, "--data", dataset, "--rollouts", 2, "--seconds", 2, "--json"))

    model = told["models"][0]
    assert (told["events"], told["dimension"], model["name"], model["baseline"]) == (177, 3, str(TINY), False)
    assert model["interval"][0] <= model["nats"] <= model["interval"][1]
    assert len(model["controls"]) == 2
    assert len(model["pit_histograms"]) == 3
    assert [entry["name"] for entry in told["models"][1:]] == ["repeat", "walk", "mixture"]


def test_the_same_seed_gives_the_same_figures(dataset):
    def figures():
        told = json.loads(evaluated(TINY, "--data", dataset, "--rollouts", 1, "--seconds", 2, "--json"))
        return [{key: value for key, value in entry.items() if key != "step_seconds"} for entry in told["models"]]

    assert figures() == figures()


def carded(folder: Path, dataset: Path) -> Path:
    """A model whose card tells that it learned from a dataset."""
    model = folder / "mine.tflite"
    model.write_bytes(TINY.read_bytes())
    learned = Learning("mine.npz", hash_of(load_dataset(dataset)), 180, 1.0, "xs", {}, 1, 160, 18, 1.0, 9, 8, 1.0)
    spec = ModelSpec(3, 2, 4, 2)
    card = Card("mine", "2026-01-01T20:00:00", spec, {model.name: file_hash(model)}, {}, training=learned)
    card_path(model).write_bytes(encode_card(card))
    return model


def test_who_is_judged_by_what_it_learned_is_told_apart(dataset, tmp_path):
    model, other = carded(tmp_path, dataset), tmp_path / "other.npz"
    save_dataset(other, [np.random.default_rng(2).random((60, 3)) for _ in range(3)])
    renamed = dataset.rename(tmp_path / "renamed.npz")
    short = "--rollouts", "1", "--seconds", "1", "--json"
    note = f"{model} learned from 160 of the 180 interactions in {renamed}: judge it by what it never heard"

    flattered = CliRunner().invoke(command, [str(model), str(TINY), "--data", str(renamed), *short])
    fair = CliRunner().invoke(command, [str(model), "--data", str(other), *short])
    between = CliRunner().invoke(compare, [str(TINY), str(model), "--data", str(renamed), "--json"])

    for told in (flattered, between):
        assert told.stderr.count(f"note       {note}\n") == told.stderr.count("note ") == 1
        assert json.loads(told.stdout)["notes"] == [note]
    assert "note" not in fair.stderr
    assert json.loads(fair.stdout)["notes"] == []


def test_a_damaged_card_ends_no_evaluation(dataset, tmp_path):
    model = carded(tmp_path, dataset)
    card_path(model).write_text("{")

    told = json.loads(evaluated(model, "--data", dataset, "--rollouts", 1, "--seconds", 1, "--json"))

    assert "is no card of a model" in told["notes"][0]


def test_a_log_can_be_judged_by_too(tmp_path):
    log = tmp_path / "2026-01-31T20-15-00-3d-mdrnn.log"
    rows = (f"2026-01-31T20:15:{index:02d}.000000,interface,{index / 60},0.5\n" for index in range(60))
    log.write_text("".join(rows))

    told = json.loads(evaluated("--data", log, "--rollouts", 1, "--seconds", 2, "--json"))

    assert (told["performances"], told["pieces"], told["events"]) == (1, 5, 54)


def test_a_baseline_scores_what_is_worked_out_by_hand_from_the_other_performances(tmp_path):
    takes = [np.array([[0.1, 0.5], [0.2, 0.5], [0.1, 0.6]]), np.array([[0.1, 0.2], [0.4, 0.3]])]
    save_dataset(tmp_path / "set.npz", [*takes, takes[1]])
    costs = []
    for left_out, take in enumerate([*takes, takes[1]]):
        changes = [np.diff(other, axis=0) for index, other in enumerate([*takes, takes[1]]) if index != left_out]
        deviations = np.sqrt((np.concatenate(changes) ** 2).mean(axis=0))
        for before, event in pairwise(take):
            masses = [
                NormalDist(was, deviation).cdf(now + half) - NormalDist(was, deviation).cdf(now - half)
                for was, deviation, now, half in zip(before, deviations, event, (0.0005, 1 / 254), strict=True)
            ]
            costs.append(-math.log(math.prod(masses)))

    told = json.loads(evaluated("--data", tmp_path / "set.npz", "--rollouts", 1, "--seconds", 1, "--json"))

    (repeat,) = (entry for entry in told["models"] if entry["name"] == "repeat")
    assert repeat["nats"] == pytest.approx(np.mean(costs), rel=1e-5)  # datasets hold 32 bits


def test_mistakes_are_told_in_words(dataset, tmp_path):
    save_dataset(tmp_path / "short.npz", [np.zeros((1, 3))])
    save_dataset(tmp_path / "other.npz", [np.zeros((9, 5))])
    save_dataset(tmp_path / "three.npz", [np.zeros((3, 3))])
    for data, mistake, words in (
        (tmp_path / "short.npz", FileError, "nothing to score"),
        (tmp_path / "three.npz", ImpsyError, "at least 10 are needed"),
        (tmp_path / "other.npz", ImpsyError, "has dimension 3, but the data has 5"),
        (tmp_path / "none.npz", FileError, "cannot be read"),
        (tmp_path / "notes.txt", FileError, "neither a dataset"),
    ):
        with pytest.raises(mistake, match=words):
            evaluated(TINY, "--data", data)
    with pytest.raises(ModelError):
        evaluated(dataset, "--data", dataset)


def test_a_log_without_a_performer_and_a_folder_are_told_apart(tmp_path):
    log = tmp_path / "2026-01-31T20-15-00-3d-mdrnn.log"
    log.write_text("2026-01-31T20:15:00.000000,rnn,0.5,0.5\n")

    with pytest.raises(FileError, match="nothing that a performer played"):
        evaluated("--data", log)
    with pytest.raises(FileError, match="impsy dataset -S"):
        evaluated("--data", tmp_path)


@pytest.mark.parametrize("option", ["--max-dt", "--seconds", "--sigma-temp", "--pi-temp"])
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_what_is_no_finite_number_is_refused(dataset, option, number):
    result = CliRunner().invoke(command, ["--data", str(dataset), option, number])

    assert result.exit_code == 2
    assert "finite" in result.stderr or "range" in result.stderr


def test_values_beyond_the_range_are_heard_as_they_are_played(tmp_path):
    rng = np.random.default_rng(1)
    inside = [rng.integers(0, 2, (30, 3)).astype(float) for _ in range(2)]
    beyond = [np.where(take > 0.5, np.add(take, [0.0, 6.0, 0.5]), take - [2.0, 0.3, 3.0]) for take in inside]
    save_dataset(tmp_path / "inside.npz", inside)
    save_dataset(tmp_path / "beyond.npz", beyond)

    scored = [
        [entry["nats"] for entry in json.loads(told)["models"]]
        for told in (
            evaluated("--data", tmp_path / f"{name}.npz", "--rollouts", 1, "--seconds", 1, "--json")
            for name in ("inside", "beyond")
        )
    ]

    assert scored[0] == scored[1]
