"""The network: LSTM layers, a mixture density layer, and a way around them.

The way around adds the controls as they are to every component's means: the network learns how they *move*. It is
an ordinary layer that never learns, so it lies inside every file that is made of the network. The same layer's bias
gives every deviation a floor, a small part of the cell of a control. One component has a high floor: it stands for
surprises, which would else cost thousands of nats each and rule the whole loss.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from impsy.core.predictor import ModelSpec
from impsy.model.names import state_names
from impsy.training import recurrence
from impsy.training.lessons import Lessons
from impsy.training.start import Floats, half_cells, mixture_biases, way_around, with_memory


@dataclass(frozen=True, slots=True)
class Network:
    """The layers, shared by whatever is built of them; D dimension, U units, K mixtures, P = K (2 D + 1)."""

    spec: ModelSpec
    recurrent: tuple[Any, ...]  # Keras LSTM layers
    mixture: Any  # the MDN layer: (…, U) -> (…, P)
    around: Any  # (…, D) -> (…, P), never learns
    learns: tuple[Floats, ...]  # for each of `weights`: 1 where it learns, 0 where it stays as it was set
    half_cells: Floats  # (D,), of what is foreseen, in the network's units

    @property
    def weights(self) -> list[Any]:
        """What learns."""
        return [weight for layer in (*self.recurrent, self.mixture) for weight in layer.trainable_weights]

    def forecasts(self, inputs: Any) -> tuple[Any, Any, Any]:
        """The mixture after each of `inputs` (lanes, steps, D), from a blank state.

        Means (lanes * steps, K D), deviations of the same shape, and logits (lanes * steps, K).
        """
        from keras import ops

        heard = recurrence.run(self.recurrent, inputs)  # (lanes, steps, U)
        flat, inputs = (ops.reshape(rows, (-1, rows.shape[-1])) for rows in (heard, inputs))
        size = self.spec.mixtures * self.spec.dimension
        around = (ops.split(weight, [size, 2 * size], axis=-1) for weight in self.around.weights)
        layers = self.mixture.mdn_mus, self.mixture.mdn_sigmas, self.mixture.mdn_pi
        means, deviations, logits = (
            layer(flat) + (ops.matmul(inputs, kernel) + bias)
            for layer, kernel, bias in zip(layers, *around, strict=True)
        )
        return means, deviations, logits

    def parameters(self, inputs: Any) -> Any:
        """The same as in a file, side by side: (lanes * steps, P)."""
        from keras import ops

        return ops.concatenate(self.forecasts(inputs), -1)

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
        learned = self.mixture(keras.layers.Reshape((spec.units,), name="heard")(heard))
        passed = self.around(keras.layers.Reshape((spec.dimension,), name="flat")(inputs))
        parameters = keras.layers.Add(name="parameters")([learned, passed])
        return keras.Model([inputs, *states], [parameters, *after], name="step")


def build(spec: ModelSpec, lessons: Lessons, rng: np.random.Generator) -> Network:
    """A fresh network that starts from how the learned phrases move, and remembers the last interaction."""
    import keras
    import keras_mdn_layer

    d, k = spec.dimension, spec.mixtures
    recurrent = tuple(
        keras.layers.LSTM(spec.units, return_sequences=True, return_state=True, name=f"lstm_{layer}")
        for layer in range(spec.layers)
    )
    for layer in range(spec.layers):
        recurrent[layer].build((None, None, d if layer == 0 else spec.units))
    set_weights, learns = with_memory(recurrent[0].get_weights(), rng)
    recurrent[0].set_weights(set_weights)
    mixture = keras_mdn_layer.MDN(d, k, name="mdn")
    mixture.build((None, spec.units))
    means, widths = mixture_biases(lessons.rows, lessons.learned, k)
    mixture.mdn_mus.bias.assign(means)
    mixture.mdn_sigmas.bias.assign(widths)
    halves = half_cells(np.concatenate(lessons.phrases(lessons.learned)))
    kernel, bias = way_around(halves, k)
    around = keras.layers.Dense(len(bias), trainable=False, name="around")
    around.build((None, d))
    around.set_weights([kernel, bias])
    others = [weight for layer in (*recurrent[1:], mixture) for weight in layer.trainable_weights]
    masks = (*learns, *(np.ones(weight.shape, np.float32) for weight in others))
    return Network(spec, recurrent, mixture, around, masks, halves)
