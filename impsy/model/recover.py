"""The weights in a `.tflite` file of any converter, found by what they do.

Names, order and layout of weights differ from converter to converter. So every constant of a fitting shape is tried:
the file is run on a few random interactions and states, and the constants that turn what went in into what came out,
by the equations of an LSTM and of a mixture layer, are the weights. What is found is therefore right, for these.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import permutations, product

import numpy as np

from impsy.errors import ModelError
from impsy.model.flatbuffer import File
from impsy.model.operators import elu, sigmoid
from impsy.model.weights import ONE_AND_A_BIT, Dense, Floats, Weights
from impsy.model.wiring import Runs, Wiring

_DRAWS = 4
_TOLERANCE = 1e-4


def recover(network: Runs, wiring: Wiring, file: File) -> Weights:
    """Find the weights of a file that `network` runs; raises `ModelError` where it is made otherwise."""
    spec, constants = wiring.spec, _Constants(file)
    heard, before, said, after = _drawn(network, wiring)
    cells, x = [], heard  # (draws, D)
    for layer in range(spec.layers):
        h, c = before[2 * layer : 2 * layer + 2]  # (draws, U)
        new_h, new_c = after[2 * layer : 2 * layer + 2]
        cells.append(_first(_cells(constants, x, h, c, new_h, new_c), file, f"layer {layer + 1}"))
        x = new_h
    size = spec.mixtures * spec.dimension
    for around in (None, *constants.dense(spec.dimension, size * 2 + spec.mixtures)):
        rest = said if around is None else said - around(heard)
        parts = zip(np.split(rest, [size, 2 * size], axis=1), (_plainly, _widely, _plainly), strict=True)
        found = [next(_fits(constants, x, wanted, shaped), None) for wanted, shaped in parts]
        if all(found):
            means, deviations, logits = (layer for layer in found if layer)
            return Weights(tuple(cells), means, deviations, logits, around)
    raise _unlike(file, "the mixture layer")


def _drawn(network: Runs, wiring: Wiring) -> tuple[Floats, list[Floats], Floats, list[Floats]]:
    """Random interactions and states, and the parameters and states that follow, (draws, ...) each."""
    rng, runs = np.random.default_rng(0), []
    for _ in range(_DRAWS):
        given = {tensor.index: rng.standard_normal(tensor.shape, np.float32) for tensor in network.inputs}
        runs.append((given, network.run(list(given.values()))))
    went_in, came_out = (
        {index: np.stack([run[side][index].ravel() for run in runs]) for index in runs[0][side]} for side in (0, 1)
    )
    before, after = ([side[pair[place]] for pair in wiring.states] for place, side in enumerate((went_in, came_out)))
    return went_in[wiring.interaction], before, came_out[wiring.parameters], after


def _cells(constants: "_Constants", x: Floats, h: Floats, c: Floats, new_h: Floats, new_c: Floats) -> Iterator[Dense]:
    """Every layer that leads from the old states to the new ones."""
    inputs, units = x.shape[1], h.shape[1]
    both = np.concatenate([x, h], axis=1)
    whole = constants.matrices(inputs + units, 4 * units)
    halves = product(constants.matrices(inputs, 4 * units), constants.matrices(units, 4 * units))
    for kernel in (*whole, *map(np.concatenate, halves)):
        for bias in constants.vectors(4 * units):
            gates = np.split(both @ kernel + bias, 4, axis=1)
            for order in permutations(range(4)):
                i, f, g, o = (gates[place] for place in order)
                kept = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                if _same(kept, new_c) and _same(sigmoid(o) * np.tanh(kept), new_h):
                    yield Dense(_ordered(kernel, order), _ordered(bias, order))


def _ordered(weights: Floats, order: tuple[int, ...]) -> Floats:
    parts = np.split(weights, 4, axis=-1)
    return np.concatenate([parts[place] for place in order], axis=-1)


def _fits(constants: "_Constants", x: Floats, wanted: Floats, shaped: Callable[[Floats], Floats]) -> Iterator[Dense]:
    """Every layer whose outputs, shaped, are what is wanted."""
    for layer in constants.dense(x.shape[1], wanted.shape[1]):
        if _same(shaped(layer(x)), wanted):
            yield layer


def _plainly(x: Floats) -> Floats:
    return x


def _widely(x: Floats) -> Floats:
    return elu(x) + np.float32(ONE_AND_A_BIT)


class _Constants:
    """What is in a file, each array once, as matrices and vectors of the shapes that are asked for."""

    def __init__(self, file: File) -> None:
        arrays = [
            array.reshape([length for length in array.shape if length != 1] or [1])
            for graph in file.graphs
            for array in graph.constants.values()
            if array.dtype == np.float32
        ]
        self._distinct = list({(array.shape, array.tobytes()): array for array in arrays}.values())

    def matrices(self, inputs: int, outputs: int) -> list[Floats]:
        """As (inputs, outputs), however they lie in the file."""
        turned = [array.T for array in self._distinct if array.shape == (outputs, inputs)]
        return turned + [array for array in self._distinct if array.shape == (inputs, outputs)]

    def vectors(self, length: int) -> list[Floats]:
        """Zeros first: a converter leaves out what adds nothing."""
        return [np.zeros(length, np.float32), *(array for array in self._distinct if array.shape == (length,))]

    def dense(self, inputs: int, outputs: int) -> list[Dense]:
        """Every kernel with every bias."""
        return [Dense(*pair) for pair in product(self.matrices(inputs, outputs), self.vectors(outputs))]


def _same(one: Floats, other: Floats) -> bool:
    return np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE)


def _first(found: Iterable[Dense], file: File, what: str) -> Dense:
    for layer in found:
        return layer
    raise _unlike(file, what)


def _unlike(file: File, what: str) -> ModelError:
    return ModelError(file.path, f"no weights in it explain what {what} does: it is no LSTM and mixture layer")
