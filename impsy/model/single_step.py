"""Weights written as a `.tflite` file of one step, the quickest form to play (formats §4).

One fully connected layer over [x, h] per LSTM layer, and no loop: a Keras LSTM converted as it is keeps a loop of one
turn and takes three times as long. The file is a FlatBuffer, whose schema comes with ai-edge-litert: no TensorFlow is
needed, and the same weights give the same bytes. Inputs and outputs stand in the order of formats §4. The outputs have
the names that IMPSY's first files gave them: up to 1.2.1 it takes the states of a signature in the order of their
names, and would exchange h and c if those came in another one.
"""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from impsy.model.names import state_names
from impsy.model.weights import ONE_AND_A_BIT, Dense, Weights

SIGNATURE = "serving_default"
_SCHEMA_VERSION = 3
_ALIGNMENT = 16  # bytes, of constants: processors read them several at a time
_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.int32): schema.TensorType.INT32,
}
_VERSIONS = {schema.BuiltinOperator.DEQUANTIZE: 3}  # from which on it takes 16-bit floats; of all others 1 will do


def single_step(weights: Weights, *, half: bool = False) -> bytes:
    """The file; with `half`, weights are kept as 16-bit floats, and calculated with as 32-bit ones."""
    spec = weights.spec
    page = _Page(half)
    inputs = page.tensor("inputs", (1, 1, spec.dimension))
    states = [page.tensor(name, (1, spec.units)) for name in state_names(spec)]
    x = flat = page.reshape(inputs, (1, spec.dimension))
    after: list[int] = []
    for number, (cell, h, c) in enumerate(zip(weights.cells, states[::2], states[1::2], strict=True)):
        x, c = _lstm(page, cell, x, h, c, f"lstm_{number}", spec.units)
        after += [x, c]
    parameters = _mixture(page, weights, x, flat)
    named = {"inputs": inputs} | dict(zip(state_names(spec), states, strict=True))
    said = {"mdn_outputs": parameters}
    for layer, (h, c) in enumerate(zip(after[::2], after[1::2], strict=True)):
        said |= {f"lstm_{layer}": h, f"lstm_{layer}_1": c}
    return page.finished(named, said)


def _lstm(page: "_Page", cell: Dense, x: int, h: int, c: int, name: str, units: int) -> tuple[int, int]:
    """The new h and c."""
    operator, one = schema.BuiltinOperator, (1, units)
    gates = page.dense(page.concatenated([x, h], f"{name}/heard"), cell, f"{name}/gates")
    i, f, g, o = page.split(gates, 4, f"{name}/gate")
    i, f, o = (page.plain(operator.LOGISTIC, [gate], f"{name}/open", one) for gate in (i, f, o))
    g = page.plain(operator.TANH, [g], f"{name}/new", one)
    c = page.sum(page.product(f, c, f"{name}/kept", one), page.product(i, g, f"{name}/learned", one), f"{name}/c", one)
    return page.product(o, page.plain(operator.TANH, [c], f"{name}/squashed", one), f"{name}/h", one), c


def _mixture(page: "_Page", weights: Weights, x: int, interaction: int) -> int:
    spread = page.dense(x, weights.deviations, "mdn/spread")
    shape = page.shape(spread)
    positive = page.plain(schema.BuiltinOperator.ELU, [spread], "mdn/elu", shape)
    deviations = page.sum(positive, page.constant("mdn/one", np.float32(ONE_AND_A_BIT)), "mdn/deviations", shape)
    parts = [page.dense(x, weights.means, "mdn/means"), deviations, page.dense(x, weights.logits, "mdn/logits")]
    parameters = page.concatenated(parts, "mdn/parameters")
    if weights.around is None:
        return parameters
    return page.sum(parameters, page.dense(interaction, weights.around, "around"), "parameters", page.shape(parameters))


