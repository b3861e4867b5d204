"""What a model costs to train, and how good it is: our recipe and the peer's on the same split of a dataset.

    python benchmarks/training.py ../shared/data/recorded-9d.npz --seeds 1 2 3 --keep FOLDER

Of every performance of 200 interactions or more the last tenth is held out, and judged by `impsy.evaluation`: a model
hears each stretch of it from a blank state and foresees every event. The peer's recipe, as its manual tells it: windows
of 50 copied out of the data, one event foreseen by each, Adam at 0.001, batches of 64, density; its model is judged
with 50 events in its memory as well, as it was taught, and the better of both counts.

Each training is a process of its own on one thread, so that its CPU seconds and its peak memory are its own; judging is
not counted. With `--keep` the models and curves of trainings stay, and those that are there are not trained again.
"""

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from harness import Figure, options, show
from numpy.typing import NDArray

from impsy.core.mixture import Mixture
from impsy.core.predictor import FloatArray, ModelSpec, Predictor, State
from impsy.data.datasets import load_dataset
from impsy.evaluation.evaluation import AS_IT_IS
from impsy.evaluation.hearing import Fold, hear_out
from impsy.evaluation.judge import Played, let_play
from impsy.evaluation.score import Forecasts, score
from impsy.model.litert import SCALE, LiteRtPredictor
from impsy.model.names import MIXTURES, SIZES, model_name
from impsy.training.backend import load_backend
from impsy.training.checkpoint import Checkpoint
from impsy.training.export import weights_of, write_lite
from impsy.training.fit import Recipe, fit
from impsy.training.lessons import FEWEST, Lessons, joined, parted
from impsy.training.network import Network, build

UNITS, LAYERS = SIZES["s"]
WINDOW, BATCH, RATE = 50, 64, 1e-3  # the peer's
PEER_SCORE, PEER_MEMORY, PEER_SPEED = 12.9, 1516.0, 1600.0  # as measured with the peer itself, on another machine
ROLLOUTS, SECONDS = 8, 60.0
T_95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}  # Student's, two-sided, by the number of seeds
BETTER = 2.0  # nats that ours shall be better by, and how many times quicker
QUICKER, LIGHTER, FASTER = 10.0, 2.0, 1.5
MOST = 2.0  # times the memory of the framework alone


@dataclass(frozen=True, slots=True)
class Point:
    """Where a training stands: CPU seconds and windows of 50 interactions so far, and the score."""

    cpu: float
    windows: float
    nats: float
    nats_dt: float


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a training."""

    curve: list[Point]
    megabytes: float  # the most that it held, the export included
    nats: float  # of the model's file, at the end
    nats_dt: float
    played: Played


def split(path: Path) -> Lessons:
    """Everything but the tails of long performances to learn from, and those to judge by."""
    performances = load_dataset(path).performances
    pairs = [parted(table) for table in performances if len(table) >= FEWEST]
    short = [table for table in performances if len(table) < FEWEST]
    return joined([head for head, _ in pairs] + short, [tail for _, tail in pairs])


# -- in the process of a training


class Watch:
    """Scores a network now and then, and keeps the CPU seconds of that out of the account."""

    def __init__(self, network: Network, lessons: Lessons) -> None:
        self._network = network
        self._held_out = lessons.phrases(lessons.held_out)
        self._began = time.process_time()

    def look(self, windows: float) -> None:
        """Print where it stands as a line of JSON."""
        now = time.process_time()
        joint, dt = self._judge()
        print(json.dumps(asdict(Point(now - self._began, windows, joint, dt))), flush=True)
        self._began += time.process_time() - now

    def _judge(self) -> tuple[float, float]:
        found = []
        for rows in self._held_out:
            said = self._network.parameters(np.stack([rows[:-1]] * 2)).numpy()[: len(rows) - 1]
            d = rows.shape[1]
            k = self._network.spec.mixtures
            means, deviations, logits = np.split(said.astype(float), [k * d, 2 * k * d], axis=1)
            shape = (-1, k, d)
            forecasts = Forecasts(means.reshape(shape) / SCALE, deviations.reshape(shape) / SCALE, logits)
            found.append(score(rows[1:].astype(float) / SCALE, forecasts))
        joint = np.concatenate([scores.joint for scores in found])
        return float(joint.mean()), float(np.concatenate([scores.parts[:, 0] for scores in found]).mean())


def ours(lessons: Lessons, seed: int, epochs: int) -> Network:
    """The recipe of `impsy train`, to its end."""
    return taught(lessons, seed, Recipe(epochs=epochs, patience=None))


def taught(lessons: Lessons, seed: int, recipe: Recipe, size: str = "s", mixtures: int = MIXTURES) -> Network:
    """A network with the weights of the last epoch of a recipe, for nothing may be chosen by the test."""
    rng = np.random.default_rng(seed)
    units, layers = SIZES[size]
    network = build(ModelSpec(lessons.rows.shape[1], layers, units, mixtures), lessons, rng)
    watch = Watch(network, lessons)
    per_epoch = sum(map(len, lessons.phrases(lessons.learned))) / WINDOW
    at = fit(network, lessons, recipe, rng, lambda at: watch.look(at.number * per_epoch), lambda _: None, Checkpoint())
    for weight, last in zip(network.weights, at.weights, strict=True):
        weight.assign(last)
    return network


def peers(lessons: Lessons, _: int, epochs: int) -> Network:
    """The peer's recipe, to its end."""
    import keras
    import keras_mdn_layer

    dimension = lessons.rows.shape[1]
    windows = np.concatenate([np.arange(start, stop - WINDOW) for start, stop in lessons.learned.tolist()])
    xs = np.stack([lessons.rows[first : first + WINDOW] for first in windows])
    ys = lessons.rows[windows + WINDOW]
    recurrent = (keras.layers.LSTM(UNITS, return_sequences=True), keras.layers.LSTM(UNITS))
    mixture = keras_mdn_layer.MDN(dimension, MIXTURES)
    model = keras.Sequential([keras.Input((WINDOW, dimension)), *recurrent, mixture])
    model.compile(keras.optimizers.Adam(RATE), keras_mdn_layer.get_mixture_loss_func(dimension, MIXTURES))
    spec = ModelSpec(dimension, LAYERS, UNITS, MIXTURES)
    nothing = keras.layers.Dense(MIXTURES * (2 * dimension + 1), kernel_initializer="zeros")
    nothing.build((None, dimension))
    watch = Watch(Network(spec, recurrent, mixture, nothing, (), np.zeros(0, np.float32)), lessons)
    steps = len(xs) // BATCH // 2  # a look after every half of an epoch

    class Looks(keras.callbacks.Callback):  # type: ignore[misc]
        done = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.done += 1
            if self.done % steps == 0:
                watch.look(self.done * BATCH)

    model.fit(xs, ys, batch_size=BATCH, epochs=epochs, shuffle=True, verbose=0, callbacks=[Looks()])
    stepping = tuple(keras.layers.LSTM(UNITS, return_sequences=True, return_state=True) for _ in recurrent)
    for layer, taught in zip(stepping, recurrent, strict=True):
        layer.build((None, None, taught.cell.kernel.shape[0]))
        layer.set_weights(taught.get_weights())
    return Network(spec, stepping, mixture, nothing, (), np.zeros(0, np.float32))


