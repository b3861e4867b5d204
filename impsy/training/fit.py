"""Fitting: Adam with clipped gradients on a cosine, judged on what is held out; the best weights are kept."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from impsy.training.lessons import Batch, Lessons, batches
from impsy.training.network import Network

_LANES_TO_JUDGE = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to fit."""

    epochs: int = 100
    patience: int | None = 10  # epochs without a better held-out loss; None: to the end
    lanes: int = 64  # the batch size
    steps: int = 64  # interactions that a gradient flows back through
    rate: float = 3e-3  # of learning, at the start; falls to nearly 0 on a cosine
    clip: float = 1.0  # the largest norm of a gradient


@dataclass(frozen=True, slots=True)
class Epoch:
    """What is told after each epoch; losses are nats per interaction, lower is better."""

    number: int
    of: int
    loss: float
    held_out: float
    best: bool
    seconds_left: float


def fit(network: Network, lessons: Lessons, recipe: Recipe, seed: int, tell: Callable[[Epoch], None]) -> Epoch:
    """Fit in place and return the best epoch, whose weights the network then has; Ctrl-C keeps the best so far."""
    import keras

    rng = np.random.default_rng(seed)
    per_epoch = sum(1 for _ in batches(lessons.learned, recipe.lanes, recipe.steps))
    schedule = keras.optimizers.schedules.CosineDecay(recipe.rate, per_epoch * recipe.epochs, alpha=0.01)
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=recipe.clip)
    learn, judge = _steps(network, optimizer)
    best, kept = Epoch(0, recipe.epochs, math.inf, math.inf, True, 0.0), [w.numpy() for w in network.weights]
    start = time.perf_counter()
    try:
        for number in range(1, recipe.epochs + 1):
            loss = _run(learn, network, batches(lessons.learned, recipe.lanes, recipe.steps, rng))
            held_out = _run(judge, network, batches(lessons.held_out, _LANES_TO_JUDGE, recipe.steps))
            left = (time.perf_counter() - start) / number * (recipe.epochs - number)
            epoch = Epoch(number, recipe.epochs, loss, held_out, held_out < best.held_out, left)
            if epoch.best:
                best, kept = epoch, [weight.numpy() for weight in network.weights]
            tell(epoch)
            if recipe.patience is not None and number - best.number >= recipe.patience:
                break
    except KeyboardInterrupt:
        if best.number == 0:
            raise
    for weight, value in zip(network.weights, kept, strict=True):
        weight.assign(value)
    return best


def _run(step: Callable[..., Any], network: Network, source: Iterator[Batch]) -> float:
    """The mean loss over all batches; the states are carried from one to the next."""
    import tensorflow as tf

    total, weight, states = 0.0, 0.0, None
    for batch in source:
        if states is None:
            states = [tf.zeros((len(batch.inputs), network.spec.units))] * (2 * network.spec.layers)
        loss, states = step(
            *(tf.constant(part) for part in (batch.inputs, batch.targets, batch.weights, batch.carried)), states
        )
        total += float(loss)
        weight += float(batch.weights.sum())
    return total / max(weight, 1.0)


def _steps(network: Network, optimizer: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two compiled functions of a batch and the states: one learns from it, one only judges."""
    import tensorflow as tf

    optimizer.build(network.weights)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def judge(inputs: Any, targets: Any, weights: Any, carried: Any, states: Any) -> Any:
        parameters, after = network.play(inputs, [state * carried for state in states])
        losses = negative_log_density(parameters, targets, network.spec.mixtures)
        return tf.reduce_sum(losses * tf.reshape(weights, (-1,))), after

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def learn(inputs: Any, targets: Any, weights: Any, carried: Any, states: Any) -> Any:
        with tf.GradientTape() as tape:
            total, after = judge(inputs, targets, weights, carried, states)
            mean = total / tf.maximum(tf.reduce_sum(weights), 1.0)
        optimizer.apply(tape.gradient(mean, network.weights), network.weights)
        return total, after

    return learn, judge


def negative_log_density(parameters: Any, targets: Any, mixtures: int) -> Any:
    """Nats of each of `targets` (…, D) under `parameters` (N, P), (N,): Bishop (1994), equations 22-29."""
    import tensorflow as tf

    dimension = targets.shape[-1]
    target = tf.reshape(targets, (-1, 1, dimension))  # (N, 1, D)
    means, deviations, logits = tf.split(parameters, [mixtures * dimension] * 2 + [mixtures], axis=-1)
    deviations = tf.reshape(deviations, (-1, mixtures, dimension))  # (N, K, D)
    scores = (target - tf.reshape(means, (-1, mixtures, dimension))) / deviations
    inside = -0.5 * tf.reduce_sum(scores * scores + math.log(2 * math.pi), -1) - tf.reduce_sum(
        tf.math.log(deviations), -1
    )  # (N, K)
    return -tf.reduce_logsumexp(tf.nn.log_softmax(logits) + inside, -1)
