"""LSTM layers over many steps at once: one operation a layer, where a loop of Keras takes twice the time.

`BlockLSTM` orders the gates i, c, f, o, Keras i, f, c, o. There is a `BlockLSTMV2` in Keras's order too, but its
gradient, in TensorFlow 2.21, mixes up f and c.
"""

from typing import Any


def run(layer: Any, inputs: Any) -> Any:
    """The hidden states (steps, lanes, U) of a Keras LSTM layer over `inputs` (steps, lanes, D), from a blank state."""
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
