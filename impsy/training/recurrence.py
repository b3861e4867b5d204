"""LSTM layers over many steps at once.

On a CPU TensorFlow has one operation for a whole layer, where a loop of Keras takes twice the time. It orders the gates
i, c, f, o, Keras i, f, c, o. There is a `BlockLSTMV2` in Keras's order too, but its gradient, in TensorFlow 2.21, mixes
up f and c. Elsewhere Keras knows best: cuDNN on a GPU, a scan with JAX.

The way back is written out: of the gradient only the states have to go from step to step. What the weights and the
inputs get of it waits, and is one product for all steps, where `BlockLSTM` would add up a small one after each.
"""

from collections.abc import Callable, Sequence
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
        kernel, recurrent, bias = layer.trainable_weights
        heard = _block(heard, _reordered(tf.concat([kernel, recurrent], 0)), _reordered(bias))  # (steps, lanes, U)
    return tf.transpose(heard, (1, 0, 2))


def _reordered(weights: Any) -> Any:
    import tensorflow as tf

    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], -1)


def _block(inputs: Any, weights: Any, bias: Any) -> Any:
    """A layer: what it says (steps, lanes, U) of `inputs` (steps, lanes, D); `weights` are (D + U, 4 U)."""
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def block(inputs: Any, weights: Any, bias: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any, Any]]]:
        units, lanes = weights.shape[1] // 4, tf.shape(inputs)[1]
        blank = tf.zeros((lanes, units))
        no_peephole = dict.fromkeys(("wci", "wcf", "wco"), tf.zeros((units,)))
        shared = {"w": weights, "b": bias, **no_peephole, "use_peephole": False}
        ran = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(tf.shape(inputs)[0], tf.int64),
            x=inputs,
            cs_prev=blank,
            h_prev=blank,
            forget_bias=0.0,  # it is in the bias
            cell_clip=-1.0,  # none
            **shared,
        )

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            slopes = _back_through_time(inputs, ran, upstream, shared)  # (steps * lanes, 4 U), of the gates
            of_inputs = tf.reshape(tf.matmul(slopes, weights[:-units], transpose_b=True), tf.shape(inputs))
            constant = tf.concat([inputs, tf.ones_like(inputs[..., :1])], -1)  # a bias is the weight of a 1
            heard = (constant, slopes), (ran.h[:-1], slopes[lanes:])  # at the first step no state is heard
            of_kernel, of_recurrent = (
                tf.matmul(tf.reshape(rows, (-1, rows.shape[-1])), of, transpose_a=True) for rows, of in heard
            )
            return of_inputs, tf.concat([of_kernel[:-1], of_recurrent], 0), of_kernel[-1]

        return ran.h, gradient

    return block(inputs, weights, bias)


def _back_through_time(inputs: Any, ran: Any, upstream: Any, shared: dict[str, Any]) -> Any:
    """The gradients of what goes into the gates, (steps * lanes, 4 U), of those of what came out, (steps, lanes, U)."""
    import tensorflow as tf

    recurrent = tf.transpose(shared["w"][-upstream.shape[-1] :])  # (4 U, U)
    blank = tf.zeros_like(upstream[0])
    h, cs = ([blank, *tf.unstack(states)] for states in (ran.h, ran.cs))  # before the first step, and after each
    gates = map(tf.unstack, (ran.i, ran.f, ran.o, ran.ci, ran.co))
    names = "x", "h_prev", "cs_prev", "cs", "i", "f", "o", "ci", "co"
    steps = zip(tf.unstack(upstream), tf.unstack(inputs), h[:-1], cs[:-1], cs[1:], *gates, strict=True)
    of_h = of_c = blank
    found = []
    for of_output, *passed in reversed(list(steps)):
        of_c, of_gates, *_ = tf.raw_ops.LSTMBlockCellGrad(
            cs_grad=of_c, h_grad=of_output + of_h, **dict(zip(names, passed, strict=True)), **shared
        )
        of_h = tf.matmul(of_gates, recurrent)
        found.append(of_gates)
    return tf.concat(found[::-1], 0)
