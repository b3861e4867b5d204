"""A sweep tries what its file says, loses a trial rather than itself, and goes on where it was stopped."""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from peers import until

from impsy.cli.main import impsy
from impsy.errors import FileError, ImpsyError
from impsy.training.fit import Recipe
from impsy.training.lock import InUse
from impsy.training.sweep.plan import SEARCHED, Between, Plan, read_plan
from impsy.training.sweep.trial import Trial, TrialError, held_out_loss

START = Path(__file__).parents[1] / "start_impsy.py"
PLAN = """
trials = 6
seed = 3
at_once = 2

[recipe]
epochs = 2

[search]
size = ["xxs", "xs"]
rate = { low = 1e-3, high = 1e-1, log = true }
lanes = { low = 8, high = 64 }
"""


def _plan(folder: Path, text: str = PLAN) -> Plan:
    (folder / "wide.toml").write_text(text)
    return read_plan(folder / "wide.toml")


def test_a_file_says_what_is_tried_and_the_rest_is_as_usual(tmp_path: Path) -> None:
    plan = _plan(tmp_path)

    assert (plan.trials, plan.seed, plan.at_once) == (6, 3, 2)
    assert plan.search["rate"] == Between(1e-3, 1e-1, log=True)
    assert plan.made({"size": "xs", "rate": 0.02}) == ("xs", Recipe(epochs=2, rate=0.02))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("trials = 0\n[search]\nrate = [0.1]", "trials"),
        ("trials = 3", "search"),
        ("[search]", "search"),
        ("[search]\nspeed = [1]", 'no "speed"; they have size, epochs'),
        ("[search]\nfurther = [true]", 'no "further"'),
        ("[search]\nrate = [-0.1]", "rate: Expected `float` > 0.0; found -0.1"),
        ("[search]\nrate = [nan]", "rate: Expected"),
        ("[search]\nrate = { low = 0.1, high = inf }", "rate: Expected"),
        ("[search]\nsteps = [0]", "steps: Expected `int` >= 1; found 0"),
        ("[search]\nlanes = [16.0]", "lanes: Expected `int`"),
        ("[search]\nlanes = { low = 0, high = 8 }", "lanes: Expected `int` >= 1; found 0"),
        ("[search]\npatience = [0]", "patience: Expected"),
        ("[search]\nclip = [0]", "clip: Expected"),
        ("[search]\nnoise = [-0.001]", "noise: Expected"),
        ("[search]\naugment = [1]", "augment: Expected `bool`"),
        ("[search]\nrate = [0.1]\n[recipe]\nepochs = 0", "epochs: Expected `int` >= 1; found 0"),
        ("[search]\nrate = [0.1]\n[recipe]\nrate = 0.1", "rate is both in [recipe] and in [search]"),
        ("[search]\nsize = ['huge']", "size is one of xxs"),
        ("[search]\nsize = { low = 1, high = 2 }", "size is"),
        ("[search]\nrate = []", "rate has no value"),
        ("[search]\nrate = ['quick']", "rate: Expected"),
        ("[search]\nlanes = { low = 1.5, high = 8 }", "lanes: Expected"),
        ("[search]\nrate = { low = 0.1, high = 0.01 }", "low must be below high"),
        ("[search]\nnoise = { low = 0, high = 0.01, log = true }", "above 0"),
        ("[search]\nrate = { low = 0.1, hi = 0.2 }", "unknown field `hi`"),
        ("search = 1", "search"),
        ("[search", "is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_told_before_anything_is_trained(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(FileError, match=r"wide\.toml") as caught:
        _plan(tmp_path, text)

    assert told in str(caught.value)


def test_all_of_a_recipe_can_be_searched_within_bounds_that_are_documented() -> None:
    parts = {field.name for field in fields(Recipe)} - {"further"}  # a sweep begins from nothing
    page = (START.parent / "docs" / "how-to" / "search-recipes.md").read_text("utf-8")

    assert set(SEARCHED) == {"size"} | parts
    assert [name for name in SEARCHED if f"| `{name}` |" not in page] == []


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_plan(tmp_path / "nowhere.toml")


# -- the search


class Stage:
    """Trains nothing: the loss is known, and trials of some numbers are lost."""

    def __init__(
        self,
        at_once: int = 2,
        lost: tuple[int, ...] = (),
        stops_after: int = 10**6,
        error: Exception | None = None,
    ) -> None:
        self.at_once = at_once
        self.trials: list[Trial] = []
        self._lost = lost
        self._error = error or TrialError("killed by signal 9")
        self._stops_after = stops_after
        self._lock = threading.Lock()
        self.stopped = False

    def train(self, trial: Trial, folder: Path) -> None:
        with self._lock:
            self.trials.append(trial)
            if len(self.trials) > self._stops_after:
                raise KeyboardInterrupt
            number = int(folder.name.removeprefix("trial-"))
        if number in self._lost:
            raise self._error
        report = folder / "model-run" / "report.json"
        report.parent.mkdir(parents=True)
        loss = abs(np.log(trial.recipe.rate / 0.01)) + (trial.size == "xxs")
        report.write_text(json.dumps({"best": {"held_out": loss}}))

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        """Nothing is held."""


class Told(list):
    def tried(self, tried) -> None:
        self.append(tried)


def _sweep(plan, folder, stage, source="mine.npz"):
    pytest.importorskip("optuna", reason="the extra cluster is not installed")
    from impsy.training.sweep.sweep import sweep

    told = Told()
    return sweep(plan, source, folder / "sweep", stage, told), told


@pytest.mark.slow
def test_the_best_comes_first_and_all_are_in_the_table(tmp_path: Path) -> None:
    stage = Stage()
    finished, told = _sweep(_plan(tmp_path), tmp_path, stage)

    assert len(finished) == len(told) == len(stage.trials) == 6
    assert [one.loss for one in finished] == sorted(one.loss for one in finished)
    assert {trial.size for trial in stage.trials} <= {"xxs", "xs"}
    assert all(1e-3 <= trial.recipe.rate <= 1e-1 and 8 <= trial.recipe.lanes <= 64 for trial in stage.trials)
    with (tmp_path / "sweep" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["trial"]) for row in rows] == list(range(6))
    assert min(float(row["held_out"]) for row in rows) == pytest.approx(finished[0].loss, abs=1e-4)


