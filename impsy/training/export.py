"""Model files: the `.keras` of one step, and the `.tflite` that performs (formats §4).

A Keras LSTM converted as it is keeps a loop of one turn; the same weights written out as a single step, one fully
connected layer over [x, h] per LSTM layer, run in a third of the time. Both are compared before either is handed out.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from impsy.core.predictor import ModelSpec
from impsy.data.files import make_way, written_whole
from impsy.errors import ModelError
from impsy.model.litert import SCALE, LiteRtPredictor
from impsy.model.names import model_name
from impsy.training.backend import hushed
from impsy.training.network import Network, state_names

_STEPS = 50  # over which the two files are compared
_TOLERANCE = 1e-4
_ONE_AND_A_BIT = 1.0 + 1e-7  # what the mixture layer adds to elu(x): deviations stay above zero


def export(network: Network, folder: Path) -> tuple[Path, Path]:
    """Write the `.keras` and the `.tflite` into `folder`; an older one of that name is renamed after its date.

    Written aside, compared over 50 steps, loaded as `impsy run` would, then renamed. Raises `ModelError`.
    """
    name = model_name(network.spec)
    keras_path, lite_path = folder / f"{name}.keras", folder / f"{name}.tflite"
    try:
        with written_whole(keras_path) as keras_part, written_whole(lite_path) as lite_part:
            with hushed():
                model = network.inference_model()
                model.save(keras_part)
                lite_part.write_bytes(_single_step(network))
                _compare(model, lite_part, network.spec)
            make_way(keras_path)
            make_way(lite_path)
    except OSError as error:
        raise ModelError(folder / name, f"cannot be written: {error.strerror or error}") from error
    return keras_path, lite_path


def _single_step(network: Network) -> bytes:
    """The network as a LiteRT file of one signature; its weights stand in it as constants."""
    import tensorflow as tf

    spec = network.spec
    cells = [_fully_connected(layer) for layer in network.recurrent]  # over [x, h]
    means, widths, logits = map(
        _fully_connected, (network.mixture.mdn_mus, network.mixture.mdn_sigmas, network.mixture.mdn_pi)
    )
    around = _fully_connected(network.around)

    def step(**given: Any) -> dict[str, Any]:
        x = heard = tf.reshape(given["inputs"], (1, spec.dimension))  # (1, D)
        after: dict[str, Any] = {}
        for layer, cell in enumerate(cells):
            h, c = given[f"state_h_{layer}"], given[f"state_c_{layer}"]  # (1, U)
            i, f, new, o = tf.split(cell(tf.concat([x, h], 1)), 4, axis=1)  # (1, U) each
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(new)
            x = h = tf.sigmoid(o) * tf.tanh(c)
            after |= {f"next_state_h_{layer}": h, f"next_state_c_{layer}": c}
        learned = tf.concat([means(x), tf.nn.elu(widths(x)) + _ONE_AND_A_BIT, logits(x)], 1)  # (1, P)
        return {"parameters": learned + around(heard)} | after

    module = tf.Module()
    module.step = tf.function(step, autograph=False).get_concrete_function(
        inputs=tf.TensorSpec((1, 1, spec.dimension), tf.float32, name="inputs"),
        **{name: tf.TensorSpec((1, spec.units), tf.float32, name=name) for name in state_names(spec)},
    )
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([module.step], module).convert())


def _fully_connected(layer: Any) -> Callable[[Any], Any]:
    """A Dense layer, or an LSTM layer's gates over [x, h], as a function of constants."""
    import tensorflow as tf

    *kernels, bias = layer.get_weights()
    kernel = np.concatenate(kernels)
    return lambda x: tf.matmul(x, tf.constant(kernel)) + tf.constant(bias)


def _compare(model: Any, lite_path: Path, spec: ModelSpec) -> None:
    """Run the Keras model and, as `impsy run` would, the other, each on its own states; raises `ModelError`."""
    predictor = LiteRtPredictor(lite_path)
    if predictor.spec != spec:
        raise ModelError(lite_path, f"reads as {predictor.spec}, but {spec} was written")
    ours, theirs = predictor.initial_state(), list(predictor.initial_state())
    rng = np.random.default_rng(0)
    for number in range(_STEPS):
        sample = rng.random(spec.dimension)
        mixture, ours = predictor.step(sample, ours)
        heard = (sample * SCALE).astype(np.float32).reshape(1, 1, -1)
        parameters, *theirs = (np.asarray(output) for output in model([heard, *theirs], training=False))
        said = np.concatenate([mixture.means.ravel() * SCALE, mixture.deviations.ravel() * SCALE, mixture.logits])
        for left, right in zip([parameters, *theirs], [said[np.newaxis], *ours], strict=True):
            if left.shape != right.shape or not np.allclose(left, right, rtol=_TOLERANCE, atol=_TOLERANCE):
                raise ModelError(lite_path, f"does not agree with its Keras model at step {number + 1}")
