"""Which tensor of a network is which: guessed by signature and shape, and verified by running it.

A model file has an input for the interaction, two state inputs per LSTM layer, an output of mixture parameters and
two new states per layer (formats §4). A signature may name them, but names and order depend on the converter, and the
shapes usually tell states from the rest; where neither does, each tensor is tried. The equations of an LSTM tell which
state is which, and whether the guess was right:

    c' = f · c + i · g        h' = o · tanh(c')        with f, i, o in (0, 1) and g in (-1, 1)

- Only a cell state lets a large value through: whatever else goes in, |c'| ≤ |c| + 1 and |h'| < 1. So a huge c shows
  at exactly one output, its own c'; and a state that shows nowhere is an h.
- |h'| ≤ |tanh c'| elementwise, with equal signs, tells which h' belongs to which c'.
- A state reaches the outputs of its own layer and of those above it, which orders the layers, and the two states of
  a layer reach the same outputs, which pairs h with c.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from impsy.core.predictor import ModelSpec
from impsy.errors import ModelError
from impsy.model.network import Tensor

_STATE = re.compile(r"state_[hc]_?[0-9]+|^lstm_[0-9]+(_1)?$")  # the first also within a longer name
_HUGE = 1e4  # times a forget gate of 0.001 it is still far above what any other output can be
_SMALL = 1.5  # |c'| of a cell that was empty, and |h'|, stay below
_ROUNDING = 1e-5
_PROBES = 16


class Runs(Protocol):
    """A function of tensors that comes from a file, such as a `Network`."""

    path: Path
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def run(self, values: Sequence[NDArray[np.float32]]) -> dict[int, NDArray[np.float32]]:
        """All outputs by index, for values in the order of `inputs`."""
        ...


class Wiring(Struct, frozen=True):
    """Tensor indices; `states` holds (in, out) of h and c for each layer, the lowest first."""

    spec: ModelSpec
    interaction: int
    parameters: int
    states: tuple[tuple[int, int], ...]


def find_wiring(network: Runs) -> Wiring:
    """Tell the tensors of a network apart; raises `ModelError` where it is no MDRNN of LSTM layers."""
    refusals = []
    for interaction in _candidates(network.inputs):
        for parameters in _candidates(network.outputs):
            try:
                return _verified(network, interaction, parameters)
            except ModelError as error:
                refusals.append(error)
    raise refusals[0] if refusals else _no_model(network)


def _candidates(tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """Which tensors may be no state, the likeliest first: by its name, by its shape, or else any."""
    counts = Counter(tensor.shape for tensor in tensors)
    by_name = [tensor for tensor in tensors if tensor.name and not _STATE.search(tensor.name)]
    by_shape = [tensor for tensor in tensors if counts[tensor.shape] == 1]
    alone = [found[0] for found in (by_name, by_shape) if len(found) == 1]
    return list(dict.fromkeys(alone)) or list(tensors)


def _verified(network: Runs, interaction: Tensor, parameters: Tensor) -> Wiring:
    states_in = [tensor for tensor in network.inputs if tensor is not interaction]
    states_out = [tensor for tensor in network.outputs if tensor is not parameters]
    shapes = {tensor.shape for tensor in (*states_in, *states_out)}
    if len(shapes) != 1 or len(states_in) % 2 or len(states_in) != len(states_out):
        raise _no_model(network)
    spec = _spec(network, interaction, parameters, states_in)
    pairs = _Probed(network, interaction, states_in, states_out).pairs()
    return Wiring(spec, interaction.index, parameters.index, pairs)


def _no_model(network: Runs) -> ModelError:
    return ModelError(
        network.path,
        "no impsy model: it needs the interaction and two equal states per layer as inputs, the parameters and as many "
        f"states as outputs; found {_shapes(network)}",
    )


def _spec(network: Runs, interaction: Tensor, parameters: Tensor, states: list[Tensor]) -> ModelSpec:
    dimension, units = interaction.shape[-1], states[0].shape[-1]
    mixtures, left_over = divmod(parameters.shape[-1], 2 * dimension + 1)
    singles = chain.from_iterable(tensor.shape[:-1] for tensor in (interaction, parameters, states[0]))
    if dimension < 2 or mixtures < 1 or left_over or any(size != 1 for size in singles):
        raise ModelError(
            network.path,
            f"its shapes fit no mixture: with D inputs there must be K·(2D + 1) parameters; found {_shapes(network)}",
        )
    return ModelSpec(dimension, len(states) // 2, units, mixtures)


def _shapes(network: Runs) -> str:
    def listed(tensors: Iterable[Tensor]) -> str:
        return ", ".join(str(tensor.shape) for tensor in tensors) or "none"

    return f"inputs {listed(network.inputs)} and outputs {listed(network.outputs)}"


class _Probed:
    """What a network answers when its states are moved one by one, and when all of them are drawn at random."""

    def __init__(self, network: Runs, interaction: Tensor, states_in: list[Tensor], states_out: list[Tensor]) -> None:
        self.path = network.path
        self.outs = [tensor.index for tensor in states_out]
        rng = np.random.default_rng(0)
        quiet = {t.index: np.zeros(t.shape, np.float32) for t in network.inputs}
        quiet[interaction.index] = rng.random(interaction.shape, np.float32)
        before = network.run(list(quiet.values()))
        self.moved = {}
        for tensor in states_in:
            moved = quiet | {tensor.index: np.full(tensor.shape, _HUGE, np.float32)}
            self.moved[tensor.index] = network.run(list(moved.values()))
        self.reach = {
            state: frozenset(out for out in self.outs if not np.array_equal(after[out], before[out]))
            for state, after in self.moved.items()
        }
        drawn = [
            network.run([rng.standard_normal(t.shape, np.float32) for t in network.inputs]) for _ in range(_PROBES)
        ]
        self.drawn = {out: np.concatenate([answer[out].ravel() for answer in drawn]) for out in self.outs}

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(in, out) of h and c, layer by layer from the lowest."""
        cells = {state: large for state in self.moved if (large := self._large(state))}
        if any(len(large) != 1 for large in cells.values()) or 2 * len(cells) != len(self.moved):
            raise self._unlike("a large cell state must come out as one large cell state")
        hidden = [state for state in self.moved if state not in cells]
        pairs: list[tuple[int, int]] = []
        for cell in sorted(cells, key=lambda state: -len(self.reach[state])):
            (cell_out,) = cells[cell]
            partner = self._partner(cell, hidden)
            hidden.remove(partner)
            pairs += [(partner, self._squashed(cell_out)), (cell, cell_out)]
        if sorted(out for _, out in pairs) != sorted(self.outs):
            raise self._unlike("each layer must have a state h and a cell state c of its own")
        return tuple(pairs)

    def _large(self, state: int) -> list[int]:
        after = self.moved[state]
        return [out for out in self.outs if np.abs(after[out]).max() > _SMALL]

    def _partner(self, cell: int, hidden: list[int]) -> int:
        """The h that goes in beside `cell`: it reaches the same outputs, or, in a network of zeros, none at all."""
        for wanted in (self.reach[cell], frozenset()):
            for state in hidden:
                if self.reach[state] == wanted:
                    return state
        raise self._unlike("h and c of a layer must reach the same outputs")

    def _squashed(self, cell_out: int) -> int:
        """The h' that is an open share of tanh c' in every probe."""
        bound = np.tanh(self.drawn[cell_out])
        found = [out for out in self.outs if out != cell_out and _is_share(self.drawn[out], bound)]
        if len(found) != 1:
            raise self._unlike(f"one new state must be a share of tanh c'; {len(found)} are")
        return found[0]

    def _unlike(self, what: str) -> ModelError:
        return ModelError(self.path, f"its states are not those of LSTM layers: {what}")


def _is_share(values: NDArray[np.float32], bound: NDArray[np.float32]) -> bool:
    return bool(np.all(np.abs(values) <= np.abs(bound) + _ROUNDING) and np.all(values * bound >= -_ROUNDING))
