"""Make the models that the benchmarks play, all of size s and dimension 9: `python benchmarks/models.py FOLDER`.

- random.tflite     fresh weights, as training begins with
- hold-5ms.tflite   whatever it hears, it predicts the same controls again, after 5 ms (with sigmatemp 0: exactly)
- hold-20ms.tflite  the same after 20 ms

They are written by impsy's own exporter, which needs the `train` extra; the files can be carried to a machine without.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from harness import DIMENSION

from impsy.core.predictor import ModelSpec
from impsy.model.litert import SCALE
from impsy.training.backend import load_backend
from impsy.training.export import export
from impsy.training.lessons import joined
from impsy.training.network import Network, build

SPEC = ModelSpec(DIMENSION, layers=2, units=64, mixtures=5)
HOLDS = {"hold-5ms": 0.005, "hold-20ms": 0.020}
NEARLY_NOTHING = 1e-12  # a zero could be optimised away, and with it a part of the work


def random_network() -> Network:
    """A network as training begins with."""
    import keras

    keras.utils.set_random_seed(1)
    performance = np.random.default_rng(1).random((100, DIMENSION), np.float32)
    return build(SPEC, joined([performance], [performance]), np.random.default_rng(1))


def hold(network: Network, dt: float) -> None:
    """Make it predict `dt` seconds and, by its way around the layers that learn, the controls that it heard."""
    means = np.zeros((SPEC.mixtures, SPEC.dimension), np.float32)
    means[:, 0] = dt * SCALE
    biases = {"mdn_mus": means.ravel(), "mdn_sigmas": np.full(means.size, -20.0), "mdn_pi": np.zeros(SPEC.mixtures)}
    for name, bias in biases.items():
        layer = getattr(network.mixture, name)
        kernel, _ = layer.get_weights()
        layer.set_weights([NEARLY_NOTHING * kernel, bias])


def write(network: Network, path: Path) -> None:
    """Export, and keep the part that performs."""
    with tempfile.TemporaryDirectory() as folder:
        _, lite = export(network, Path(folder))
        path.write_bytes(lite.read_bytes())


def main() -> None:
    """Make all three."""
    load_backend()
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(random_network(), folder / "random.tflite")
    for name, dt in HOLDS.items():
        network = random_network()
        hold(network, dt)
        write(network, folder / f"{name}.tflite")


if __name__ == "__main__":
    main()
