"""The loop in real processes: play, log, learn, play again; with the recordings of a real performer."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from peers import until
from server import START, Server

from impsy.core.modes import Mode
from impsy.data.datasets import load_dataset
from impsy.wire.osc import decode, encode

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
RECORDED = ROOT.parent / "shared" / "data" / "recorded-9d.npz"
MODEL = "musicMDRNN-dim9-layers2-units16-mixtures5-scale10.tflite"


def impsy(*words: object, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, START, *map(str, words)], cwd=folder, capture_output=True, text=True, check=True
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a performer has played into impsy and trained a model: each step in a process of its own."""
    pytest.importorskip("tensorflow", reason="training needs the extra: pip install -e '.[train]'")
    if not RECORDED.exists():
        pytest.skip(f"the recordings are not here: {RECORDED.name}")
    folder = tmp_path_factory.mktemp("workspace")
    with Server(folder, model={"dimension": 9}, interaction={"mode": "useronly"}) as server:
        to = "{}:{}".format(*server.osc_address)
        impsy("replay", RECORDED, "--to", to, "--speed", 20, "--max-dt", 0.02, folder=folder)
        assert server.stop() == 0
    impsy("dataset", folder=folder)
    impsy("train", "-M", "xxs", "-N", 3, "--seed", 1, folder=folder)
    return folder


def test_nothing_that_was_played_is_lost_or_out_of_order(workspace: Path) -> None:
    (log,) = workspace.glob("logs/*.log")
    played = np.concatenate([take[:, 1:] for take in load_dataset(RECORDED).performances if len(take)])

    logged = np.array([line.split(",")[2:] for line in log.read_text().splitlines()], dtype=float)

    assert len(logged) == len(played)
    assert np.array_equal(logged.astype(np.float32), played)


def test_the_dataset_holds_what_the_log_holds(workspace: Path) -> None:
    (log,) = workspace.glob("logs/*.log")

    dataset = load_dataset(workspace / "datasets" / "training-dataset-9d.npz")

    assert dataset.interactions == len(log.read_text().splitlines()) - 1


def test_the_trained_model_answers_over_osc_and_websocket(workspace: Path) -> None:
    model = {"dimension": 9, "file": f"models/{MODEL}"}
    with Server(workspace, model=model, logs=workspace / "own", interaction={"threshold": 0.1}) as server:
        page, player = server.websocket(), server.osc()
        for i in range(20):
            player.send("/interface", *[i / 20] * 8)
            time.sleep(0.01)

        heard = [server.predictions.receive() for _ in range(5)]
        assert all(len(message.arguments) == 8 for messages in heard for message in messages)
        told: list[str] = []
        assert until(lambda: told.extend(m.address for _, m in decode(page.recv(2))) or "/monitor/out" in told)  # type: ignore[arg-type]
        assert "/impsy/turn" in told
        assert server.stop() == 0
        assert len(server.rows("interface")) == 20
        assert server.record()[0]["model"]["name"] == Path(MODEL).stem


@pytest.mark.parametrize("chance", [("0", "0.001"), ("0.5", "1.5")], ids=["without chance", "with chance"])
@pytest.mark.parametrize("mode", [Mode.CALLRESPONSE, Mode.POLYPHONY, Mode.BATTLE])
def test_a_performance_is_recomputed_from_its_log_and_record(
    workspace: Path, mode: Mode, chance: tuple[str, str]
) -> None:
    model = {"dimension": 9, "file": str(workspace / "models" / MODEL)}
    sigma, pi = chance
    with Server(
        workspace,
        *("--sigma-temp", sigma, "--pi-temp", pi),
        model=model,
        logs=workspace / f"{mode}-{sigma}",
        interaction={"mode": mode.value, "threshold": 0.1},
    ) as server:
        player = server.osc()
        for phrase in range(3):
            for i in range(30):
                player.send("/interface", *[(phrase + i / 30) / 4] * 8)
                time.sleep(0.01)
            time.sleep(0.5)
        assert server.stop() == 0
        assert server.log is not None
        assert len(server.rows("rnn")) >= 20

        subprocess.run([sys.executable, ROOT / "examples" / "recompute.py", server.log], check=True)


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_reads_every_input(tmp_path: Path, mode: Mode) -> None:
    with Server(tmp_path, interaction={"mode": mode.value}) as server:
        server.osc().send("/interface", 0.125, 0.125)
        assert until(lambda: server.rows("interface"))
        server.websocket("/osc").send(encode("/interface", [0.25, 0.25]))
        assert until(lambda: len(server.rows("interface")) == 2)
        server.websocket("/").send("/channel/1/cc/2/127")
        assert until(lambda: len(server.rows("interface")) == 3)

        assert [row.values for row in server.rows("interface")] == [(0.125, 0.125), (0.25, 0.25), (0.25, 1.0)]
        assert server.stop() == 0
