"""One step of learning, compiled: with TensorFlow, or with JAX.

Where a run stands is always in the Keras variables, of the network and of the optimizer, whoever computes.
"""

from collections.abc import Callable
from typing import Any, Protocol

from impsy.training.backend import backend
from impsy.training.lessons import Batch
from impsy.training.likelihood import nats
from impsy.training.network import Network


class Learner(Protocol):
    """What learns from batches, and judges by them; both return the sum of the losses, nats."""

    def learn(self, batch: Batch) -> float: ...

    def judge(self, batch: Batch) -> float: ...


def learner(network: Network, optimizer: Any) -> Learner:
    """The one of the back end that is loaded."""
    return _Jax(network, optimizer) if backend() == "jax" else _TensorFlow(network, optimizer)


def _total(network: Network, inputs: Any, targets: Any, weights: Any) -> Any:
    from keras import ops

    losses = nats(network.forecasts(inputs), targets, network.half_cells)
    return ops.sum(losses * ops.reshape(weights, (-1,)))


class _TensorFlow:
    def __init__(self, network: Network, optimizer: Any) -> None:
        import tensorflow as tf

        def judge(inputs: Any, targets: Any, weights: Any) -> Any:
            return _total(network, inputs, targets, weights)

        def learn(inputs: Any, targets: Any, weights: Any) -> Any:
            with tf.GradientTape() as tape:
                total = judge(inputs, targets, weights)
                mean = total / tf.maximum(tf.reduce_sum(weights), 1.0)
            slopes = tape.gradient(mean, network.weights)
            slopes = [slope * learns for slope, learns in zip(slopes, network.learns, strict=True)]
            optimizer.apply(slopes, network.weights)
            return total

        self._judge, self._learn = (tf.function(step, autograph=False) for step in (judge, learn))

    def learn(self, batch: Batch) -> float:
        return self._run(self._learn, batch)

    def judge(self, batch: Batch) -> float:
        return self._run(self._judge, batch)

    def _run(self, step: Callable[..., Any], batch: Batch) -> float:
        import tensorflow as tf

        return float(step(*(tf.constant(part) for part in (batch.inputs, batch.targets, batch.weights))))


class _Jax:
    """Functions of the values of the variables, which are read before a step and written after it."""

    def __init__(self, network: Network, optimizer: Any) -> None:
        import jax
        import keras
        from jax import numpy as jnp

        self._learned, self._optimized = network.weights, optimizer.variables

        def judge(values: Any, inputs: Any, targets: Any, weights: Any) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(network.weights, values, strict=True))):
                return _total(network, inputs, targets, weights)

        def mean(values: Any, inputs: Any, targets: Any, weights: Any) -> Any:
            total = judge(values, inputs, targets, weights)
            return total / jnp.maximum(weights.sum(), 1.0), total

        def learn(values: Any, state: Any, *batch: Any) -> Any:
            (_, total), slopes = jax.value_and_grad(mean, has_aux=True)(values, *batch)
            slopes = [slope * learns for slope, learns in zip(slopes, network.learns, strict=True)]
            return total, *optimizer.stateless_apply(state, slopes, values)

        self._judge, self._learn = jax.jit(judge), jax.jit(learn)

    def learn(self, batch: Batch) -> float:
        total, values, state = self._learn(
            _values(self._learned), _values(self._optimized), batch.inputs, batch.targets, batch.weights
        )
        for variables, new in ((self._learned, values), (self._optimized, state)):
            for variable, value in zip(variables, new, strict=True):
                variable.assign(value)
        return float(total)

    def judge(self, batch: Batch) -> float:
        return float(self._judge(_values(self._learned), batch.inputs, batch.targets, batch.weights))


def _values(variables: list[Any]) -> list[Any]:
    return [variable.value for variable in variables]