@pytest.mark.slow
def test_a_lost_trial_is_all_that_is_lost(tmp_path: Path) -> None:
    finished, told = _sweep(_plan(tmp_path), tmp_path, Stage(lost=(1, 4)))

    assert sorted(one.number for one in finished) == [0, 2, 3, 5]
    assert sorted(one.number for one in told if one.loss is None) == [1, 4]


@pytest.mark.slow
def test_a_disk_that_is_full_for_a_trial_costs_that_trial(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    finished, told = _sweep(_plan(tmp_path), tmp_path, Stage(lost=(1,), error=full))

    assert len(finished) == 5
    assert [one.why for one in told if one.loss is None] == [
        f"{tmp_path / 'sweep' / 'trial-0001'}: No space left on device"
    ]


@pytest.mark.slow
def test_a_disk_that_is_full_for_the_sweep_ends_it_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    class FullDisk(Stage):
        def train(self, trial: Trial, folder: Path) -> None:
            super().train(trial, folder)
            if folder.name == "trial-0002":
                journal.touch()
                resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 100, unlimited))

    resource = pytest.importorskip("resource", reason="limits files on Unix")
    journal = tmp_path / "sweep" / "study.log"
    usual, unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(FileError, match=r"cannot be written: .*; once it can, the same command goes on"):
            _sweep(_plan(tmp_path), tmp_path, FullDisk(at_once=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, unlimited))
    assert not journal.read_bytes().endswith(b"\n")  # half of what it had to say
    second = Stage()
    finished, _ = _sweep(_plan(tmp_path), tmp_path, second)

    assert len(finished) == 6
    assert len(second.trials) == 3  # the third was finished, and is not trained again
    with (tmp_path / "sweep" / "results.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 6


@pytest.mark.slow
def test_a_journal_that_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "study.log").write_text("{{\n{}\n")

    with pytest.raises(FileError, match=r"study\.log: is damaged"):
        _sweep(_plan(tmp_path), tmp_path, Stage())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked there")
def test_a_folder_has_one_sweep_at_a_time(tmp_path: Path) -> None:
    class Twice(Stage):
        def train(self, trial: Trial, folder: Path) -> None:
            with pytest.raises(InUse):
                _sweep(_plan(tmp_path), tmp_path, Stage())
            super().train(trial, folder)

    finished, _ = _sweep(_plan(tmp_path), tmp_path, Twice())
    assert len(finished) == 6


