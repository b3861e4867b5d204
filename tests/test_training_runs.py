"""Runs: their folder, how they are told, and that no way of stopping one loses it."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from server import START

from impsy.cli.train import command
from impsy.data.datasets import save_dataset
from impsy.errors import FileError
from impsy.training.checkpoint import Checkpoint, Epoch, load, save
from impsy.training.fit import Recipe
from impsy.training.lock import InUse
from impsy.training.run_folder import Plan, RunFolder
from impsy.training.train import Started, Trained

NAME = "musicMDRNN-dim3-layers2-units16-mixtures5-scale10"
OPTIONS = ("circles.npz", "-M", "xxs", "-N", "12", "--no-earlystopping", "--seed", "3")
KILLS = 3
FINISHED = [".lock", "config.json", "curve.csv", "curve.png", "report.json"]


def _epoch(number: int, held_out: float, *, best: bool) -> Epoch:
    return Epoch(number, 9, 5.0, held_out, best, number * 1.5, 3.0)


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    weights = [rng.random((3, 4), np.float32) for _ in range(12)]
    kept = Checkpoint(
        [_epoch(1, 4.0, best=True), _epoch(2, 4.5, best=False)],
        weights,
        weights[::-1],
        [np.array(7, np.int64)],
        dict(rng.bit_generator.state),
    )
    save(kept, tmp_path / "checkpoint.npz")
    back = load(tmp_path / "checkpoint.npz")

    assert (back.curve, back.rng, back.best.number, back.waited) == (kept.curve, kept.rng, 1, 1)
    for name in ("weights", "best_weights", "optimizer"):
        for ours, theirs in zip(getattr(kept, name), getattr(back, name), strict=True):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("contents", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_checkpoint_is_told(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(contents)

    with pytest.raises(FileError, match="damaged"):
        load(path)


PLAN = Plan("circles.npz", "5b8c", 3000, 1.2, 3, "xxs", "", "", {"epochs": 12}, 3, {"impsy": "0.1.0"})
AT = Checkpoint([_epoch(1, 4.0, best=True)], rng=dict(np.random.default_rng(5).bit_generator.state))
HOLD = """
import sys
from pathlib import Path
from impsy.training.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked there")
def test_nobody_else_trains_into_the_folder_of_a_run_that_is_alive(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "mine-run"
    run = RunFolder.begin(folder, PLAN)
    run.keep(AT)

    with pytest.raises(InUse, match="mine-run: another training is writing here; wait for it"):
        RunFolder.begin(folder, PLAN)
    with pytest.raises(InUse):
        RunFolder.resume(folder, PLAN, 3)
    assert [path.name for path in folder.parent.iterdir()] == ["mine-run"]
    assert load(folder / "checkpoint.npz").curve == AT.curve

    del run
    assert RunFolder.resume(folder, PLAN, 3)[1].curve == AT.curve


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked there")
def test_a_run_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "mine-run"
    RunFolder.begin(folder, PLAN).keep(AT)
    holds = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], cwd=Path(START).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holds.stdout is not None
    holds.stdout.readline()

    with pytest.raises(InUse):
        RunFolder.begin(folder, PLAN)
    holds.kill()
    holds.communicate()
    RunFolder.begin(folder, PLAN)

    assert len(list(folder.parent.iterdir())) == 2  # the older one has another name
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "config.json"]


@pytest.mark.slow
def test_a_run_is_finished_before_its_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    run = RunFolder.begin(tmp_path / "mine-run", PLAN)
    run.keep(AT)
    (run.path / "curve.png").mkdir()  # as good as a kill while it is drawn

    with pytest.raises(FileError, match="cannot be written"):
        run.finish(AT, {"mine.keras": "5b8c"}, 2700, 300)
    assert json.loads((run.path / "report.json").read_text())["files"] == {"mine.keras": "5b8c"}
    assert not (run.path / "checkpoint.npz").exists()


def test_the_reference_names_every_option_and_field() -> None:
    page = (Path(START).parent / "docs" / "reference" / "commands.md").read_text("utf-8")
    section = page.partition("\n## impsy train\n")[2].partition("\n## ")[0]
    options = [name for option in command.params for name in option.opts if name.startswith("-")]
    told = (Plan, Epoch, Recipe, Started, Trained)
    named = [*options, *(field.name for each in told for field in fields(each))]

    assert [name for name in named if not re.search(rf"[`\"]{name}[`\" ]", section)] == []


