"""Learning further: a network takes over the weights of a model that is there, in whatever kind of file."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from impsy.errors import ModelError
from impsy.model.weights import Weights
from impsy.training.convert import read_source
from impsy.training.network import Network


def read_weights(path: Path, dimension: int) -> Weights:
    """The weights in a `.keras`, an `.h5` or a `.tflite`; raises `ModelError`, also for another dimension."""
    weights = read_source(path).weights
    if weights.spec.dimension != dimension:
        raise ModelError(path, f"has dimension {weights.spec.dimension}, but the dataset has {dimension}")
    return weights


def taken_over(network: Network, weights: Weights) -> Network:
    """The network, with these weights; units that were set stay set if they are so in the model too, else all learn."""
    fresh = [weight.numpy() for weight in network.weights]
    for layer, cell in zip(network.recurrent, weights.cells, strict=True):
        inputs = len(cell.kernel) - weights.spec.units
        layer.set_weights([cell.kernel[:inputs], cell.kernel[inputs:], cell.bias])
    mixture = network.mixture
    parts = (
        (mixture.mdn_mus, weights.means),
        (mixture.mdn_sigmas, weights.deviations),
        (mixture.mdn_pi, weights.logits),
    )
    for layer, part in parts:
        layer.set_weights([part.kernel, part.bias])
    around = weights.around
    network.around.set_weights(
        [around.kernel, around.bias] if around else [np.zeros_like(weight) for weight in network.around.get_weights()]
    )
    same = all(
        np.array_equal(old[learns == 0], new.numpy()[learns == 0])
        for old, new, learns in zip(fresh, network.weights, network.learns, strict=True)
    )
    return network if same else replace(network, learns=tuple(np.ones_like(learns) for learns in network.learns))
