"""Training: a dataset in, two model files and the folder of the run out."""

import random
import secrets
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Protocol

import numpy as np

from impsy.core.predictor import ModelSpec
from impsy.data.datasets import Dataset
from impsy.evaluation.hearing import hear_out
from impsy.evaluation.tempering import tempered
from impsy.model.card import Learning
from impsy.model.litert import SCALE, LiteRtPredictor, file_hash
from impsy.model.names import MIXTURES, SIZES, model_name
from impsy.model.single_step import single_step
from impsy.training.backend import backend, check_backend, device, hushed, load_backend, versions
from impsy.training.checkpoint import Checkpoint, Epoch
from impsy.training.export import export, weights_of
from impsy.training.fit import Recipe, fit
from impsy.training.further import read_weights, taken_over
from impsy.training.lessons import Lessons, count, prepare
from impsy.training.network import Network, build
from impsy.training.run_folder import Plan, RunFolder, hash_of
from impsy.training.size import AUTO, fitting_size


@dataclass(frozen=True, slots=True)
class Started:
    """What is told when learning begins."""

    plan: Plan
    device: str  # that learns, for people
    learned: int  # interactions
    held_out: int  # interactions
    epochs: int  # that were learned before: a run that goes on


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out."""

    keras_path: Path
    lite_path: Path
    run: Path
    best: Epoch
    before: Epoch | None  # what the model was worth that it began with
    learned: int  # interactions
    held_out: int  # interactions
    sigmatemp: float | None  # at which it plays most like what was held out


class Listener(Protocol):
    """Whoever is told how it goes."""

    def started(self, run: Started) -> None: ...

    def epoch(self, epoch: Epoch) -> None: ...

    def learned(self) -> None:
        """What remains takes seconds."""


def train(
    dataset: Dataset,
    size: str,
    recipe: Recipe,
    folder: Path,
    seed: int | None,
    listener: Listener,
    *,
    source: str = "",
    resume: bool = False,
    begin_with: Path | None = None,
    temper: bool = True,
) -> Trained:
    """Train a network of a size of formats §4 and export it into `folder`; the same seed gives the same weights.

    Without a seed one is drawn. `resume` goes on with the run of that name that was stopped, and `source` is what
    people call the dataset. Size `auto` is one that suits the dataset; with a model to `begin_with` it is that model's
    size. `temper` finds the temperature at which it plays most like its performer, which takes seconds. Raises, before
    anything heavy is imported, `NotEnoughData`, `MissingExtra`, and `ImpsyError` where there is nothing to go on with
    or nothing can be written; later `ModelError`.
    """
    prepare(dataset.performances, np.random.default_rng(0))
    check_backend()
    weights, because = None, ""
    if begin_with is not None:
        weights = read_weights(begin_with, dataset.dimension)
        recipe = replace(recipe, further=True)
        spec, size = weights.spec, f"that of {begin_with.name}"
    else:
        if size == AUTO:
            size, because = fitting_size(dataset.interactions)
        units, layers = SIZES[size]
        spec = ModelSpec(dataset.dimension, layers, units, MIXTURES)
    plan = Plan(
        data=source,
        data_hash=hash_of(dataset),
        interactions=dataset.interactions,
        minutes=round(dataset.seconds / 60, 2),
        dimension=dataset.dimension,
        size=size,
        because=because,
        begins_with="" if begin_with is None else file_hash(begin_with),
        recipe=asdict(recipe),
        seed=secrets.randbits(32) if seed is None else seed,
        versions=versions(),
    )
    path = folder / f"{model_name(spec)}-run"
    if resume:
        run, at = RunFolder.resume(path, plan, seed)
    else:
        run, at = RunFolder.begin(path, plan), Checkpoint()
    load_backend()
    rng = np.random.default_rng(run.plan.seed)
    lessons = prepare(dataset.performances, rng)
    network = _fresh(spec, lessons, run.plan.seed, rng)
    if weights is not None:
        network = taken_over(network, weights)
    sizes = count(lessons.learned), count(lessons.held_out)
    listener.started(Started(run.plan, device(), *sizes, at.epochs))
    at = fit(network, lessons, recipe, rng, listener.epoch, run.keep, at)
    with _unhurried() as hurried:
        run.keep(at, at_once=True)
        listener.learned()
        judged = _judged(network, lessons, run.plan.seed, hurried if temper else lambda: True)
        keras_path, lite_path = export(network, folder, _learning(run.plan, at, *sizes, judged))
        run.finish(at, {path.name: file_hash(path) for path in (keras_path, lite_path)}, *sizes)
    return Trained(keras_path, lite_path, run.path, at.best, at.before, *sizes, judged.sigmatemp)


@dataclass(frozen=True, slots=True)
class _Judged:
    """How well a network does what it has not learned."""

    nats: float  # an interaction, by the judge
    nats_dt: float  # of dt alone
    sigmatemp: float | None  # at which, alone, it plays most alike


def _judged(network: Network, lessons: Lessons, seed: int, hurried: Callable[[], bool]) -> _Judged:
    held_out = [(rows / SCALE).astype(np.float64) for rows in lessons.phrases(lessons.held_out)]
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "model.tflite"
        path.write_bytes(single_step(weights_of(network)))
        predictor = LiteRtPredictor(path)
    heard = hear_out(predictor, [[rows] for rows in held_out])
    nats, nats_dt = float(np.concatenate(heard.joint).mean()), float(np.concatenate(heard.parts)[:, 0].mean())
    return _Judged(nats, nats_dt, tempered(predictor, held_out, seed, hurried))


@contextmanager
def _unhurried() -> Iterator[Callable[[], bool]]:
    """What takes seconds is not lost to a Ctrl-C; whether there was one can be asked, and who counts them hears it."""
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        if callable(before):
            with suppress(KeyboardInterrupt):
                before(number, frame)

    if threading.current_thread() is not threading.main_thread():  # which alone hears of signals
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _learning(plan: Plan, at: Checkpoint, learned: int, held_out: int, judged: _Judged) -> Learning:
    """What the card of the model tells of the run."""
    return Learning(
        data=plan.data,
        data_sha256=plan.data_hash,
        interactions=plan.interactions,
        minutes=plan.minutes,
        size=plan.size,
        recipe=plan.recipe,
        seed=plan.seed,
        learned=learned,
        held_out=held_out,
        held_out_nats=round(judged.nats, 4),
        held_out_nats_dt=round(judged.nats_dt, 4),
        epochs=at.epochs,
        best_epoch=at.best.number,
        seconds=round(at.curve[-1].seconds, 1),
        sigmatemp=judged.sigmatemp,
    )


def _fresh(spec: ModelSpec, lessons: Lessons, seed: int, rng: np.random.Generator) -> Network:
    """A network that is the same for the same seed, and so is all that follows."""
    import keras

    with hushed():
        random.seed(seed)
        keras.utils.set_random_seed(seed)
        if backend() == "tensorflow":
            import tensorflow as tf

            tf.config.experimental.enable_op_determinism()
        return build(spec, lessons, rng)
