"""Make the tiny MDRNN files that tests play: `python tests/data/make_models.py` (needs the extra train).

Each is an LSTM network with random weights (its recipe is `lstm`, in plain TensorFlow), written by the converter in
one of the shapes that model files are found in:

- tiny-signed.tflite       a signature that names inputs and states in the usual way
- tiny-unsigned.tflite     no signature, the usual order
- tiny-shuffled.tflite     no signature, c before h, the upper layer first, the parameters last
- tiny-nameless.tflite     the same with a signature whose names say nothing
- tiny-misnamed.tflite     a signature whose names of h and c are exchanged
- alike-signed.tflite      as many units as parameters, so that only the signature tells them from states
- alike-unsigned.tflite    the same without a signature
- not-an-mdrnn.tflite      one fully connected layer
- gated.tflite             the shapes of an MDRNN, but the states are those of no LSTM
- legacy-loop.tflite       the weights of tiny-signed in LSTM layers of Keras, as they are converted: with while loops
- legacy-flex.tflite       the same as older IMPSY did it: the loops write into lists that only TensorFlow has
- needs-flex.tflite        an operation that only TensorFlow has
"""

from collections.abc import Callable
from pathlib import Path

import keras
import keras_mdn_layer
import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
DIMENSION, UNITS, LAYERS, MIXTURES = 3, 4, 2, 2
PARAMETERS = MIXTURES * (2 * DIMENSION + 1)


