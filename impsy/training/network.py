"""The network: LSTM layers, a mixture density layer, and a way around them.

The way around adds the controls as they are to every component's means: the network learns how they *move*. It is
an ordinary layer that never learns, so it lies inside every file that is made of the network. The same layer's bias
gives every deviation a floor: recorded controls lie on a grid, and without a floor the loss is best served by spikes
on its points, which say nothing about playing. One component has a high floor: it stands for surprises, which would
else cost thousands of nats each and rule the whole loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.core.predictor import ModelSpec
from impsy.model.litert import SCALE
from impsy.training.lessons import Performance

VALUE_FLOORS = (0.0005, 0.005)  # the smallest deviation of a control, by its grid; the upper fits MIDI's
OF_A_STEP = 0.64  # the floor, in steps of the grid
DT_FLOOR = 0.0005  # seconds
SURPRISE_VALUE_FLOOR = 0.1
SURPRISE_DT_FLOOR = 0.25  # seconds


@dataclass(frozen=True, slots=True)
class Network:
    """The layers, shared by whatever is built of them; D dimension, U units, K mixtures, P = K (2 D + 1)."""

    spec: ModelSpec
    recurrent: tuple[Any, ...]  # Keras LSTM layers
    mixture: Any  # the MDN layer: (…, U) -> (…, P)
    around: Any  # (…, D) -> (…, P), never learns

    @property
    def weights(self) -> list[Any]:
        """What learns."""
        return [weight for layer in (*self.recurrent, self.mixture) for weight in layer.trainable_weights]

    def play(self, inputs: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Mixture parameters (lanes * steps, P) after each of `inputs` (lanes, steps, D), and the new states."""
        import tensorflow as tf

        heard, new_states = inputs, []
        for layer, h, c in zip(self.recurrent, states[::2], states[1::2], strict=True):
            heard, *after = layer(heard, initial_state=[h, c])  # (lanes, steps, U)
            new_states += after
        flat = tf.reshape(heard, (-1, self.spec.units))  # (lanes * steps, U)
        parameters = self.mixture(flat) + self.around(tf.reshape(inputs, (-1, self.spec.dimension)))
        return parameters, new_states

    def inference_model(self) -> Any:
        """A Keras model of one step: `inputs` (1, 1, D) and the states -> parameters (1, P) and the new states."""
        import keras

        spec = self.spec
        inputs = keras.Input(batch_shape=(1, 1, spec.dimension), name="inputs")
        states = [keras.Input(batch_shape=(1, spec.units), name=name) for name in state_names(spec)]
        heard, after = inputs, []
        for layer, h, c in zip(self.recurrent, states[::2], states[1::2], strict=True):
            heard, *new = layer(heard, initial_state=[h, c])
            after += new
        learned = self.mixture(keras.layers.Reshape((spec.units,))(heard))
        passed = self.around(keras.layers.Reshape((spec.dimension,))(inputs))
        parameters = keras.layers.Add(name="parameters")([learned, passed])
        return keras.Model([inputs, *states], [parameters, *after])


def state_names(spec: ModelSpec) -> list[str]:
    """The names of the states, in the order of formats §4."""
    return [f"state_{kind}_{layer}" for layer in range(spec.layers) for kind in "hc"]


def build(spec: ModelSpec, performances: Sequence[Performance]) -> Network:
    """A fresh network whose mixture starts from how `performances` move, which saves the first epochs."""
    import keras
    import keras_mdn_layer

    d, k = spec.dimension, spec.mixtures
    recurrent = tuple(
        keras.layers.LSTM(spec.units, return_sequences=True, return_state=True, name=f"lstm_{layer}")
        for layer in range(spec.layers)
    )
    for layer in range(spec.layers):
        recurrent[layer].build((None, None, d if layer == 0 else spec.units))
    mixture = keras_mdn_layer.MDN(d, k, name="mdn")
    mixture.build((None, spec.units))
    means, widths = _starting_point(performances, k)
    mixture.mdn_mus.bias.assign(means)
    mixture.mdn_sigmas.bias.assign(widths)
    kernel, bias = _way_around(spec, _value_floors(performances))
    around = keras.layers.Dense(len(bias), trainable=False, name="around")
    around.build((None, d))
    around.set_weights([kernel, bias])
    return Network(spec, recurrent, mixture, around)


def _way_around(spec: ModelSpec, value_floors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel (D, P), which adds controls to means, and bias (P,), which adds the floor to deviations."""
    d, k = spec.dimension, spec.mixtures
    to_means = np.eye(d, dtype=np.float32)
    to_means[0, 0] = 0.0  # dt is predicted as it is
    kernel = np.concatenate([np.tile(to_means, k), np.zeros((d, k * (d + 1)), np.float32)], axis=1)
    floors = np.empty((k, d), np.float32)
    floors[:, 0], floors[:, 1:] = DT_FLOOR, value_floors
    floors[-1, :] = SURPRISE_VALUE_FLOOR
    floors[-1, 0] = SURPRISE_DT_FLOOR
    return kernel, np.concatenate([np.zeros(k * d, np.float32), floors.ravel() * SCALE, np.zeros(k, np.float32)])


def _value_floors(performances: Sequence[Performance]) -> NDArray[np.float32]:
    """A floor (D - 1,) for each control, in [0, 1], by the grid that its recorded values lie on."""
    values = np.concatenate(performances)[:, 1:] / SCALE
    distinct = [np.unique(control) for control in values.T]
    grid = [np.median(np.diff(points)) if len(points) > 1 else 1.0 for points in distinct]
    return np.clip(OF_A_STEP * np.array(grid), *VALUE_FLOORS).astype(np.float32)


def _starting_point(
    performances: Sequence[Performance], mixtures: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Biases (K * D,) of means and of deviations (before elu(x) + 1): dt's quantiles, and how far controls move."""
    dts = np.concatenate([performance[1:, 0] for performance in performances])
    moves = np.concatenate([np.diff(performance[:, 1:], axis=0) for performance in performances])
    quantiles = np.quantile(dts, (np.arange(mixtures) + 0.5) / mixtures)
    means = np.zeros((mixtures, 1 + moves.shape[1]), np.float32)
    means[:, 0] = quantiles
    deviations = np.empty_like(means)
    deviations[:, 0] = np.maximum(quantiles, DT_FLOOR * SCALE)
    deviations[:, 1:] = np.maximum(moves.std(axis=0), VALUE_FLOORS[1] * SCALE)
    widths = np.where(deviations < 1.0, np.log(np.minimum(deviations, 1.0)), deviations - 1.0)
    return means.ravel(), widths.astype(np.float32).ravel()
