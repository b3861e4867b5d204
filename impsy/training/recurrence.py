"""LSTM layers over many steps at once.

On a CPU TensorFlow has one operation for a whole layer, where a loop of Keras takes twice the time. It orders the gates
i, c, f, o, Keras i, f, c, o. There is a `BlockLSTMV2` in Keras's order too, but its gradient, in TensorFlow 2.21, mixes
up f and c. Elsewhere Keras knows best: cuDNN on a GPU, a scan with JAX.
"""

from collections.abc import Sequence
from typing import Any

from impsy.training.backend import backend, on_gpu


def run(layers: Sequence[Any], inputs: Any) -> Any:
    """What Keras LSTM `layers` say in the end, (lanes, steps, U), of `inputs` (lanes, steps, D), from blank states."""
    if backend() == "tensorflow" and not on_gpu():
        return _in_blocks(layers, inputs)
    for layer in layers:
        inputs, *_ = layer(inputs)
    return inputs


def _in_blocks(layers: Sequence[Any], inputs: Any) -> Any:
    import tensorflow as tf

    heard = tf.transpose(inputs, (1, 0, 2))  # (steps, lanes, D)
    for layer in layers:
        heard = _block(layer, heard)  # (steps, lanes, U)
    return tf.transpose(heard, (1, 0, 2))


def _block(layer: Any, inputs: Any) -> Any:
    import tensorflow as tf

    kernel, recurrent, bias = layer.trainable_weights
    steps, lanes = tf.unstack(tf.shape(inputs)[:2])
    blank = tf.zeros((lanes, layer.units))
    no_peephole = tf.zeros((layer.units,))
    return tf.raw_ops.BlockLSTM(
        seq_len_max=tf.cast(steps, tf.int64),
        x=inputs,
        cs_prev=blank,
        h_prev=blank,
        w=_reordered(tf.concat([kernel, recurrent], 0)),
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=_reordered(bias),
        forget_bias=0.0,  # it is in the bias
        cell_clip=-1.0,  # none
        use_peephole=False,
    ).h


def _reordered(weights: Any) -> Any:
    import tensorflow as tf

    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], -1)