def test_a_trainer_that_dies_before_it_listens_costs_its_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impsy.training.sweep.places import ThisMachine

    monkeypatch.setenv("PYTHONHOME", str(tmp_path / "nowhere"))  # Python itself does not start
    trial = Trial("long" * 10**6, "xxs", Recipe(), 1)  # more than a pipe holds

    with pytest.raises(TrialError, match="trial-0000"):
        ThisMachine(tmp_path / "mine.npz", 1).train(trial, tmp_path / "trial-0000")


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"best": {"held_out": null}}'])
def test_a_report_that_is_damaged_costs_its_trial(tmp_path: Path, report: str) -> None:
    (tmp_path / "model-run").mkdir()
    (tmp_path / "model-run" / "report.json").write_text(report)

    with pytest.raises(TrialError, match=r"report\.json: cannot be read"):
        held_out_loss(tmp_path)


@pytest.mark.slow
def test_all_lost_is_an_error_that_tells_why(tmp_path: Path) -> None:
    with pytest.raises(ImpsyError, match=r"no trial was finished; .*signal 9"):
        _sweep(_plan(tmp_path), tmp_path, Stage(lost=tuple(range(6))))


@pytest.mark.slow
def test_what_was_stopped_goes_on_with_what_is_left_and_tries_other_values(tmp_path: Path) -> None:
    first = Stage(at_once=1, stops_after=3)
    with pytest.raises(KeyboardInterrupt):
        _sweep(_plan(tmp_path), tmp_path, first)
    assert first.stopped
    second = Stage()
    finished, _ = _sweep(_plan(tmp_path), tmp_path, second)

    assert len(second.trials) == 3
    assert len(finished) == 6
    assert len({one.chosen["rate"] for one in finished}) == 6
    assert _why(tmp_path) == {3: "it was under way when the sweep ended"}


@pytest.mark.slow
def test_what_was_lost_is_trained_again_and_stays_in_the_table(tmp_path: Path) -> None:
    _sweep(_plan(tmp_path), tmp_path, Stage(lost=(1, 4)))
    second = Stage()
    finished, _ = _sweep(_plan(tmp_path), tmp_path, second)

    assert len(second.trials) == 2
    assert len(finished) == 6
    assert _why(tmp_path) == dict.fromkeys((1, 4), "killed by signal 9")


def _why(folder: Path) -> dict[int, str]:
    """Why trials were lost, by the table of the sweep."""
    with (folder / "sweep" / "results.csv").open() as file:
        return {int(row["trial"]): row["why"] for row in csv.DictReader(file) if not row["held_out"]}


@pytest.mark.slow
@pytest.mark.parametrize("change", ["other.npz", PLAN.replace("1e-1", "2e-1"), PLAN.replace("seed = 3", "seed = 4")])
def test_a_folder_holds_one_sweep(tmp_path: Path, change: str) -> None:
    _sweep(_plan(tmp_path), tmp_path, Stage())
    text, source = (PLAN, change) if change.endswith("npz") else (change, "mine.npz")

    with pytest.raises(ImpsyError, match="holds a sweep of other"):
        _sweep(_plan(tmp_path, text), tmp_path, Stage(), source)


# -- the real thing


def _dataset(folder: Path) -> Path:
    """A circle, drawn for a minute."""
    from impsy.data.datasets import save_dataset

    t = np.arange(800) * 0.02
    take = np.stack([np.full(800, 0.02), 0.5 + 0.4 * np.sin(t), 0.5 + 0.4 * np.cos(t)], axis=1)
    path = folder / "training-dataset-3d.npz"
    save_dataset(path, [take.astype(np.float32)])
    return path


def _train(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(START), "train", "training-dataset-3d.npz", "--sweep", "wide.toml", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-M", "m"], "-M/--modelsize: write size under [recipe]"),
        (["-N", "60"], "-N/--numepochs: write epochs"),  # also where it is the default
        (["-P", "5"], "-P/--patience: write patience"),
        (["--no-earlystopping"], "--earlystopping: write patience"),
        (["-B", "64"], "-B/--batchsize: write lanes"),
        (["--augment"], "--augment: write augment = true"),
        (["--seed", "3"], "--seed: write seed at the top"),
        (["--from", "model.tflite"], "--from: leave it out"),
        (["--resume"], "--resume: leave it out"),
    ],
)
def test_what_a_sweep_would_not_heed_is_refused(tmp_path: Path, options: list[str], told: str) -> None:
    result = CliRunner().invoke(impsy, ["train", "mine.npz", "--sweep", "wide.toml", *options])

    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


