"""What a performance needs before it begins: all that stands in its way is told at once, and nothing else."""

import socket
from pathlib import Path

import pytest

from impsy.cli.perform import opening, run
from impsy.cli.stage import BUNDLED, read_config, set_stage
from impsy.config.load import parse_config
from impsy.core.predictor import ModelSpec
from impsy.errors import CannotStart

STARTER = str(Path(__file__).parents[1] / "impsy/starters/musicMDRNN-dim3-layers2-units32-mixtures5-scale10.tflite")
TINY = str(Path(__file__).parent / "data/tiny-signed.tflite")  # dimension 3, 2 layers of 4 units: a size without a name


@pytest.fixture
def taken() -> int:
    """A UDP port of 127.0.0.1 that somebody else has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


def refusals(folder: Path, text: str, host: str | None = None, logs: Path | None = None, **given: object) -> list[str]:
    """The problems with which a start ends; `given` is written with a double underscore for the dot."""
    (folder / "config.toml").write_text(text)
    wishes = {name.replace("__", "."): value for name, value in given.items()}
    with pytest.raises(CannotStart) as raised:
        run(folder / "config.toml", wishes, logs or folder / "logs", host=host, seed=1, quiet=True)
    return [problem.replace(str(folder), ".") for problem in raised.value.problems]


def stage(text: str, folder: Path, host: str | None = None, source: str = "config.toml", **given: object):
    """Configuration, stage and problems of a text."""
    wishes = {name.replace("__", "."): value for name, value in given.items()}
    return set_stage(parse_config(text, source, folder), wishes, host, folder / "logs")


def test_config_model_port_and_log_folder_are_told_together(tmp_path: Path, taken: int) -> None:
    text = f"[model]\nfile = 'nowhere.tflite'\ntimescale = -1\n[osc]\nserver_port = {taken}"

    told = refusals(tmp_path, text, logs=Path("/proc/nope"))

    assert len(told) == 4
    assert told[0].startswith("./config.toml: [model] timescale must be a number, 0 or more")
    assert told[1].startswith("nowhere.tflite: there is no such model")
    assert "the log folder /proc/nope cannot be written" in told[2]
    assert told[3].startswith(f"UDP 127.0.0.1:{taken}: in use")


@pytest.mark.parametrize("text", ["[osc", "\0"])
def test_beside_a_config_that_cannot_be_parsed_the_rest_is_still_told(tmp_path: Path, text: str) -> None:
    told = refusals(tmp_path, text, logs=Path("/proc/nope"), interaction__threshold=-1.0)

    assert ["TOML" in told[0], "--threshold" in told[1], "/proc/nope" in told[2], len(told)] == [True, True, True, 3]


def test_a_config_that_is_not_there_is_told_beside_the_log_folder(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no such file") as raised:
        run(tmp_path / "none.toml", {}, Path("/proc/nope"), host=None, seed=1, quiet=True)

    assert len(raised.value.problems) == 2


def test_one_bad_option_is_the_only_problem_and_the_others_hold(tmp_path: Path) -> None:
    wishes = {"model__file": STARTER, "interaction__threshold": -1.0, "model__timescale": 2.0}

    config, _, problems = stage("[osc]", tmp_path, **wishes)

    assert problems == ["--threshold must be a number above 0 (the default is 0.1); found -1.0"]
    assert (config.model.file, config.model.timescale) == (STARTER, 2.0)


def test_the_host_of_the_command_line_is_tried_although_no_model_stands(tmp_path: Path) -> None:
    told = refusals(tmp_path, "[osc]\n[model]\nfile = 'nowhere.tflite'", host="192.0.2.7")

    assert told[-1].startswith("UDP 192.0.2.7:6000: this machine has no such address")


def test_a_host_with_nothing_to_open_is_said_and_so_is_that_nothing_can_be_heard(tmp_path: Path) -> None:
    _, made, problems = stage("[model]\ndimension = 3", tmp_path, host="0.0.0.0")

    assert (problems, len(made.notes)) == ([], 1)
    told = [line for line in opening(made) if line.startswith("note")]
    assert ["--host" in told[0], "no channel is on" in told[1]] == [True, True]


def test_a_dimension_that_the_model_has_not_is_told_with_who_said_it(tmp_path: Path) -> None:
    text = "[model]\nfile = 'starter:pad'\n"

    (by_option,) = stage(f"{text}dimension = 3", tmp_path, model__dimension=9)[2]
    (by_config,) = stage(f"{text}dimension = 9", tmp_path)[2]

    assert "and not 9 as -d/--dimension says" in by_option
    assert "and not 9 as [model] dimension says" in by_config


def test_a_model_on_the_command_line_is_not_held_against_the_config_but_against_d(tmp_path: Path) -> None:
    text = "[model]\nfile = 'other.tflite'\ndimension = 9\nsize = 'm'"

    _, made, problems = stage(text, tmp_path, model__file=STARTER)
    assert problems == []
    assert made.predictor.spec == ModelSpec(dimension=3, layers=2, units=32, mixtures=5)

    (problem,) = stage(text, tmp_path, model__file=STARTER, model__dimension=9)[2]
    assert "-d" in problem


@pytest.mark.parametrize(("size", "fits"), [("xs", True), ("s", False)])
def test_the_size_in_a_config_is_held_against_the_model(tmp_path: Path, size: str, fits: bool) -> None:
    problems = stage(f"[model]\nfile = '{STARTER}'\nsize = '{size}'", tmp_path)[2]

    assert bool(problems) is not fits


def test_a_model_whose_size_has_no_name_is_none_of_the_named(tmp_path: Path) -> None:
    (problem,) = stage(f"[model]\nfile = '{TINY}'\nsize = 's'", tmp_path)[2]

    assert 'has 2 layers of 4 units, and not 2 of 64 as [model] size = "s" says' in problem


def test_the_bundled_default_plays_its_starter_or_without_a_model_any_dimension(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = read_config(None)

    assert loaded.source == BUNDLED
    for wishes, dimension, name in (({}, 3, Path(STARTER).stem), ({"model.dimension": 9}, 9, "random walk")):
        _, made, problems = set_stage(loaded, wishes, None, tmp_path / "logs")
        assert problems == []
        assert (made.predictor.spec.dimension, made.model_name) == (dimension, name)


def test_where_a_random_walk_plays_as_many_controls_as_a_starter_the_starter_is_named(tmp_path: Path) -> None:
    told = {dimension: opening(stage(f"[model]\ndimension = {dimension}", tmp_path)[1]) for dimension in (3, 4, 9)}

    models = {dimension: next(line for line in lines if line.startswith("model")) for dimension, lines in told.items()}
    assert models[4] == "model      none: a random walk plays 3 controls"
    assert (
        models[3] == 'model      none: a random walk plays 2 controls; with [model] file = "starter:pad" a model does'
    )
    assert models[9].endswith('8 controls; with [model] file = "starter:faders" a model does')


def test_a_misspelt_key_is_not_followed_by_a_question(tmp_path: Path) -> None:
    (problem,) = stage("[model]\nfiel = 'mine.tflite'", tmp_path)[2]
    (question,) = stage("", tmp_path)[2]

    assert 'did you mean "file"?' in problem
    assert "how many controls?" in question
