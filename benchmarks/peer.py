"""Whether files go both ways between impsy and IMPSY, with equal parameters (needs the extra train).

    python -m venv peer && peer/bin/pip install impsy==1.2.1
    python benchmarks/peer.py --peer peer/bin/impsy --data small.npz

It trains a model with each, lets each read the other's files, and compares them: by the steps of 50 interactions where
a file came out, and by what was played where the other's server played. For that both temperatures are as good as
nothing, so that what is played is the mean of the likeliest component, and is calculated again from the log.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from impsy.cli.opening import open_model
from impsy.data.datasets import load_dataset
from impsy.model.agreement import difference, played
from impsy.model.litert import LiteRtPredictor
from impsy.runtime.timing import step_time
from impsy.training.convert import convert, read_source
from impsy.wire.osc import encode

ROOT = Path(__file__).resolve().parents[1]
GESTURES, APART = 40, 0.15  # how many, and seconds between them
STARTS = 90.0  # seconds that the other's server may take until it answers
HEARD_AT_FIRST = np.geomspace(0.001, 120.0, 400)  # seconds: its log does not tell the first dt
CONFIG = """\
title = "benchmark"
owner = "impsy"
description = ""
log_input = true
log_predictions = true
verbose = true

[interaction]
mode = "polyphony"
threshold = 0.1
input_thru = false

[model]
dimension = {dimension}
file = "{model}"
size = "{size}"
sigmatemp = 1e-12
pitemp = 0.001
timescale = 1

[osc]
server_ip = "127.0.0.1"
server_port = {port}
client_ip = "127.0.0.1"
client_port = {client}
"""


def run(*command: object, folder: Path, ours: bool = False) -> None:
    """A command to its end; both packages are called impsy, so only ours may find ours."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if ours:
        environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr[-3000:]}")


@contextmanager
def served(peer: Path, folder: Path, config: str) -> Iterator[None]:
    """Its server, in a folder of its own."""
    (folder / "config.toml").write_text(config)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [peer, "run", "-c", "config.toml"], cwd=folder, env=environment, stdout=said, stderr=said
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(20.0)


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def played_there(peer: Path, model: Path, size: str, folder: Path) -> list[tuple[float, str, NDArray[np.float64]]]:
    """The rows of the log after gestures over OSC: seconds, source, controls."""
    dimension = LiteRtPredictor(model.with_suffix(".tflite")).spec.dimension
    port, client = free_port(), free_port()
    rng = np.random.default_rng(1)
    folder.mkdir()
    (folder / "logs").mkdir()
    config = CONFIG.format(dimension=dimension, model=model, size=size, port=port, client=client)
    with (
        served(peer, folder, config),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
    ):
        listener.bind(("127.0.0.1", client))
        listener.settimeout(0.5)

        def gesture() -> None:
            sender.sendto(encode("/interface", tuple(rng.random(dimension - 1).tolist())), ("127.0.0.1", port))

        end = time.monotonic() + STARTS
        while True:
            gesture()
            try:
                listener.recv(65_536)
                break
            except TimeoutError:
                if time.monotonic() > end:
                    raise SystemExit(
                        f"its server did not answer:\n{(folder / 'said.txt').read_text()[-3000:]}"
                    ) from None
        for _ in range(GESTURES):
            gesture()
            time.sleep(APART)
        time.sleep(1.5)
    (log,) = (folder / "logs").glob("*.log")
    rows = [line.split(",") for line in log.read_text().splitlines()]
    start = datetime.fromisoformat(rows[0][0])
    return [
        ((datetime.fromisoformat(row[0]) - start).total_seconds(), row[1], np.array(row[2:], float)) for row in rows
    ]


def worst_played(rows: list[tuple[float, str, NDArray[np.float64]]], model: Path) -> tuple[int, float]:
    """How many of its predictions were looked for in its log, and how far the furthest is from what is said here."""
    predictor, _ = open_model(model)
    heard = [(at, values) for at, source, values in rows if source == "interface"]
    answers = np.array([values for _, source, values in rows if source == "rnn"])
    dts = np.diff([at for at, _ in heard])

    def furthest(first: float) -> float:
        state, worst = predictor.initial_state(), 0.0
        for dt, (_, values) in zip([first, *dts], heard, strict=True):
            mixture, state = predictor.step(np.array([dt, *values]), state)
            expected = np.clip(mixture.means[np.argmax(mixture.logits), 1:], 0.0, 1.0)
            worst = max(worst, float(np.abs(answers - expected).max(axis=1).min()))
        return worst

    rough = min(HEARD_AT_FIRST, key=furthest)
    return len(heard), min(furthest(first) for first in np.geomspace(rough / 1.03, rough * 1.03, 200))


def main() -> None:
    """Train, carry over, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, required=True, help="its command, in an environment of its own")
    parser.add_argument("--data", type=Path, required=True, help="a dataset that both learn from, for an epoch or two")
    parser.add_argument("--size", default="s")
    given = parser.parse_args()
    peer, data = given.peer.absolute(), given.data.resolve()
    print(f"{load_dataset(data).interactions:,} interactions, size {given.size}\n")
    print("| what | apart, at most |\n|---|---:|", flush=True)
    with TemporaryDirectory() as made:
        compare(peer, data, given.size, Path(made), lambda what, apart: print(f"| {what} | {apart} |", flush=True))


def compare(peer: Path, data: Path, size: str, folder: Path, tell: Callable[[str, str], None]) -> None:
    """All rows of the table."""
    ours, theirs, made = folder / "ours", folder / "theirs", folder / "made"
    made.mkdir()
    options = ("-M", size, "-N", 2)
    run(sys.executable, "-m", "impsy", "train", data, *options, "--seed", 1, "-O", ours, folder=folder, ours=True)
    run(peer, "train", data, *options, "-O", theirs, folder=folder)
    our_keras, our_lite = (next(ours.glob(f"*10.{kind}")) for kind in ("keras", "tflite"))
    their_keras, their_lite = (next(theirs.glob(f"*10.{kind}")) for kind in ("keras", "tflite"))

    def apart(one: Path, other: Path) -> str:
        left, right = LiteRtPredictor(one), LiteRtPredictor(other)
        return f"{difference(played(left), played(right), left.spec):.1e}"

    run(peer, "convert-tflite", "-m", our_keras, "-o", f"{made}/", folder=folder)
    tell("our `.keras` converted by it, and our `.tflite`", apart(next(made.glob("*.tflite")), our_lite))
    tell(
        "its `.keras` and its `.tflite`, both read here",
        apart(their_lite, convert(read_source(their_keras), made).path),
    )
    tell("its `.tflite` as it is, and converted here", apart(their_lite, convert(read_source(their_lite), made).path))
    for who, model in (("our", our_lite), ("our", our_keras), ("its", their_lite), ("its", their_keras)):
        rows = played_there(peer, model, size, folder / f"{who}{model.suffix}")
        number, worst = worst_played(rows, model)
        tell(
            f"{who} `{model.suffix}` played by it, {number} predictions, and calculated here from its log",
            f"{worst:.1e}",
        )
    for what, path in (
        ("its `.tflite` as it is", their_lite),
        ("converted", convert(read_source(their_lite), made).path),
    ):
        tell(f"a step here of {what}", f"{step_time(LiteRtPredictor(path), 1.0).median * 1e6:.1f} µs")


if __name__ == "__main__":
    main()
