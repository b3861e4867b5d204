"""The commands that learn: logs to a dataset, a dataset to a model, and a recording played again."""

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from impsy.core.actions import Origin
from impsy.data.datasets import load_dataset, save_dataset
from impsy.data.logs import format_row, log_name
from impsy.wire.osc import decode

START = datetime.fromisoformat("2026-01-31T20:15:00")
ROOT = Path(__file__).parents[1]


def _impsy(folder, *arguments, start=subprocess.run, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "start_impsy.py"), *map(str, arguments)]
    return start(command, cwd=folder, env=environment, text=True, **options)


def _run(folder, *arguments):
    return _impsy(folder, *arguments, capture_output=True, check=False)


def _write_log(folder, rows, dimension=3, start=START, step=0.1, broken=""):
    folder.mkdir(exist_ok=True)
    path = folder / log_name(start, dimension, {log.name for log in folder.iterdir()})
    lines = [
        format_row(
            (start + timedelta(seconds=step * number)).isoformat(timespec="microseconds"),
            Origin.PERFORMER if number % 5 else Origin.MODEL,
            [number / max(rows, 1)] * (dimension - 1),
        )
        for number in range(1, rows + 1)
    ]
    path.write_text("".join(lines) + broken)
    return path


def test_logs_become_a_dataset_and_what_was_left_out_is_told(tmp_path):
    _write_log(tmp_path / "logs", 100, broken="2026-01-31T20:16:00.000000,interface,0.5\n")
    _write_log(tmp_path / "logs", 20)
    _write_log(tmp_path / "logs", 0)
    done = _run(tmp_path, "dataset")

    dataset = load_dataset(tmp_path / "datasets/training-dataset-3d.npz")
    assert done.returncode == 0
    assert [len(performance) for performance in dataset.performances] == [79, 15]
    assert done.stdout.startswith("datasets/training-dataset-3d.npz: 2 performances, 94 interactions, 0.2 minutes")
    assert "1 row: too few values" in done.stderr
    assert "fewer than two rows" in done.stderr


def test_the_dimension_must_be_chosen_where_logs_differ(tmp_path):
    _write_log(tmp_path / "logs", 30)
    _write_log(tmp_path / "logs", 30, dimension=9)

    unsure, chosen = _run(tmp_path, "dataset"), _run(tmp_path, "dataset", "-D", "9", "-O", "out", "-F", "mine")
    assert (unsure.returncode, chosen.returncode) == (1, 0)
    assert "3 (1 file), 9 (1 file)" in unsure.stderr
    assert load_dataset(tmp_path / "out/mine.npz").dimension == 9


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dataset"], "logs: there is no such folder; play with `impsy run` first"),
        (["dataset", "-S", "notes.txt"], "notes.txt: cannot be looked into"),
        (["dataset", "-S", "."], "holds no log (*-<dimension>d-mdrnn.log); play with `impsy run` first"),
        (["train"], "there is no dataset in datasets/"),
        (["train", "none.npz"], "none.npz: cannot be read"),
        (["replay", "none.npz"], "none.npz: cannot be read"),
        (["replay", "notes.txt"], "neither a dataset"),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path, arguments, told):
    (tmp_path / "notes.txt").touch()
    done = _run(tmp_path, *arguments)

    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_too_little_to_learn_from_is_told_before_anything_heavy_starts(tmp_path):
    _write_log(tmp_path / "logs", 100)
    _run(tmp_path, "dataset")
    done = _run(tmp_path, "train")

    assert done.returncode == 1
    assert "79 interactions are too few" in done.stderr
    assert "play 121 more" in done.stderr


def test_without_the_extra_the_one_command_that_installs_it_is_told(tmp_path):
    _write_log(tmp_path / "logs", 400)
    _run(tmp_path, "dataset")
    without = "import sys; sys.modules['tensorflow'] = None; from impsy.cli.main import main; main(['train'])"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {without}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert f"pip install -e '{ROOT}[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_recording_is_replayed_in_order_and_in_time(tmp_path):
    values = np.linspace(0, 1, 50, dtype=np.float32)
    take = np.column_stack([np.full(50, 0.04), values, 1 - values])
    take[0, 0], take[25, 0] = 99.0, 99.0  # the first dt is of a time before; a pause, shortened by --max-dt
    save_dataset(tmp_path / "set.npz", [np.zeros((0, 3)), take])

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        port = listener.getsockname()[1]
        to = ("--to", f"127.0.0.1:{port}", "--speed", "4", "--max-dt", "1", "--performance", "1")
        replay = _impsy(tmp_path, "replay", "set.npz", *to, start=subprocess.Popen, stderr=subprocess.PIPE)
        got, times = [], []
        for _ in range(50):
            ((_, message),) = decode(listener.recv(1024))
            times.append(time.perf_counter())
            got.append((message.address, *message.arguments))
        _, told = replay.communicate(timeout=10)

    assert [address for address, *_ in got] == ["/interface"] * 50
    assert np.allclose([numbers for _, *numbers in got], take[:, 1:])
    assert times[-1] - times[0] == pytest.approx((48 * 0.04 + 1) / 4, abs=0.2)
    assert "50 of 50 sent" in told


def test_what_a_log_holds_in_vain_is_told_before_it_is_replayed(tmp_path):
    log = _write_log(tmp_path / "logs", 4, broken="2026-01-31,interface,0.5,0.5\n2026-01-31T20:14:00,interface,0.5,7\n")

    done = _run(tmp_path, "replay", log, "--speed", "100", "--to", "127.0.0.1:9")

    assert done.returncode == 0
    for words in ("skipped    1 row: unreadable timestamp", "clipped    1 value", "mended     1 step", "5 of 5 sent"):
        assert words in done.stderr


def test_interrupting_a_replay_ends_it_kindly(tmp_path):
    _write_log(tmp_path / "logs", 500)
    (log,) = (tmp_path / "logs").iterdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        to = f"127.0.0.1:{listener.getsockname()[1]}"
        replay = _impsy(tmp_path, "replay", log, "--to", to, start=subprocess.Popen, stderr=subprocess.PIPE)
        listener.recv(1024)
        replay.send_signal(signal.SIGINT)
        _, told = replay.communicate(timeout=10)

    assert replay.returncode == 0
    assert "stopped" in told
    assert "of 400 sent" in told
    assert "Traceback" not in told


@pytest.mark.slow
def test_logs_become_a_model_that_can_be_played(tmp_path):
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    _write_log(tmp_path / "logs", 400)
    assert _run(tmp_path, "dataset").returncode == 0
    done = _run(tmp_path, "train", "-M", "xxs", "-N", "2", "--seed", "1")

    assert done.returncode == 0, done.stderr
    keras_path, lite_path = done.stdout.split()
    assert (tmp_path / keras_path).exists()
    assert f"impsy run {lite_path}" in done.stderr
    talk = "training", "learning", "epoch", "listens", "kept", "plays", "the run", "next"
    noise = [line for line in done.stderr.splitlines() if not line.startswith(talk)]
    assert noise == []