@pytest.mark.slow
def test_a_program_is_told_of_a_sweep_in_json_lines(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the extra cluster is not installed")
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    (tmp_path / "wide.toml").write_text("trials = 2\n[recipe]\nepochs = 1\n[search]\nsize = ['xxs']")
    _dataset(tmp_path)
    stdout, stderr = _train(tmp_path, "--progress", "json").communicate(timeout=200)
    told = [json.loads(line) for line in stdout.splitlines()]

    assert stderr == ""
    assert [line["what"] for line in told] == ["started", "tried", "tried", "swept"]
    assert told[0] == {"what": "started", "trials": 2, "at_once": 2, "where": "this machine"}
    assert {line["number"] for line in told[1:3]} == {0, 1}
    assert told[3]["best"]["loss"] == min(line["loss"] for line in told[1:3])
    assert (tmp_path / told[3]["model"]).exists()


@pytest.mark.slow
def test_a_best_model_that_was_taken_away_is_told(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    _dataset(tmp_path)
    finished, _ = _sweep(_plan(tmp_path), tmp_path, Stage(), "training-dataset-3d.npz")
    (tmp_path / "models").mkdir()
    (tmp_path / "sweep").rename(tmp_path / "models" / "sweep-wide")
    process = _train(tmp_path)
    stderr = process.communicate(timeout=200)[1]

    assert f"{finished[0].folder.name}: the model that scored best is gone" in stderr
    assert "Traceback" not in stderr
    assert process.returncode == 1


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_own_trial_alone(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the extra cluster is not installed")
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    (tmp_path / "wide.toml").write_text("trials = 3\nat_once = 1\n[recipe]\nepochs = 2\n[search]\nsize = ['xxs', 'xs']")
    _dataset(tmp_path)
    process = _train(tmp_path)
    os.kill(_trainer_of("trial-0001", process.pid), signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=200)

    assert process.returncode == 0, stderr
    assert "lost" in stderr
    assert "killed by signal 9" in stderr
    assert (tmp_path / stdout.strip()).exists()
    runs = sorted((tmp_path / "models" / "sweep-wide").glob("trial-*/*-run/report.json"))
    assert [path.parents[1].name for path in runs] == ["trial-0000", "trial-0002"]


@pytest.mark.slow
def test_a_sweep_that_is_killed_leaves_nobody_training(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the extra cluster is not installed")
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    (tmp_path / "wide.toml").write_text(
        "trials = 1\n[recipe]\nepochs = 99999\npatience = 99999\n[search]\nsize = ['xxs']"
    )
    _dataset(tmp_path)
    process = _train(tmp_path)
    trainer = Path(f"/proc/{_trainer_of('trial-0000', process.pid)}/cmdline")
    assert until(lambda: any(tmp_path.glob("models/sweep-wide/trial-0000/*-run/curve.csv")), 100)
    process.kill()
    process.communicate()

    assert until(lambda: not trainer.exists() or not trainer.read_bytes(), 10)  # nothing is read of a zombie


def _trained_by_ray() -> set[str]:
    """The names of the tasks that workers of Ray, which call themselves by them, are at."""
    titles = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            titles.append(path.read_bytes().strip(b"\0").decode("utf-8", "replace"))
    return {title.removeprefix("ray::") for title in titles}


def _trainer_of(trial: str, parent: int) -> int:
    """The child that trains this trial, once it is there."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            for child in children.read_text().split():
                if trial.encode() in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        time.sleep(0.05)
    raise AssertionError(f"nobody trains {trial}")


@pytest.mark.slow
def test_a_cluster_of_two_nodes_trains_trials_and_one_may_die(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna", reason="the extra cluster is not installed")
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    cluster_utils = pytest.importorskip("ray.cluster_utils", reason="the extra cluster is not installed")
    (tmp_path / "wide.toml").write_text("trials = 3\n[recipe]\nepochs = 2\n[search]\nsize = ['xxs', 'xs']")
    _dataset(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(START.parent))  # the nodes have impsy installed
    monkeypatch.setenv("RAY_worker_niceness", "0")  # a busy machine would let them starve
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        process = _train(tmp_path, "--ray", cluster.address)
        assert until(lambda: _trained_by_ray() >= {"trial-0000", "trial-0001"}, 100)
        cluster.remove_node(second, allow_graceful=False)
        stdout, stderr = process.communicate(timeout=200)
    finally:
        cluster.shutdown()

    assert process.returncode == 0, stderr
    assert "2 at once on the cluster" in stderr
    assert (tmp_path / stdout.splitlines()[-1]).exists(), stdout
    assert len(list((tmp_path / "models" / "sweep-wide").glob("trial-*/*-run/report.json"))) == 3


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_told(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra cluster is not installed")
    from impsy.training.sweep.places import RayCluster

    with pytest.raises(ImpsyError, match=r"no Ray cluster answers at 127\.0\.0\.1:1"):
        RayCluster("127.0.0.1:1", _dataset(tmp_path), None, 1, 0)
