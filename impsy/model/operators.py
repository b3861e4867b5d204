"""What the operators of old model files mean, in NumPy: enough to run what converters made of a Keras LSTM.

Among them are the lists of tensors that only TensorFlow has (`Flex…`): a loop of one turn writes its result into one.
Each takes its inputs and the options of the schema, and returns its outputs.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Value: TypeAlias = Any  # an array, or a list of them
Meaning: TypeAlias = Callable[[Sequence[Value], Any], Sequence[Value]]

_MOST = 1 << 24  # elements that a file may ask for


def _one(function: Callable[..., Value]) -> Meaning:
    """An operator of one output, without options."""
    return lambda inputs, _: [function(*inputs)]


def _optioned(function: Callable[..., Value]) -> Meaning:
    """An operator of one output that heeds its options."""
    return lambda inputs, options: [function(*inputs, options=options)]


def _arithmetic(function: Callable[[Array, Array], Array]) -> Meaning:
    return _optioned(lambda a, b, options: _unfused(function(a, b), options))


def _unfused(result: Array, options: Any) -> Array:
    if getattr(options, "fusedActivationFunction", None):
        raise NotImplementedError("an activation inside another operator")
    return result


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return (0.5 * (1.0 + np.tanh(0.5 * x))).astype(x.dtype)


def elu(x: Array) -> Array:
    """`x` above zero, exp(x) - 1 below."""
    return np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))).astype(x.dtype)


def _fully_connected(x: Array, kernel: Array, bias: Array | None = None, *, options: Any) -> Array:
    rows = x if options.keepNumDims else x.reshape(-1, kernel.shape[1])
    return _unfused(rows @ kernel.T + (0.0 if bias is None else bias), options).astype(x.dtype)


def _batch_matmul(a: Array, b: Array, *, options: Any) -> Array:
    return (a.swapaxes(-1, -2) if options.adjX else a) @ (b.swapaxes(-1, -2) if options.adjY else b)


def _strided_slice(x: Array, begin: Array, end: Array, strides: Array, *, options: Any) -> Array:
    if options.ellipsisMask or options.newAxisMask:
        raise NotImplementedError("a slice with new axes")
    cuts: list[slice | int] = []
    for axis, (first, last, step) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        bit = 1 << axis
        if options.shrinkAxisMask & bit:
            cuts.append(first)
        else:
            cuts.append(
                slice(None if options.beginMask & bit else first, None if options.endMask & bit else last, step)
            )
    return x[tuple(cuts)]


def _slice(x: Array, begin: Array, size: Array) -> Array:
    cuts = zip(begin.tolist(), size.tolist(), strict=True)
    return x[tuple(slice(first, None if length < 0 else first + length) for first, length in cuts)]


def _split_v(inputs: Sequence[Value], _: Any) -> Sequence[Value]:
    x, sizes, axis = inputs
    return np.split(x, np.cumsum(sizes)[:-1], int(axis))


def _reshape(x: Array, shape: Array | None = None, *, options: Any) -> Array:
    return x.reshape(options.newShape if shape is None else shape)


def _squeeze(x: Array, *, options: Any) -> Array:
    axes = options.squeezeDims
    return np.squeeze(x, None if axes is None or not len(axes) else tuple(int(axis) for axis in axes))


def _gather(x: Array, indices: Array, *, options: Any) -> Array:
    if options.batchDims:
        raise NotImplementedError("a batched gather")
    return np.take(x, indices, options.axis)


def _fill(shape: Array, value: Array) -> Array:
    if np.prod(shape, dtype=np.float64) > _MOST:
        raise ValueError("a tensor larger than any model")
    return np.full(shape, value)


def _range(start: Array, stop: Array, step: Array) -> Array:
    if abs(float(stop) - float(start)) > _MOST * abs(float(step)):
        raise ValueError("a range larger than any model")
    return np.arange(start.item(), stop.item(), step.item()).astype(start.dtype)


def _updated(x: Array, update: Array, begin: Array) -> Array:
    """`x` with a part written over."""
    result = x.copy()
    result[tuple(slice(first, first + length) for first, length in zip(begin.tolist(), update.shape, strict=True))] = (
        update
    )
    return result


def _set_item(items: list[Any], index: Array, item: Array) -> list[Any]:
    result = list(items)
    result[int(index)] = item
    return result


def _reserved(_: Array, length: Array) -> list[Any]:
    if int(length) > _MOST:
        raise ValueError("a list longer than any model")
    return [None] * int(length)


MEANINGS: dict[str, Meaning] = {
    "ADD": _arithmetic(np.add),
    "SUB": _arithmetic(np.subtract),
    "MUL": _arithmetic(np.multiply),
    "DIV": _arithmetic(np.divide),
    "MAXIMUM": _one(np.maximum),
    "MINIMUM": _one(np.minimum),
    "NEG": _one(np.negative),
    "EXP": _one(np.exp),
    "TANH": _one(np.tanh),
    "LOGISTIC": _one(sigmoid),
    "ELU": _one(elu),
    "RELU": _one(lambda x: np.maximum(x, 0)),
    "DEQUANTIZE": _one(lambda x: x.astype(np.float32)),
    "LESS": _one(np.less),
    "LESS_EQUAL": _one(np.less_equal),
    "GREATER": _one(np.greater),
    "GREATER_EQUAL": _one(np.greater_equal),
    "EQUAL": _one(np.equal),
    "LOGICAL_AND": _one(np.logical_and),
    "SELECT": _one(np.where),
    "SELECT_V2": _one(np.where),
    "FULLY_CONNECTED": _optioned(_fully_connected),
    "BATCH_MATMUL": _optioned(_batch_matmul),
    "RESHAPE": _optioned(_reshape),
    "SQUEEZE": _optioned(_squeeze),
    "EXPAND_DIMS": _one(lambda x, axis: np.expand_dims(x, int(np.ravel(axis)[0]))),
    "TRANSPOSE": _one(np.transpose),
    "CONCATENATION": lambda inputs, options: [np.concatenate(inputs, options.axis)],
    "PACK": lambda inputs, options: [np.stack(inputs, options.axis)],
    "UNPACK": lambda inputs, options: list(np.moveaxis(inputs[0], options.axis, 0)),
    "SPLIT": lambda inputs, options: np.split(inputs[1], options.numSplits, int(inputs[0])),
    "SPLIT_V": _split_v,
    "STRIDED_SLICE": _optioned(_strided_slice),
    "SLICE": _one(_slice),
    "GATHER": _optioned(_gather),
    "DYNAMIC_UPDATE_SLICE": _one(_updated),
    "SHAPE": _one(lambda x: np.array(np.shape(x), np.int32)),
    "FILL": _one(_fill),
    "ZEROS_LIKE": _one(np.zeros_like),
    "RANGE": _one(_range),
    "FlexTensorListReserve": _one(_reserved),
    "FlexTensorListFromTensor": _one(lambda x, _: list(x)),
    "FlexTensorListGetItem": _one(lambda items, index, _: items[int(index)]),
    "FlexTensorListSetItem": _one(_set_item),
    "FlexTensorListStack": _one(lambda items, _: np.stack(items)),
    "FlexTensorListLength": _one(lambda items: np.int32(len(items))),
}