RECIPES: dict[str, Callable[[Lessons, int, int], Network]] = {"ours": ours, "peers": peers}


def train(given: Any) -> None:
    """One training, in this process; its model goes into the folder that is given."""
    load_backend()
    import keras

    lessons = split(given.dataset)
    keras.utils.set_random_seed(given.seeds[0])
    network = RECIPES[given.recipe](lessons, given.seeds[0], given.epochs)
    write_lite(given.keep / f"{model_name(network.spec)}.tflite", weights_of(network), None)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


# -- in the process that compares


class Forgetful:
    """A model that always begins anew with the last 50 events, as the peer's is taught."""

    def __init__(self, model: Predictor) -> None:
        self.spec = model.spec
        self._model = model

    def initial_state(self) -> State:
        return ()

    def step(self, sample: FloatArray, state: State) -> tuple[Mixture, State]:
        heard = (*state, sample)[-WINDOW:]
        inner = self._model.initial_state()
        for event in heard:
            mixture, inner = self._model.step(event, inner)
        return mixture, heard


def run(recipe: str, given: Any, seed: int, folder: Path) -> tuple[list[Point], float]:
    """A training in a process of its own, on one thread: its curve, and the megabytes that it took.

    One that is there already is only read.
    """
    kept = folder / "curve.jsonl"
    if not kept.exists():
        epochs = given.epochs if recipe == "ours" else given.peer_epochs
        print(f"{recipe}, seed {seed}, {epochs} epochs ...", file=sys.stderr)
        words = ["--recipe", recipe, "--seeds", str(seed), "--epochs", str(epochs), "--keep", str(folder)]
        kept.write_text(on_one_thread(__file__, str(given.dataset), *words))
    *points, megabytes = map(json.loads, kept.read_text().splitlines())
    return [Point(**point) for point in points], megabytes