class _Page:
    """A graph being written; tensors go by their number in it."""

    def __init__(self, half: bool) -> None:
        self._half = half
        self._graph = schema.SubGraphT()
        self._graph.name = "main"
        self._graph.tensors, self._graph.operators = [], []
        self._codes: dict[int, int] = {}
        self._buffers = [_Constant(b"")]  # the first stands for none

    def tensor(self, name: str, shape: Sequence[int], dtype: Any = np.float32, buffer: int = 0) -> int:
        """A tensor that is fed, or calculated, or is the constant of a buffer."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, np.array(shape, np.int32), buffer
        tensor.type = _TYPES[np.dtype(dtype)]
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> int:
        """A tensor that is in the file."""
        self._buffers.append(_Constant(value.tobytes()))
        return self.tensor(name, value.shape, value.dtype, len(self._buffers) - 1)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The shape that a tensor was given."""
        return tuple(self._graph.tensors[tensor].shape.tolist())

    def dense(self, x: int, layer: Dense, name: str) -> int:
        """A fully connected layer; LiteRT keeps its kernel as (outputs, inputs)."""
        kernel = self._weights(f"{name}/kernel", np.ascontiguousarray(layer.kernel.T, np.float32))
        bias = self.constant(f"{name}/bias", np.asarray(layer.bias, np.float32))
        code, options = schema.BuiltinOperator.FULLY_CONNECTED, schema.FullyConnectedOptionsT()
        return self._operator(code, [x, kernel, bias], [self.tensor(name, (1, len(layer.bias)))], options)[0]

    def _weights(self, name: str, value: NDArray[np.float32]) -> int:
        if not self._half:
            return self.constant(name, value)
        narrow = self.constant(f"{name}/half", value.astype(np.float16))
        code, options = schema.BuiltinOperator.DEQUANTIZE, schema.DequantizeOptionsT()
        return self._operator(code, [narrow], [self.tensor(name, value.shape)], options)[0]

    def reshape(self, x: int, shape: tuple[int, ...]) -> int:
        """The same numbers in another shape."""
        options = schema.ReshapeOptionsT()
        options.newShape = np.array(shape, np.int32)
        wanted = self.constant("shape", options.newShape)
        return self._operator(schema.BuiltinOperator.RESHAPE, [x, wanted], [self.tensor("flat", shape)], options)[0]

    def concatenated(self, parts: list[int], name: str) -> int:
        """Rows side by side."""
        options = schema.ConcatenationOptionsT()
        options.axis = 1
        out = self.tensor(name, (1, sum(self.shape(part)[1] for part in parts)))
        return self._operator(schema.BuiltinOperator.CONCATENATION, parts, [out], options)[0]

    def split(self, x: int, number: int, name: str) -> list[int]:
        """A row in equal parts."""
        options = schema.SplitOptionsT()
        options.numSplits = number
        axis = self.constant("axis", np.int32(1))
        outs = [self.tensor(name, (1, self.shape(x)[1] // number)) for _ in range(number)]
        return self._operator(schema.BuiltinOperator.SPLIT, [axis, x], outs, options)

    def product(self, a: int, b: int, name: str, shape: tuple[int, ...]) -> int:
        """Element by element."""
        return self.plain(schema.BuiltinOperator.MUL, [a, b], name, shape, schema.MulOptionsT())

    def sum(self, a: int, b: int, name: str, shape: tuple[int, ...]) -> int:
        """Element by element."""
        return self.plain(schema.BuiltinOperator.ADD, [a, b], name, shape, schema.AddOptionsT())

    def plain(self, code: int, inputs: list[int], name: str, shape: tuple[int, ...], options: Any = None) -> int:
        """An operator of one output."""
        return self._operator(code, inputs, [self.tensor(name, shape)], options)[0]

    def _operator(self, code: int, inputs: list[int], outputs: list[int], options: Any) -> list[int]:
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes.setdefault(code, len(self._codes))
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self._graph.operators.append(operator)
        return outputs

    def finished(self, inputs: dict[str, int], outputs: dict[str, int]) -> bytes:
        """The file, with a signature of these names."""
        self._graph.inputs = np.array(list(inputs.values()), np.int32)
        self._graph.outputs = np.array(list(outputs.values()), np.int32)
        signature = schema.SignatureDefT()
        signature.signatureKey = SIGNATURE
        signature.inputs, signature.outputs = _map(inputs), _map(outputs)
        model = schema.ModelT()
        model.version, model.description = _SCHEMA_VERSION, "impsy"
        model.operatorCodes = [_code(code) for code in self._codes]
        model.subgraphs, model.buffers, model.signatureDefs = [self._graph], self._buffers, [signature]
        builder = flatbuffers.Builder(sum(len(buffer.content) for buffer in self._buffers) + 16384)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class _Constant(schema.BufferT):  # type: ignore[misc]  # untyped
    """The bytes of a constant, aligned as the schema asks: its generated Python forgets that."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content

    def Pack(self, builder: Any) -> Any:  # noqa: N802  # the name that the schema calls
        if self.content:
            builder.StartVector(1, len(self.content), _ALIGNMENT)
            builder.head -= len(self.content)
            builder.Bytes[builder.head : builder.head + len(self.content)] = self.content
            content = builder.EndVector()
        schema.BufferStart(builder)
        if self.content:
            schema.BufferAddData(builder, content)
        return schema.BufferEnd(builder)


def _code(builtin: int) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode, code.version = builtin, _VERSIONS.get(builtin, 1)
    code.deprecatedBuiltinCode = min(builtin, 127)  # where readers of before 2020 look
    return code


def _map(tensors: dict[str, int]) -> list[Any]:
    maps = []
    for name, tensor in tensors.items():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, tensor
        maps.append(entry)
    return maps