@pytest.mark.slow
class TestRun:
    @pytest.fixture(autouse=True)
    def _needs_tensorflow(self) -> None:
        pytest.importorskip("tensorflow", reason="the extra train is not installed")
        pytest.importorskip("keras_mdn_layer", reason="the extra train is not installed")

    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Path:
        """A folder with a dataset: a hand that goes round and round."""
        phase = np.arange(1500) * 0.1
        rows = np.column_stack([np.full(1500, 0.025), 0.5 + 0.3 * np.cos(phase), 0.5 + 0.3 * np.sin(phase)])
        save_dataset(tmp_path / "circles.npz", [rows, rows[::-1]])
        return tmp_path

    def _start(self, folder: Path, *options: str) -> "subprocess.Popen[str]":
        command = [sys.executable, START, "train", *OPTIONS, *options]
        return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _train(self, folder: Path, *options: str) -> list[str]:
        process = self._start(folder, *options)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        return out.splitlines()

    def test_the_folder_of_a_run_tells_all_of_it(self, workspace: Path) -> None:
        told = [json.loads(line) for line in self._train(workspace, "--progress", "json")]
        run = workspace / "models" / f"{NAME}-run"
        report = json.loads((run / "report.json").read_text())
        epochs = [line for line in told if line["what"] == "epoch"]

        assert [told[0]["what"], told[-1]["what"], len(epochs)] == ["started", "trained", 12]
        assert told[0]["plan"]["seed"] == report["seed"] == 3
        assert report["best"]["held_out"] == min(epoch["held_out"] for epoch in epochs)
        assert sorted(report["files"]) == [f"{NAME}.keras", f"{NAME}.tflite"]
        assert len((run / "curve.csv").read_text().splitlines()) == 13
        assert sorted(path.name for path in run.iterdir()) == FINISHED

        again = self._start(workspace, "--resume")
        assert "this run is finished" in again.communicate()[1]
        assert again.returncode == 1

    def test_killed_at_random_moments_it_ends_with_the_same_weights(self, workspace: Path) -> None:
        begun = time.monotonic()
        self._train(workspace, "-O", "undisturbed")
        whole = time.monotonic() - begun
        chance = random.Random(1)
        killed = workspace / "killed" / f"{NAME}-run"
        for _ in range(KILLS):
            process = self._start(workspace, "-O", "killed", *self._resume(killed))
            time.sleep(chance.uniform(0.2, 1.1) * whole)
            process.kill()
            process.communicate()
        if not (killed / "report.json").exists():
            self._train(workspace, "-O", "killed", *self._resume(killed))

        one, other = (workspace / folder / f"{NAME}.tflite" for folder in ("undisturbed", "killed"))
        assert other.read_bytes() == one.read_bytes()
        assert len(list(other.parent.iterdir())) == 4  # the run, two files and their card
        assert {path.name for path in killed.iterdir()} >= {"config.json", "curve.csv", "report.json"}

    def _resume(self, run: Path) -> list[str]:
        return ["--resume"] if (run / "config.json").exists() else []

    def test_a_run_does_not_go_on_with_other_data_or_another_recipe(self, workspace: Path) -> None:
        process = self._start(workspace, "--progress", "json")
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.wait()
        other = self._start(workspace, "--resume", "-N", "50")

        assert "the run here had other recipe; leave out --resume" in other.communicate()[1]
        assert other.returncode == 1

    def test_ctrl_c_keeps_the_best_so_far(self, workspace: Path) -> None:
        process = self._start(workspace, "-N", "100000", "--progress", "json")
        assert process.stdout is not None
        for _ in range(4):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

        assert process.returncode == 0, err
        assert json.loads(out.splitlines()[-1])["what"] == "trained"
        assert (workspace / "models" / f"{NAME}.tflite").exists()

    def test_no_ctrl_c_loses_what_is_learned(self, workspace: Path) -> None:
        process = self._start(workspace, "--progress", "json")
        assert process.stdout is not None
        told: list[dict[str, object]] = [{"what": "nothing"}]
        while told[-1]["what"] != "learned":
            told.append(json.loads(process.stdout.readline()))
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        out, err = process.communicate(timeout=60)

        assert process.returncode == 0, err
        assert json.loads(out)["sigmatemp"] is None
        card = json.loads((workspace / "models" / f"{NAME}.json").read_text())
        assert card["training"]["held_out_nats"] < 20.0

    def test_where_there_is_no_run_to_go_on_with_it_says_so(self, workspace: Path) -> None:
        process = self._start(workspace, "--resume")

        assert "no run to go on with is here" in process.communicate()[1]
        assert process.returncode == 1

    @pytest.mark.parametrize("size", ["4k", "64k"])
    def test_a_full_disk_is_told_and_harms_nothing(self, workspace: Path, size: str) -> None:
        disk = workspace / "models"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("cannot mount a small disk here: it needs root")
        try:
            older = disk / f"{NAME}.tflite"
            older.write_bytes(b"an older model")
            process = self._start(workspace)
            said = process.communicate(timeout=300)[1]

            assert "cannot be written: No space left on device" in said
            assert "Traceback" not in said
            assert process.returncode == 1
            assert older.read_bytes() == b"an older model"
            assert not list(disk.glob(".*"))
        finally:
            subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("contents", [b"", b"no dataset", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_dataset_is_told_before_anything_is_written(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "data.npz").write_bytes(contents)
    result = _impsy_train(tmp_path)

    assert result.stderr.startswith("impsy: data.npz: ")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["data.npz"]


def test_a_hostile_dataset_is_refused_and_what_it_asks_for_is_not_done(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, ("owned",)

    np.savez(tmp_path / "data.npz", perfs=np.array([Hostile()], dtype=object))
    result = _impsy_train(tmp_path)

    assert result.returncode == 1
    assert "data.npz: is refused" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data.npz"]


def _impsy_train(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, START, "train", "data.npz"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
