"""A `.tflite` file run by NumPy, operator by operator: slow, and without TensorFlow, whatever operators it has.

It is how weights are found in old files that LiteRT does not run, and what those are compared with.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.model.flatbuffer import UNREADABLE, File, Graph, Operator
from impsy.model.network import Tensor
from impsy.model.operators import MEANINGS

_TURNS = 100  # of a loop; one is usual


class Interpreter:
    """A file that `run` runs, with inputs and outputs as a `Network` has them."""

    def __init__(self, file: File) -> None:
        """Raises `ModelError` where it has an operator that is not known."""
        self._file = file
        self.path = file.path
        wanted = {operator.name for graph in file.graphs for operator in graph.operators}
        unknown = sorted(wanted - MEANINGS.keys() - {"WHILE"})
        if unknown or not file.graphs:
            what = f"operators that impsy does not know ({', '.join(unknown)})" if unknown else "nothing in it"
            raise ModelError(file.path, f"cannot be read: it has {what}")
        main = file.graphs[0]
        self.inputs = tuple(Tensor(i, main.shapes[i], file.input_names.get(i, "")) for i in main.inputs)
        self.outputs = tuple(Tensor(i, main.shapes[i], file.output_names.get(i, "")) for i in main.outputs)

    def run(self, values: Sequence[NDArray[np.float32]]) -> dict[int, NDArray[np.float32]]:
        """All outputs by index, for values in the order of `inputs`; raises `ModelError`."""
        main = self._file.graphs[0]
        try:
            with np.errstate(over="ignore"):
                said = self._run(main, values)
            return {i: np.asarray(value, np.float32) for i, value in zip(main.outputs, said, strict=True)}
        except (NotImplementedError, *UNREADABLE) as error:
            raise ModelError(self.path, f"cannot be read: {str(error) or type(error).__name__}") from error

    def _run(self, graph: Graph, values: Sequence[Any]) -> list[Any]:
        known: dict[int, Any] = graph.constants | dict(zip(graph.inputs, values, strict=True)) | {-1: None}
        for operator in graph.operators:
            inputs = [known[i] for i in operator.inputs]
            outputs = self._loop(operator, inputs) if operator.name == "WHILE" else _step(operator, inputs)
            known |= zip(operator.outputs, outputs, strict=True)
        return [known[i] for i in graph.outputs]

    def _loop(self, operator: Operator, values: list[Any]) -> list[Any]:
        goes_on, turn = (
            self._file.graphs[number]
            for number in (operator.options.condSubgraphIndex, operator.options.bodySubgraphIndex)
        )
        for _ in range(_TURNS):
            if not np.all(self._run(goes_on, values)[0]):
                return values
            values = self._run(turn, values)
        raise ValueError(f"a loop of more than {_TURNS} turns")


def _step(operator: Operator, inputs: list[Any]) -> Sequence[Any]:
    return MEANINGS[operator.name](inputs, operator.options)
