"""Fitting: Adam with clipped gradients on a cosine, judged on what is held out; the best weights are kept."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from impsy.errors import ImpsyError
from impsy.training.augment import augmented, noisy
from impsy.training.checkpoint import Arrays, Checkpoint, Epoch
from impsy.training.learner import learner
from impsy.training.lessons import Batch, Lessons, batches, lanes_for, overlapping, windows
from impsy.training.network import Network

_JUDGED = 64  # interactions foreseen in a window that is judged
_HEARD = 32  # interactions heard before them
_JUDGED_AT_ONCE = 64  # windows
_GENTLY = 0.2  # of the rate, for what was learned shall not be forgotten at once


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to fit."""

    epochs: int = 60
    patience: int | None = 10  # epochs without a better held-out loss; None: to the end
    lanes: int = 64  # the batch size
    steps: int = 32  # interactions that a gradient flows back through
    rate: float = 0.02  # of learning, at the start; falls to nearly 0 on a cosine
    clip: float = 1.0  # the largest norm of a gradient
    noise: float = 0.001  # with which controls are heard: a deviation, of their range
    augment: bool = False  # learn from windows that are a little other each time
    further: bool = False  # the network has learned already: it is judged first, and learns at a gentler rate


Tell = Callable[[Epoch], None]
Keep = Callable[[Checkpoint], None]


def fit(
    network: Network, lessons: Lessons, recipe: Recipe, rng: np.random.Generator, tell: Tell, keep: Keep, at: Checkpoint
) -> Checkpoint:
    """Fit in place, on from `at` (an empty one: from the start); the network then has the weights of the best epoch.

    `keep` is handed every checkpoint. Ctrl-C ends it and keeps the best so far; before the first epoch it is raised.
    A network that learns further begins with an epoch 0, which may be the best. Raises `ImpsyError` where the loss is
    no number.
    """
    per_epoch = windows(lessons.learned, recipe.steps, np.random.default_rng(0))
    lanes = lanes_for(len(per_epoch), recipe.lanes)
    optimizer = _optimizer(network, recipe, -(-len(per_epoch) // lanes))
    learns = learner(network, optimizer)
    judged = overlapping(lessons.held_out, _JUDGED, _HEARD)
    if at.curve:
        _restore(network, optimizer, rng, at)
    start = time.perf_counter() - (at.curve[-1].seconds if at.curve else 0.0)
    try:
        for number in range(at.epochs + 1 if at.curve or not recipe.further else 0, recipe.epochs + 1):
            if recipe.patience is not None and at.waited >= recipe.patience:
                break
            drawn = windows(lessons.learned, recipe.steps, rng)
            source = _varied(batches(lessons.rows, drawn, lanes, recipe.steps), recipe, rng)
            loss = _mean(learns.learn if number else learns.judge, source)
            held_out = _mean(learns.judge, batches(lessons.rows, judged, _JUDGED_AT_ONCE, _JUDGED + _HEARD))
            _check_numbers(number, loss, held_out)
            best = not at.curve or held_out < at.best.held_out
            seconds = time.perf_counter() - start
            left = seconds / max(number, 1) * (recipe.epochs - number)
            at = _noted(at, Epoch(number, recipe.epochs, loss, held_out, best, seconds, left), network, optimizer, rng)
            keep(at)
            tell(at.curve[-1])
    except KeyboardInterrupt:
        if not at.curve:
            raise
    _assign(network.weights, at.best_weights)
    return at


def _varied(source: Iterator[Batch], recipe: Recipe, rng: np.random.Generator) -> Iterator[Batch]:
    for batch in source:
        changed = augmented(batch, rng) if recipe.augment else batch
        yield noisy(changed, recipe.noise, rng)


def _check_numbers(number: int, loss: float, held_out: float) -> None:
    if not math.isfinite(loss + held_out):
        raise ImpsyError(f"learning went astray: in epoch {number} the loss is no number; try another --seed")


def _optimizer(network: Network, recipe: Recipe, steps_per_epoch: int) -> Any:
    import keras

    steps = steps_per_epoch * recipe.epochs
    if recipe.further:  # Adam's first steps are as large as any, whatever is known already
        warm, rate = steps_per_epoch, _GENTLY * recipe.rate
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, max(steps - warm, 1), alpha=0.01, warmup_target=rate, warmup_steps=warm
        )
    else:
        schedule = keras.optimizers.schedules.CosineDecay(recipe.rate, steps, alpha=0.01)
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=recipe.clip)
    optimizer.build(network.weights)
    return optimizer


def _noted(at: Checkpoint, epoch: Epoch, network: Network, optimizer: Any, rng: np.random.Generator) -> Checkpoint:
    """Where the run stands after `epoch`: a new one, so that no Ctrl-C finds half of it."""
    weights = [weight.numpy() for weight in network.weights]
    return Checkpoint(
        [*at.curve, epoch],
        weights,
        weights if epoch.best else at.best_weights,
        [variable.numpy() for variable in optimizer.variables],
        dict(rng.bit_generator.state),
    )


def _restore(network: Network, optimizer: Any, rng: np.random.Generator, at: Checkpoint) -> None:
    _assign(network.weights, at.weights)
    _assign(optimizer.variables, at.optimizer)
    rng.bit_generator.state = at.rng


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _mean(step: Callable[[Batch], float], source: Iterator[Batch]) -> float:
    """The mean loss over all batches."""
    total, weight = 0.0, 0.0
    for batch in source:
        total += step(batch)
        weight += float(batch.weights.sum())
    return total / max(weight, 1.0)
