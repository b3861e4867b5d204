"""`impsy evaluate --cv`: what is trained for a fold never hears what it is scored by, and Ctrl-C ends all of it."""

import importlib.util
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from impsy.cli.cross_validation import dataset_of
from impsy.cli.evaluate import command
from impsy.data.datasets import save_dataset
from impsy.data.phrases import split
from impsy.errors import NotEnoughData
from impsy.evaluation.baselines import BASELINES
from impsy.evaluation.evaluation import Plan, evaluate
from impsy.evaluation.listening import takes
from impsy.evaluation.telling import folds_table
from impsy.training.fit import Recipe

START = Path(__file__).parents[1] / "start_impsy.py"
SHORT = "--rollouts", "2", "--seconds", "2"
needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="training needs the extra: pip install -e '.[train]'"
)


def circles(length: int, seed: int) -> np.ndarray:
    """Two controls going round, quickly or slowly, with a trembling hand."""
    rng = np.random.default_rng(seed)
    at = np.cumsum(rng.normal(0.2, 0.02, length))
    return np.column_stack([rng.uniform(0.02, 0.06, length), 0.5 + 0.4 * np.sin(at), 0.5 + 0.4 * np.cos(at)])


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    one_too_short_to_score = circles(1, 9)
    save_dataset(tmp_path / "set.npz", [circles(400, 1), one_too_short_to_score, circles(300, 2)])
    return tmp_path / "set.npz"


@given(st.lists(st.integers(2, 30), min_size=1, max_size=5), st.integers(0, 99))
def test_for_any_takes_training_hears_the_phrases_that_are_scored(lengths: list[int], seed: int) -> None:
    performance = np.concatenate([circles(length, seed) for length in lengths])
    performance[np.cumsum(lengths[:-1], dtype=int), 0] = 60.0
    scored = takes(performance, max_dt=5.0)

    (taught,) = dataset_of([scored]).performances

    phrases = [phrase.rows for phrase in split([taught])]
    assert len(phrases) == len(scored)
    np.testing.assert_allclose(phrases[0], scored[0], rtol=1e-6)
    for phrase, take in zip(phrases[1:], scored[1:], strict=True):
        np.testing.assert_allclose(phrase, take[1:], rtol=1e-6)  # the one after a silence is nobody's to foresee


def test_where_nothing_is_asked_for_training_follows_the_recipe() -> None:
    from impsy.cli.train import command as train

    asked, train_asked = ({option.name: option.default for option in one.params} for one in (command, train))
    assert asked["numepochs"] == train_asked["numepochs"] == Recipe().epochs
    assert (train_asked["patience"], train_asked["batchsize"]) == (Recipe().patience, Recipe().lanes)


def test_what_cannot_be_is_said_before_anything_is_trained(tmp_path: Path, dataset: Path) -> None:
    save_dataset(tmp_path / "little.npz", [circles(300, 1), circles(50, 2)])

    with_model = CliRunner().invoke(command, ["model.tflite", "--cv", "--data", str(dataset)])
    without_cv = CliRunner().invoke(command, ["--folds", "3", "--data", str(dataset)])
    little = CliRunner().invoke(command, ["--cv", "-M", "auto", "--data", str(tmp_path / "little.npz")])

    assert (with_model.exit_code, without_cv.exit_code) == (2, 2)
    assert "leave out MODEL" in with_model.stderr
    assert isinstance(little.exception, NotEnoughData)
    assert "at least 200" in str(little.exception)
    assert "size       350 interactions suit size xxs; xs would need 2,000" in little.stderr


@pytest.mark.slow
@needs_tensorflow
def test_every_performance_is_scored_by_a_model_of_the_others(dataset: Path, tmp_path: Path) -> None:
    arguments = ["--cv", "--data", str(dataset), "-M", "auto", "-N", "3", *SHORT]

    result = CliRunner().invoke(
        command, [*arguments, "--json", "--report", str(tmp_path / "cv.html")], catch_exceptions=False
    )

    told = json.loads(result.stdout)
    assert [fold["held_out"] for fold in told["folds"]] == [[0], [2]]  # as they are numbered in the file
    assert [fold["events"] for fold in told["folds"]] == [399, 299]
    trained, *baselines = told["models"]
    assert (trained["name"], trained["baseline"], trained["units"]) == ("trained: size xxs", False, 16)
    assert np.average(trained["folds"], weights=[399, 299]) == pytest.approx(trained["nats"])
    assert trained["nats"] < min(entry["nats"] for entry in baselines if entry["name"] != "mixture")
    assert result.stderr.count("fold ") == 2
    assert "2 models of size xxs" in result.stderr
    page = (tmp_path / "cv.html").read_text("utf-8")
    assert "Fold by fold" in page
    assert "performance 2" in page


def test_several_can_be_left_out_at_once_and_a_table_tells_of_each_fold() -> None:
    performances = [[circles(60 + index, index)] for index in range(5)]
    plan = Plan(folds=2, rollouts=1, seconds=2.0)
    recipes = {"trained": BASELINES["walk"]}

    judged = evaluate({}, performances, "set.npz", 5.0, plan, lambda _: None, recipes=recipes, numbers=[0, 1, 3, 4, 7])

    trained, _, walk, _ = judged.entries
    header, (first, second, spread) = folds_table(judged)
    assert trained.judgement.nats == walk.judgement.nats
    assert header == ["events", "trained", "baseline: repeat", "baseline: walk", "baseline: mixture", "held out"]
    assert (first[0], first[-1], second[0], second[-1]) == ("180", "performances 0 to 3", "125", "performances 4 to 7")
    assert first[1] == first[3]
    assert "±" in spread[1]
    assert (
        judged.fitted_on == "each of 2 parts of the performances is scored by models and baselines fitted to the others"
    )


@pytest.mark.slow
@needs_tensorflow
def test_ctrl_c_ends_all_of_it_and_not_one_fold(dataset: Path, tmp_path: Path) -> None:
    arguments = ["evaluate", "--cv", "--data", str(dataset), "-M", "xxs", "-N", "5000"]
    with subprocess.Popen(
        [sys.executable, START, *arguments], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as running:
        assert running.stderr is not None
        while not running.stderr.readline().startswith("training"):
            pass
        time.sleep(2.0)

        running.send_signal(signal.SIGINT)

        said = running.stderr.read()
        assert running.wait(30) == 1
    assert "Aborted" in said
    assert "Traceback" not in said