class Network(tf.Module):
    """Random weights, large enough that no state vanishes."""

    def __init__(self, seed: int, dimension: int = DIMENSION, units: int = UNITS, layers: int = LAYERS) -> None:
        super().__init__()
        self.units = units
        rng = np.random.default_rng(seed)

        def weights(*shape: int) -> tf.Variable:
            return tf.Variable(rng.normal(0.0, 0.7, shape).astype(np.float32))

        self.cells = [
            (weights(4 * units, (dimension if layer == 0 else units) + units), weights(4 * units))
            for layer in range(layers)
        ]
        size = MIXTURES * dimension
        self.means = (weights(size, units), weights(size))
        self.deviations = (weights(size, units), weights(size))
        self.logits = (weights(MIXTURES, units), weights(MIXTURES))

    def step(self, inputs: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """`states` and what is returned: h, c of layer 0, h, c of layer 1."""
        x = tf.reshape(inputs, (1, -1))
        new = []
        for cell, h, c in zip(self.cells, states[::2], states[1::2], strict=True):
            h, c = lstm(cell, x, h, c)
            new += [h, c]
            x = h
        deviations = tf.nn.elu(dense(self.deviations, x)) + 1.0 + 1e-7
        return tf.concat([dense(self.means, x), deviations, dense(self.logits, x)], axis=1), new


def dense(layer: tuple[tf.Variable, tf.Variable], x: tf.Tensor) -> tf.Tensor:
    return tf.matmul(x, layer[0], transpose_b=True) + layer[1]


def lstm(
    cell: tuple[tf.Variable, tf.Variable], x: tf.Tensor, h: tf.Tensor, c: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    i, f, g, o = tf.split(dense(cell, tf.concat([x, h], axis=1)), 4, axis=1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(c), c


def names(exchanged: bool = False) -> list[str]:
    kinds = "ch" if exchanged else "hc"
    return [f"state_{kind}_{layer}" for layer in range(LAYERS) for kind in kinds]


def signed(network: Network, exchanged: bool) -> bytes:
    specs = {"inputs": tf.TensorSpec((1, 1, DIMENSION), tf.float32)}
    specs |= {name: tf.TensorSpec((1, network.units), tf.float32, name=name) for name in names(exchanged)}

    @tf.function(input_signature=[specs])
    def function(given: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        parameters, states = network.step(given["inputs"], [given[name] for name in names(exchanged)])
        return {"mdn": parameters} | dict(zip(names(exchanged), states, strict=True))

    @tf.function(input_signature=list(specs.values()))
    def flat(inputs: tf.Tensor, a: tf.Tensor, b: tf.Tensor, c: tf.Tensor, d: tf.Tensor) -> dict[str, tf.Tensor]:
        return function(dict(zip(specs, (inputs, a, b, c, d), strict=True)))

    folder = HERE / "saved-model"
    concrete = flat.get_concrete_function()
    tf.saved_model.save(network, str(folder), signatures={"serving_default": concrete})
    converted: bytes = tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()
    tf.io.gfile.rmtree(str(folder))
    return converted


def unsigned(network: Network, order: list[int], signature: bool = False) -> bytes:
    """`order` says which state (h0, c0, h1, c1) each position holds, going in; coming out they are turned round."""

    def function(inputs: tf.Tensor, a: tf.Tensor, b: tf.Tensor, c: tf.Tensor, d: tf.Tensor) -> list[tf.Tensor]:
        given = [a, b, c, d]
        parameters, states = network.step(inputs, [given[order.index(which)] for which in range(4)])
        if order == sorted(order):
            return [parameters, *states]
        return [*(states[which] for which in reversed(order)), parameters]

    specs = [tf.TensorSpec((1, 1, DIMENSION), tf.float32)] + [tf.TensorSpec((1, network.units), tf.float32)] * 4
    return unnamed(function, specs, network, signature)


def unnamed(
    function: Callable[..., object],
    specs: list[tf.TensorSpec],
    module: tf.Module,
    signature: bool = False,
    flex: bool = False,
) -> bytes:
    """Converted from a frozen graph, the old way; a signature, if any, has the converter's own names."""
    concrete = tf.function(function, input_signature=specs).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module if signature else None)
    converter.experimental_lower_to_saved_model = signature
    if flex:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]
    converted: bytes = converter.convert()
    return converted


def in_keras(network: Network) -> keras.Model:
    """The same weights in layers of Keras."""
    heard = inputs = keras.Input(batch_shape=(1, 1, DIMENSION), name="inputs")
    states = [keras.Input(batch_shape=(1, network.units), name=name) for name in names()]
    after = []
    layers = [
        keras.layers.LSTM(network.units, return_sequences=layer < LAYERS - 1, return_state=True)
        for layer in range(LAYERS)
    ]
    for layer, h, c in zip(layers, states[::2], states[1::2], strict=True):
        heard, *new = layer(heard, initial_state=[h, c])
        after += new
    mixture = keras_mdn_layer.MDN(DIMENSION, MIXTURES)
    model = keras.Model([inputs, *states], [mixture(heard), *after])
    for layer, (weight, bias) in zip(layers, network.cells, strict=True):
        kernel = weight.numpy().T
        layer.set_weights([kernel[: -network.units], kernel[-network.units :], bias.numpy()])
    parts = (mixture.mdn_mus, network.means), (mixture.mdn_sigmas, network.deviations), (mixture.mdn_pi, network.logits)
    for part, (weight, bias) in parts:
        part.set_weights([weight.numpy().T, bias.numpy()])
    return model


def legacy(model: keras.Model, flex: bool, eight_bits: bool = False) -> bytes:
    """Converted as it is, as IMPSY did; before 1.0 it let TensorFlow's lists stand and made weights 8-bit."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if flex:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        converter._experimental_lower_tensor_list_ops = False
    if eight_bits:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converted: bytes = converter.convert()
    return converted


def main() -> None:
    network = Network(seed=1)
    alike = Network(seed=1, units=PARAMETERS)
    plain = tf.Module()
    plain.weight = tf.Variable(np.ones((3, 2), np.float32))
    spec = [tf.TensorSpec((1, 3), tf.float32)]
    spec_gated = [tf.TensorSpec((1, 1, 3), tf.float32), *[tf.TensorSpec((1, 4), tf.float32)] * 2]
    files = {
        "tiny-signed.tflite": signed(network, exchanged=False),
        "tiny-misnamed.tflite": signed(network, exchanged=True),
        "tiny-unsigned.tflite": unsigned(network, [0, 1, 2, 3]),
        "tiny-shuffled.tflite": unsigned(network, [3, 2, 1, 0]),
        "tiny-nameless.tflite": unsigned(network, [3, 2, 1, 0], signature=True),
        "alike-signed.tflite": signed(alike, exchanged=False),
        "alike-unsigned.tflite": unsigned(alike, [3, 2, 1, 0]),
        "legacy-loop.tflite": legacy(in_keras(network), flex=False),
        "legacy-flex.tflite": legacy(in_keras(network), flex=True),
        "gated.tflite": unnamed(
            lambda x, a, b: [tf.tile(x, (1, 1, 7))[0, :, :14] + tf.reduce_sum(a), tf.tanh(a + b), tf.tanh(a - b)],
            spec_gated,
            plain,
        ),
        "needs-flex.tflite": unnamed(lambda x: tf.math.erf(x), spec, plain, flex=True),
        "not-an-mdrnn.tflite": unnamed(lambda x: tf.matmul(x, plain.weight), spec, plain),
    }
    for name, content in files.items():
        (HERE / name).write_bytes(content)
        print(f"{name}  {len(content)} bytes")


if __name__ == "__main__":
    main()
