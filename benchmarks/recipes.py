"""What each part of the recipe is worth: trainings with one thing changed.

    python benchmarks/recipes.py ../shared/data/recorded-9d.npz --table parts --seeds 1 2 3 --keep FOLDER

It prints the tables of docs/explanation/training.md. The split, the judge and what a training costs are those of
`training.py`: the tails of long performances are held out, a score is that of the last epoch, for nothing may be chosen
by what judges, and each training is a process of its own on one thread. Only in the table of amounts, which asks what a
size can reach, the best epoch counts. What a recipe names is changed there, everything else by putting something in the
place of a part of `impsy.training`. With `--keep` trainings that are there are not done again.
"""

import json
import math
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from harness import options
from training import LAYERS, UNITS, alone, half_interval, judged_by, on_one_thread, split, taught

from impsy.model.litert import SCALE, LiteRtPredictor
from impsy.model.names import MIXTURES
from impsy.training import fit, lessons, recurrence, start
from impsy.training.backend import load_backend
from impsy.training.export import weights_of, write_lite
from impsy.training.fit import Recipe
from impsy.training.lessons import Batch, Lessons, Spans, Windows

Change = Callable[[Lessons, Recipe], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Variation:
    """A training, and what is other in it than usual."""

    name: str
    recipe: dict[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    size: str = "s"
    mixtures: int = MIXTURES
    rows: int | None = None  # of interactions learned from, the first so many


# -- what is put in the place of parts; each is there for as long as its context lasts


def _instead(place: str, other: Any) -> Change:
    """`other` stands in for what is at `place`."""
    return lambda _, __: patch(f"impsy.training.{place}", other)


def _way_around(change: Callable[[Any, Any, int], None]) -> Change:
    """The way around the network with its kernel (D, P) and its floors (K, D) changed in place."""
    usual = start.way_around

    def changed(halves: Any, mixtures: int) -> Any:
        kernel, bias = usual(halves, mixtures)
        size = mixtures * len(halves)
        change(kernel, bias[size : 2 * size].reshape(mixtures, -1), mixtures)
        return kernel, bias

    return _instead("network.way_around", changed)


def _no_residual(kernel: Any, _: Any, __: int) -> None:
    kernel[:] = 0.0


def _no_surprises(_: Any, floors: Any, __: int) -> None:
    floors[-1] = floors[0]


def _wide(_: Any, floors: Any, __: int) -> None:
    np.maximum(floors, 0.005 * SCALE, out=floors)


def _no_start(rows: Any, _: Spans, mixtures: int) -> Any:
    return (np.zeros(mixtures * rows.shape[1], np.float32),) * 2


def _log_density(off: Any, deviations: Any, _: Any) -> Any:
    from keras import ops

    return -0.5 * (off / deviations) ** 2 - ops.log(deviations) - 0.5 * math.log(2.0 * math.pi)


def _spread(material: Lessons, _: Recipe) -> AbstractContextManager[Any]:
    """The density of values that lie anywhere in their cells."""
    dimension = material.rows.shape[1]

    def density(off: Any, deviations: Any, half: Any) -> Any:
        from keras import ops, random

        moved = random.uniform((ops.shape(off)[0], dimension), -1.0, 1.0)
        return _log_density(off + ops.tile(moved, (1, len(half) // dimension)) * half, deviations, half)

    return patch("impsy.training.likelihood.log_mass", density)


def _constant(_: Lessons, __: Recipe) -> AbstractContextManager[Any]:
    return patch("keras.optimizers.schedules.CosineDecay", lambda rate, *_, **__: rate)


def _adam(change: Callable[[Any, Any], None]) -> Change:
    """The optimizer, changed in place."""
    usual = fit._optimizer

    def changed(taught: Any, recipe: Recipe, steps: int) -> Any:
        optimizer = usual(taught, recipe, steps)
        change(optimizer, taught)
        return optimizer

    return _instead("fit._optimizer", changed)


def _beta_2(value: float) -> Change:
    return _adam(lambda optimizer, _: setattr(optimizer, "beta_2", value))


def _decay(share: float) -> Change:
    """Weights get smaller by this share of the rate at each step; those that are set do not."""

    def change(optimizer: Any, taught: Any) -> None:
        usual = optimizer.apply

        def apply(slopes: Any, weights: Any) -> None:
            for weight, learns in zip(weights, taught.learns, strict=True):
                weight.assign_sub(share * optimizer.learning_rate * weight * learns)
            usual(slopes, weights)

        optimizer.apply = apply

    return _adam(change)


def _learned(inputs: Any, recipe: Recipe) -> bool:
    """Whether a batch of this shape is learned from; else it is judged by, in longer windows or in two lanes."""
    lanes, steps, _ = inputs.shape
    return bool(steps == recipe.steps and lanes > 2)


def _dropping(share: float, *, stepwise: bool) -> Change:
    """A share of what each layer says is not heard by the next, in windows that are learned from."""

    def change(_: Lessons, recipe: Recipe) -> AbstractContextManager[Any]:
        import tensorflow as tf

        usual = recurrence.run

        def run(layers: Any, inputs: Any) -> Any:
            if not _learned(inputs, recipe):
                return usual(layers, inputs)
            for layer in layers:
                inputs = usual([layer], inputs)
                lanes, steps, units = inputs.shape
                inputs = tf.nn.dropout(inputs, share, noise_shape=(lanes, steps if stepwise else 1, units))
            return inputs

        return patch("impsy.training.recurrence.run", run)

    return change


def _carried(_: Lessons, recipe: Recipe) -> AbstractContextManager[Any]:
    """Each lane goes through its part of the recordings in order, and its states from window to window."""
    import tensorflow as tf

    usual_run, usual_batches = recurrence.run, lessons.batches
    blank = np.zeros((recipe.lanes, UNITS), np.float32)
    states = [[tf.Variable(blank, trainable=False) for _ in "hc"] for _ in range(LAYERS)]
    fresh = tf.Variable(blank[:, :1], trainable=False)

    def in_order(spans: Spans, steps: int, rng: np.random.Generator) -> Windows:
        pieces = [
            (at, min(steps, stop - 1 - at))
            for start, stop in spans.tolist()
            for at in range(start + int(rng.integers(min(steps, stop - 1 - start))), stop - 1, steps)
        ]
        each = len(pieces) // recipe.lanes  # what is over waits for another epoch
        bounds = np.array(pieces)[: each * recipe.lanes].reshape(recipe.lanes, each, 2).swapaxes(0, 1).reshape(-1, 2)
        return Windows(bounds[:, 0], np.zeros(len(bounds), np.int64), bounds[:, 1])

    def batches(rows: Any, source: Windows, lanes: int, steps: int) -> Iterator[Batch]:
        before = np.full(lanes, -2 * steps)  # nothing goes on from an epoch to the next
        for first, batch in zip(range(0, len(source), lanes), usual_batches(rows, source, lanes, steps), strict=True):
            starts = source.starts[first : first + lanes]
            if steps == recipe.steps:
                fresh.assign((starts != before + steps).astype(np.float32)[:, np.newaxis])
                before = starts
            yield batch

    def run(layers: Any, inputs: Any) -> Any:
        if not _learned(inputs, recipe):
            return usual_run(layers, inputs)
        for layer, kept in zip(layers, states, strict=True):
            inputs, *after = layer(inputs, initial_state=[state * (1.0 - fresh) for state in kept])
            for state, new in zip(kept, after, strict=True):
                state.assign(new)
        return inputs

    stack = ExitStack()
    stack.enter_context(patch("impsy.training.fit.windows", in_order))
    stack.enter_context(patch("impsy.training.fit.batches", batches))
    stack.enter_context(patch("impsy.training.fit.lanes_for", lambda _, lanes: lanes))
    stack.enter_context(patch("impsy.training.recurrence.run", run))
    return stack


# -- the tables

DENSITY = _instead("likelihood.log_mass", _log_density)
NOTHING_SET = _instead("start._SHARE_FREE", 1)
NO_EARS = _instead("start._DT_DECADES", 0.0)
NO_NOISE = {"noise": 0.0}
TENTH = (_dropping(0.1, stepwise=True),)
PARTS = [
    Variation("nothing"),
    Variation("means are not residual", changes=(_way_around(_no_residual),)),
    Variation("no memory that is set", changes=(NOTHING_SET,)),
    Variation("neither memory nor ears for decades of dt", changes=(NOTHING_SET, NO_EARS)),
    Variation("loss: density", changes=(DENSITY,)),
    Variation("loss: density, values spread over their cells", changes=(_spread,)),
    Variation("loss: density, deviations of 0.005 at least", changes=(DENSITY, _way_around(_wide))),
    Variation("no component for surprises", changes=(_way_around(_no_surprises),)),
    Variation("no start from the data", changes=(_instead("network.mixture_biases", _no_start),)),
    Variation("3 components", mixtures=3),
    Variation("8 components", mixtures=8),
    Variation("rate 0.01", {"rate": 0.01}),
    Variation("rate 0.04", {"rate": 0.04}),
    Variation("rate 0.002, constant", {"rate": 0.002}, (_constant,)),
    Variation("no clipping", {"clip": 1e6}),
    Variation("batches of 32", {"lanes": 32}),
    Variation("batches of 128", {"lanes": 128}),
    Variation("windows of 64, batches of 32", {"steps": 64, "lanes": 32}),
    Variation("states carried from window to window", changes=(_carried,)),
    Variation("a tenth of the outputs dropped, step by step", changes=TENTH),
    Variation("a tenth dropped, window by window", changes=(_dropping(0.1, stepwise=False),)),
    Variation("a fifth dropped, step by step", changes=(_dropping(0.2, stepwise=True),)),
    Variation("weight decay 0.03", changes=(_decay(0.03),)),
    Variation("augmented", {"augment": True}),
    Variation("size xs", size="xs"),
    Variation("size m", size="m"),
]
BATCHES = [
    Variation(
        f"batch {lanes}, rate {rate:g}, β₂ {beta:g}", {"lanes": lanes, "rate": rate, "epochs": epochs}, (_beta_2(beta),)
    )
    for lanes, rate, beta, epochs in (
        (64, 0.02, 0.999, 40),
        (64, 0.02, 0.99, 40),
        (128, 0.02, 0.999, 52),
        (128, 0.03, 0.999, 52),
        (128, 0.04, 0.999, 52),
        (128, 0.03, 0.99, 40),
        (128, 0.03, 0.97, 40),
        (256, 0.04, 0.999, 60),
    )
]
NOISE = [
    Variation("no noise", NO_NOISE),
    *(Variation(f"noise {noise:g}", {"noise": noise}) for noise in (0.001, 0.002, 0.003)),
    Variation("no noise, a tenth dropped", NO_NOISE, TENTH),
    Variation("noise 0.001, a tenth dropped", {}, TENTH),
    Variation("no noise, 8 components", NO_NOISE, mixtures=8),
]
AMOUNTS = [
    Variation(
        f"{f'{rows:,}' if rows else 'all'} interactions, size {size}{', augmented' if augment else ''}",
        {"augment": augment},
        size=size,
        rows=rows,
    )
    for rows, sizes in ((1_700, "xxs xs s"), (8_300, "xxs xs s"), (25_000, "xs s"), (None, "xs s m l"))
    for size, augment in (*((size, False) for size in sizes.split()), ("s", True))
]


@dataclass(frozen=True, slots=True)
class Table:
    """Variations side by side."""

    variations: list[Variation]
    recipe: Recipe  # of all of them
    best: bool = False  # the best epoch counts, not the last
    playing: bool = False  # they play alone as well


TABLES = {
    "parts": Table(PARTS, Recipe(epochs=15, patience=None)),
    "batches": Table(BATCHES, Recipe(patience=None)),
    "noise": Table(NOISE, Recipe(epochs=30, patience=None), playing=True),
    "amounts": Table(AMOUNTS, Recipe(), best=True),
}
COLUMNS = {"nats": "nats/event", "nats_dt": "of it dt", "cpu": "CPU s"}
HEARD = {"value_wasserstein": "values", "correlation": "autocorrelation", "together": "moving together"}


# -- in the process of a training


def train(given: Any) -> None:
    """One training: a line of JSON an epoch, and one of how it plays alone."""
    table, seed = TABLES[given.table], given.seeds[0]
    variation = table.variations[given.variation]
    load_backend()
    import keras

    keras.utils.set_random_seed(seed)
    recipe = replace(table.recipe, **variation.recipe)
    material = split(given.dataset)
    if variation.rows:
        material = replace(material, learned=_first(material.learned, variation.rows))
    with ExitStack() as stack:
        for change in variation.changes:
            stack.enter_context(change(material, recipe))
        network = taught(material, seed, recipe, variation.size, variation.mixtures)
    likeness = {}
    if table.playing:
        with tempfile.TemporaryDirectory() as made:
            file = Path(made) / "model.tflite"
            write_lite(file, weights_of(network), None)
            played = alone(LiteRtPredictor(file), judged_by(material), seed)
            likeness = {name: getattr(played.likeness, name, math.nan) for name in HEARD}
    print(json.dumps(likeness))


def _first(spans: Spans, rows: int) -> Spans:
    """The spans of the first so many rows."""
    before = np.cumsum(spans[:, 1] - spans[:, 0]) - (spans[:, 1] - spans[:, 0])
    kept: Spans = spans[before < rows].copy()
    kept[-1, 1] = min(kept[-1, 1], kept[-1, 0] + rows - before[len(kept) - 1])
    return kept


# -- in the process that compares


def run(given: Any, folder: Path, at: int, seed: int) -> dict[str, float]:
    """A training in a process of its own: its figures. One that is there already is only read."""
    table = TABLES[given.table]
    name = re.sub(r"\W+", "-", table.variations[at].name)
    kept = folder / f"{given.table}-{name}-{seed}.jsonl"
    if not kept.exists():
        words = ["--table", given.table, "--variation", str(at), "--seeds", str(seed)]
        kept.write_text(on_one_thread(__file__, str(given.dataset), *words))
        print(f"{table.variations[at].name}, seed {seed}", file=sys.stderr)
    *points, likeness = map(json.loads, kept.read_text().splitlines())
    point = min(points, key=lambda point: point["nats"]) if table.best else points[-1]
    figures: dict[str, float] = {name: point[name] for name in COLUMNS} | likeness
    return figures


def cell(values: list[float], places: int) -> str:
    """A mean, with half of its 95 % interval."""
    text = f"{np.mean(values):.{places}f}"
    return f"{text} ± {half_interval(values):.{places}f}" if len(values) > 1 else text


def main() -> None:
    """A table, or, as a child, one training of it."""
    parser = options(__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--table", choices=TABLES, default="parts")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--at-once", type=int, default=1, help="trainings at the same time (default 1)")
    parser.add_argument("--keep", type=Path, help="a folder for the curves")
    parser.add_argument("--only", default="", help="lines whose name matches this regular expression")
    parser.add_argument("--variation", type=int, help="only this line, in this process, told as JSON lines")
    given = parser.parse_args()
    if given.variation is not None:
        train(given)
        return
    table = TABLES[given.table]
    chosen = [at for at, variation in enumerate(table.variations) if re.search(given.only, variation.name)]
    with tempfile.TemporaryDirectory() as made, ThreadPoolExecutor(given.at_once) as pool:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        jobs = {(seed, at): pool.submit(run, given, folder, at, seed) for seed in given.seeds for at in chosen}
        found = {at: [jobs[seed, at].result() for seed in given.seeds] for at in chosen}
    columns = COLUMNS | (HEARD if table.playing else {})
    if given.json:
        rows = {table.variations[at].name: results for at, results in found.items()}
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    print("| changed |", *(f"{column} |" for column in columns.values()))
    print("|---|" + "---:|" * len(columns))
    for at, results in found.items():
        cells = (cell([result[name] for result in results], 0 if name == "cpu" else 2) for name in columns)
        print(f"| {table.variations[at].name} |", *(f"{text} |" for text in cells))


if __name__ == "__main__":
    main()