def on_one_thread(*command: str) -> str:
    """What a Python program says, in a process of its own that learns on one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    program = [sys.executable, *command]
    return subprocess.run(program, env=os.environ | threads, stdout=subprocess.PIPE, check=True, text=True).stdout


def result(recipe: str, given: Any, seed: int, folder: Path, lessons: Lessons) -> Result:
    """Train, and judge the file that came out."""
    curve, megabytes = run(recipe, given, seed, folder)
    performances = judged_by(lessons)
    (file,) = folder.glob("*.tflite")
    model = LiteRtPredictor(file)
    heard = [hear_out(model, performances)]
    if recipe == "peers":
        heard.append(hear_out(Forgetful(model), performances))
    joint, dt = min(
        (float(np.concatenate(one.joint).mean()), float(np.concatenate(one.parts)[:, 0].mean())) for one in heard
    )
    return Result(curve, megabytes, joint, dt, alone(model, performances, seed))


def judged_by(lessons: Lessons) -> list[list[NDArray[np.float64]]]:
    """What is held out, as the judge takes it: performances of one phrase each."""
    return [[rows.astype(float) / SCALE] for rows in lessons.phrases(lessons.held_out)]


def alone(model: Predictor, performances: list[list[NDArray[np.float64]]], seed: int) -> Played:
    """What a model plays by itself, beside those performances."""
    return let_play([Fold(tuple(range(len(performances))), model)], performances, ROLLOUTS, SECONDS, AS_IT_IS, seed)


def framework() -> float:
    """The megabytes of a process that has loaded what learns, and learns nothing."""
    code = "from impsy.training.backend import load_backend; load_backend(); import resource; "
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)"
    return float(on_one_thread("-c", code))


def spread(values: Sequence[float]) -> str:
    """The half of a 95 % interval of the mean, in words."""
    return f"± {half_interval(values):.2g}, {len(values)} seeds" if len(values) > 1 else "one seed"


def half_interval(values: Sequence[float]) -> float:
    """Half of the 95 % interval of the mean of two values or more."""
    return T_95.get(len(values), 2.0) * float(np.std(values, ddof=1)) / math.sqrt(len(values))


def alike(name: str) -> Callable[[Result], float]:
    """A figure of a model's playing alone; not a number where it played nothing."""
    return lambda result: getattr(result.played.likeness, name, math.nan)


FIGURES: list[tuple[str, str, Callable[[Result], float]]] = [
    ("score", "nats/event", lambda result: result.nats),
    ("of it dt, as if alone", "nats/event", lambda result: result.nats_dt),
    ("CPU in all", "s", lambda result: result.curve[-1].cpu),
    ("windows per CPU second", "", lambda result: result.curve[-1].windows / result.curve[-1].cpu),
    ("peak memory", "MB", lambda result: result.megabytes),
    ("alone: dt, Kolmogorov-Smirnov", "", alike("dt_ks")),
    ("alone: dt, Wasserstein", "s", alike("dt_wasserstein")),
    ("alone: values, Wasserstein", "of the range", alike("value_wasserstein")),
    ("alone: autocorrelation, apart", "", alike("correlation")),
    ("alone: moving together, apart", "", alike("together")),
    ("alone: stuck or runaway", f"of {ROLLOUTS}", lambda result: result.played.stuck + result.played.runaway),
]


def figures(mine: list[Result], theirs: list[Result]) -> Iterator[Figure]:
    """Ours, the goals, and the peer's in the same run."""
    goals = {
        "score": PEER_SCORE - BETTER,
        "windows per CPU second": PEER_SPEED * FASTER,
        "peak memory": PEER_MEMORY / LIGHTER,
    }
    for name, unit, of in FIGURES:
        values, others = ([of(result) for result in results] for results in (mine, theirs))
        if name.startswith("alone"):
            goals[name] = float(np.mean(others))
        yield Figure(
            f"{name} ({spread(values)})", float(np.mean(values)), unit, goals.get(name), float(np.mean(others))
        )
    held = float(np.mean([result.megabytes for result in mine])) / framework()
    yield Figure("peak memory beside that of the framework alone", held, "times", MOST)
    target = float(np.mean([result.nats for result in theirs]))
    spent = float(np.mean([result.curve[-1].cpu for result in theirs]))
    for nats in (target, PEER_SCORE):
        reached = [next((at.cpu for at in result.curve if at.nats <= nats), math.nan) for result in mine]
        name = f"CPU to {nats:.1f} nats/event ({spread(reached)})"
        yield Figure(name, float(np.mean(reached)), "s", spent / QUICKER, spent)


def main() -> None:
    """Both recipes, or, as a child, one."""
    parser = options(__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=40, help="of our recipe (default 40)")
    parser.add_argument("--peer-epochs", type=int, default=18, help="of the peer's (default 18)")
    parser.add_argument("--keep", type=Path, help="a folder for models and curves")
    parser.add_argument("--recipe", choices=RECIPES, help="only this one, in this process, told as JSON lines")
    given = parser.parse_args()
    if given.recipe:
        if given.keep is None:
            parser.error("--recipe needs --keep: a folder for the model")
        given.keep.mkdir(parents=True, exist_ok=True)
        train(given)
        return
    lessons = split(given.dataset)
    with tempfile.TemporaryDirectory() as made:
        kept = given.keep or Path(made)
        results: dict[str, list[Result]] = {recipe: [] for recipe in RECIPES}
        for seed in given.seeds:  # in turns, so that both have the same neighbours
            for recipe, found in results.items():
                folder = kept / f"{recipe}-{seed}"
                folder.mkdir(parents=True, exist_ok=True)
                found.append(result(recipe, given, seed, folder, lessons))
        show(list(figures(results["ours"], results["peers"])), given.json)


if __name__ == "__main__":
    main()
