"""Training: a dataset in, two model files out."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from impsy.core.predictor import ModelSpec
from impsy.data.datasets import Dataset
from impsy.model.names import MIXTURES, SIZES
from impsy.training.backend import hushed, load_backend
from impsy.training.export import export
from impsy.training.fit import Checkpoint, Epoch, Recipe, fit
from impsy.training.lessons import prepare
from impsy.training.network import build


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out."""

    keras_path: Path
    lite_path: Path
    best: Epoch
    learned: int  # interactions
    held_out: int  # interactions


def train(
    dataset: Dataset, size: str, recipe: Recipe, folder: Path, seed: int, tell: Callable[[Epoch], None]
) -> Trained:
    """Train a network of a size of formats §4 and export it into `folder`; the same seed gives the same weights.

    Raises `NotEnoughData` before anything heavy is imported, `MissingExtra` and `ModelError`.
    """
    rng = np.random.default_rng(seed)
    lessons = prepare(dataset.performances, rng)
    load_backend()
    import keras
    import tensorflow as tf

    units, layers = SIZES[size]
    with hushed():
        random.seed(seed)
        keras.utils.set_random_seed(seed)
        tf.config.experimental.enable_op_determinism()
        network = build(ModelSpec(dataset.dimension, layers, units, MIXTURES), lessons, rng)
    reached = fit(network, lessons, recipe, rng, tell, lambda _: None, Checkpoint())
    keras_path, lite_path = export(network, folder)
    sizes = (sum(map(len, lessons.phrases(spans))) for spans in (lessons.learned, lessons.held_out))
    return Trained(keras_path, lite_path, reached.best, *sizes)
