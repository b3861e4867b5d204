"""Windows that are a little other each time they are learned from.

**Heard with noise.** A model that plays alone hears what it has drawn itself, which never lies on the grid of a
controller quite as a performer's values do. One that was taught without noise takes every tremble for a movement, and
soon moves all controls at once.

**More playing out of little.** What is learned is how controls move and in what time, so each window may be played
faster or slower, from a place nearby, and some of its controls upside down. That suits continuous controls; where a
place has a meaning of its own, as that of a switch or of a note has, it teaches what nobody played. So it is off unless
it is asked for.
"""

from dataclasses import replace

import numpy as np

from impsy.model.litert import SCALE
from impsy.training.lessons import Batch

_STRETCH = 1.25  # at most so many times slower, or faster
_AWAY = 0.02  # of the range: how far a control is moved at most
_MIRRORED = 0.25  # the share of controls that are turned upside down


def noisy(batch: Batch, noise: float, rng: np.random.Generator) -> Batch:
    """The same, its controls heard with a deviation of `noise`, of their range; what is foreseen stays clean."""
    inputs = batch.inputs.copy()
    inputs[..., 1:] += np.float32(SCALE * noise) * rng.standard_normal(inputs[..., 1:].shape, np.float32)
    return replace(batch, inputs=inputs)


def augmented(batch: Batch, rng: np.random.Generator) -> Batch:
    """The windows of a batch, changed: each as a whole, so that what follows from what stays as it is."""
    lanes, _, dimension = batch.inputs.shape
    scale, offset = np.ones((lanes, 1, dimension)), np.zeros((lanes, 1, dimension))
    scale[:, 0, 0] = np.exp(rng.uniform(-np.log(_STRETCH), np.log(_STRETCH), lanes))
    mirrored = rng.random((lanes, dimension - 1)) < _MIRRORED
    away = rng.uniform(-_AWAY, _AWAY, (lanes, dimension - 1))
    scale[:, 0, 1:] = np.where(mirrored, -1.0, 1.0)
    offset[:, 0, 1:] = SCALE * (away + mirrored)
    highest = np.full(dimension, SCALE)
    highest[0] = np.inf
    inputs, targets = (
        np.clip(part * scale + offset, 0.0, highest).astype(np.float32) for part in (batch.inputs, batch.targets)
    )
    return replace(batch, inputs=inputs, targets=targets)
