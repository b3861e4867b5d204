"""Whether two models say the same, step by step, each going on from its own states.

A network may amplify whatever differs, as playing does that never comes to rest: then rounding alone drives two
calculations of the same weights apart, and what counts is whether each step says the same from the same states.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from impsy.core.predictor import ModelSpec, Predictor
from impsy.model.litert import SCALE
from impsy.model.weights import Floats
from impsy.model.wiring import Runs, Wiring

STEPS = 50
TOLERANCE = 1e-4  # of what is said, or of 1 where that is less

# A step in the network's units: an interaction (D,) and the states (U,) -> the parameters (P,) and the new states
Step: TypeAlias = Callable[[Floats, Sequence[Floats]], tuple[Floats, list[Floats]]]


def difference(one: Step, other: Step, spec: ModelSpec, *, together: bool = False) -> float:
    """The largest difference of a parameter or state over `STEPS` random interactions, as a share of it or of 1.

    With `together`, both go on from the states of the `other`.
    """
    rng, worst = np.random.default_rng(0), 0.0
    ours = theirs = [np.zeros(spec.units, np.float32)] * (2 * spec.layers)
    for _ in range(STEPS):
        interaction = (rng.random(spec.dimension) * SCALE).astype(np.float32)
        (said, ours), (answered, theirs) = one(interaction, theirs if together else ours), other(interaction, theirs)
        for left, right in zip((said, *ours), (answered, *theirs), strict=True):
            share = np.abs(left - right) / np.maximum(1.0, np.abs(right))
            worst = max(worst, float(np.max(np.where(np.isfinite(share), share, np.inf))))
    return worst


def agree(found: float, one: Step, other: Step, spec: ModelSpec) -> bool:
    """Whether rounding explains that they are so far apart, the difference that was `found`."""
    return found <= TOLERANCE or difference(one, other, spec, together=True) <= TOLERANCE


def played(predictor: Predictor) -> Step:
    """The steps of a predictor, as `impsy run` plays it."""

    def step(interaction: Floats, states: Sequence[Floats]) -> tuple[Floats, list[Floats]]:
        mixture, after = predictor.step(interaction / SCALE, tuple(state[np.newaxis] for state in states))
        parts = (mixture.means.ravel() * SCALE, mixture.deviations.ravel() * SCALE, mixture.logits)
        return np.concatenate(parts), [np.asarray(state).ravel() for state in after]

    return step


def run_by(network: Runs, wiring: Wiring) -> Step:
    """The steps of a file."""

    def step(interaction: Floats, states: Sequence[Floats]) -> tuple[Floats, list[Floats]]:
        given = {wiring.interaction: interaction}
        given |= {pair[0]: state for pair, state in zip(wiring.states, states, strict=True)}
        said = network.run([given[tensor.index].reshape(tensor.shape) for tensor in network.inputs])
        return said[wiring.parameters].ravel(), [said[index].ravel() for _, index in wiring.states]

    return step
