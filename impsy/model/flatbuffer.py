"""What a `.tflite` file holds, read without running it: graphs of operators over tensors, and the constants in them.

The schema comes with ai-edge-litert. Whatever a converter did to the weights (16-bit floats, 8-bit numbers and their
scales), constants are handed out as plain arrays.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError

UNREADABLE = (  # what a damaged file can lead the reader to
    *(struct.error, ValueError, IndexError, KeyError, TypeError, AttributeError),
    *(OverflowError, MemoryError, RecursionError, ArithmeticError),
)


@dataclass(frozen=True, slots=True)
class Operator:
    """A step of a graph: tensors by their number, -1 for one that is left out."""

    name: str  # of a builtin operator as the schema has it, `ADD`; of another its own, `FlexTensorListStack`
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any  # of the schema's object API; None where there are none


@dataclass(frozen=True, slots=True)
class Graph:
    """The main graph of a file, or what a loop does in a turn."""

    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]  # of each tensor
    constants: dict[int, NDArray[Any]]  # by tensor


@dataclass(frozen=True, slots=True)
class File:
    """All graphs, the main one first, and the names that the signature gives to its inputs and outputs, if any."""

    path: Path
    graphs: tuple[Graph, ...]
    input_names: dict[int, str]
    output_names: dict[int, str]
    is_quantised: bool  # to 8 bits: such a file, played, calculates with 8 bits as well


def read_file(path: Path, content: bytes) -> File:
    """Take a file apart; raises `ModelError` where it is damaged."""
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        names = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
        dtypes: dict[int, np.dtype[Any]] = {
            schema.TensorType.FLOAT32: np.dtype(np.float32),
            schema.TensorType.FLOAT16: np.dtype(np.float16),
            schema.TensorType.INT32: np.dtype(np.int32),
            schema.TensorType.INT64: np.dtype(np.int64),
            schema.TensorType.INT8: np.dtype(np.int8),
            schema.TensorType.BOOL: np.dtype(np.bool_),
        }
        codes = [_name(code, names) for code in model.operatorCodes]
        graphs = tuple(_graph(graph, codes, model.buffers, dtypes) for graph in model.subgraphs)
        inputs, outputs = _signature(model)
        kinds = {tensor.type for graph in model.subgraphs for tensor in graph.tensors}
        return File(path, graphs, inputs, outputs, schema.TensorType.INT8 in kinds)
    except UNREADABLE as error:
        raise ModelError(path, f"damaged: {str(error) or type(error).__name__}") from error


def _name(code: Any, names: dict[int, str]) -> str:
    if code.customCode:
        return str(code.customCode.decode("ascii", "replace"))
    return names[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _graph(graph: Any, codes: list[str], buffers: list[Any], dtypes: dict[int, np.dtype[Any]]) -> Graph:
    shapes = tuple(tuple(map(int, _listed(tensor.shape))) for tensor in graph.tensors)
    constants = {}
    for number, tensor in enumerate(graph.tensors):
        content = buffers[tensor.buffer].data
        if content is not None and tensor.type in dtypes:
            value = np.frombuffer(bytes(content), dtypes[tensor.type]).reshape(shapes[number])
            constants[number] = _plain(value, tensor.quantization)
    operators = tuple(
        Operator(codes[step.opcodeIndex], _numbers(step.inputs), _numbers(step.outputs), step.builtinOptions)
        for step in graph.operators
    )
    return Graph(operators, _numbers(graph.inputs), _numbers(graph.outputs), shapes, constants)


def _plain(value: NDArray[Any], quantization: Any) -> NDArray[Any]:
    if value.dtype == np.float16:
        return value.astype(np.float32)
    if value.dtype != np.int8 or quantization is None or quantization.scale is None:
        return value
    shape = [1] * value.ndim
    shape[quantization.quantizedDimension] = -1  # one scale for all, or one for each row
    scale, zero = (np.reshape(part, shape) for part in (quantization.scale, _listed(quantization.zeroPoint) or [0]))
    plain: NDArray[np.float32] = (value.astype(np.float32) - np.asarray(zero, np.float32)) * np.asarray(
        scale, np.float32
    )
    return plain


def _signature(model: Any) -> tuple[dict[int, str], dict[int, str]]:
    if not model.signatureDefs:
        return {}, {}
    first = model.signatureDefs[0]
    inputs, outputs = (
        {int(entry.tensorIndex): entry.name.decode("utf-8", "replace") for entry in side}
        for side in (first.inputs, first.outputs)
    )
    return inputs, outputs


def _numbers(values: Any) -> tuple[int, ...]:
    return tuple(map(int, _listed(values)))


def _listed(values: Any) -> list[Any]:
    return [] if values is None else list(values)
