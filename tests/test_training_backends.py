"""Back ends: TensorFlow and JAX learn the same, and whatever else the environment asks for is refused."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from impsy.errors import ImpsyError, MissingExtra
from impsy.training.backend import backend, check_backend

LEARN = """
import json, sys
import numpy as np
from impsy.data.datasets import Dataset
from impsy.training.fit import Recipe
from impsy.training.train import train
from pathlib import Path

class Told:
    def started(self, run):
        self.device = run.device
    def epoch(self, epoch):
        self.last = epoch
    def learned(self):
        pass

phase = np.arange(600) * 0.1
rows = np.column_stack([np.full(600, 0.025), 0.5 + 0.3 * np.cos(phase), 0.5 + 0.3 * np.sin(phase)]).astype(np.float32)
told = Told()
trained = train(Dataset((rows, rows[::-1]), 3), "xxs", Recipe(epochs=4), Path(sys.argv[1]), 1, told)
print(json.dumps([told.device, told.last.loss, told.last.held_out, trained.lite_path.exists()]))
"""


@pytest.mark.slow
def test_jax_learns_what_tensorflow_learns(tmp_path: Path) -> None:
    for name in ("tensorflow", "jax", "keras_mdn_layer"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    tensorflow, jax = (_learned(tmp_path / name, name) for name in ("tensorflow", "jax"))

    assert (tensorflow[0].split()[0], jax[0].split()[0]) == ("tensorflow", "jax")
    assert tensorflow[1:3] == pytest.approx(jax[1:3], abs=1.0)  # each draws its own first weights
    assert tensorflow[3]
    assert jax[3]


def test_another_back_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")

    with pytest.raises(ImpsyError, match="KERAS_BACKEND is torch, but impsy trains with tensorflow or jax"):
        backend()


@pytest.mark.skipif(find_spec("jax") is not None, reason="JAX is installed")
def test_the_extra_that_brings_jax_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")

    with pytest.raises(MissingExtra, match=r"\[jax\]"):
        check_backend()


def _learned(folder: Path, name: str) -> list[object]:
    command, there = [sys.executable, "-c", LEARN, str(folder)], os.environ | {"KERAS_BACKEND": name}
    done = subprocess.run(command, env=there, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: list[object] = json.loads(done.stdout.splitlines()[-1])
    return told
