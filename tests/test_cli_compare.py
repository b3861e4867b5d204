"""`impsy compare`: a model against itself, against a better one, and what scripts read."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from players import Metronome

from impsy.cli.compare import command
from impsy.data.datasets import save_dataset
from impsy.evaluation.comparison import compare
from impsy.evaluation.hearing import hear_out

DATA = Path(__file__).parent / "data"


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(1)
    save_dataset(tmp_path / "set.npz", [rng.random((40, 3)) for _ in range(3)])
    return tmp_path / "set.npz"


def compared(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False).stdout


def performances(count=12, events=60):
    rng = np.random.default_rng(2)
    return [[np.column_stack([rng.normal(0.2, 0.02, events), rng.normal(0.5, 0.1, events)])] for _ in range(count)]


def heard(value, deviation=0.1):
    return hear_out(Metronome(dt=0.2, value=value, deviation=deviation, controls=1), performances())


def test_a_model_is_no_better_than_itself():
    found = compare(heard(0.5), heard(0.5))

    assert (found.whole.low, found.whole.mean, found.whole.high) == (0.0, 0.0, 0.0)
    assert found.better is None


def test_two_that_are_wrong_by_as_much_cannot_be_told_apart():
    found = compare(heard(0.47), heard(0.53))

    assert found.whole.low < 0.0 < found.whole.high
    assert found.better is None


def test_the_truer_model_is_better_on_either_side():
    assert compare(heard(0.5), heard(0.7)).better == 0
    assert compare(heard(0.7), heard(0.5)).better == 1


def test_a_difference_is_surer_than_the_scores_that_it_is_of():
    from impsy.evaluation.bootstrap import interval

    first, second = heard(0.50), heard(0.52)

    score, difference = interval(first.joint), compare(first, second).whole
    assert difference.high - difference.low < 0.5 * (score.high - score.low)


def test_parts_tell_where_the_difference_lies():
    found = compare(heard(0.5), heard(0.7))

    assert found.parts[0].mean == pytest.approx(0.0)
    assert found.parts[1].mean == pytest.approx(found.whole.mean)


def test_the_verdict_is_one_line(dataset):
    alike = compared(DATA / "tiny-signed.tflite", DATA / "tiny-signed.tflite", "--data", dataset)
    unlike = json.loads(
        compared(
            DATA / "tiny-signed.tflite",
            DATA.parents[1] / "impsy/starters/musicMDRNN-dim3-layers2-units32-mixtures5-scale10.tflite",
            "--data",
            dataset,
            "--json",
        )
    )

    assert alike.splitlines()[-1].startswith("neither is shown to be better")
    assert unlike["events"] == 117
    assert unlike["better"] in ("a", "b", None)
    assert unlike["all"]["low"] <= unlike["all"]["difference"] <= unlike["all"]["high"]
    assert len(unlike["parts"]) == 3
