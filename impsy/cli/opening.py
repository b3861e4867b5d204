"""A model of any kind, ready to play: one that is no `.tflite` that LiteRT runs is converted first, in a child process.

So Keras and TensorFlow never enter the process that plays, and the memory that they took is free again.
"""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import click

from impsy.errors import MissingExtra, ModelError
from impsy.model.litert import LiteRtPredictor
from impsy.model.network import NeedsConversion
from impsy.processes import environment


def open_model(path: Path) -> tuple[LiteRtPredictor, str | None]:
    """A predictor, and what there is to say of how it was made; raises `ModelError`."""
    try:
        return LiteRtPredictor(path), None
    except NeedsConversion as refusal:
        start = time.perf_counter()
        predictor = _converted(path, refusal)
        seconds = time.perf_counter() - start
        return predictor, f"{path} was converted in {seconds:.1f} s; `impsy convert {path}` does it once and for all"


def open_and_tell(path: Path) -> LiteRtPredictor:
    """A predictor; whether it had to be converted is said."""
    predictor, note = open_model(path)
    if note:
        click.echo(f"note       {note}", err=True)
    return predictor


def _converted(path: Path, refusal: NeedsConversion) -> LiteRtPredictor:
    if path.suffix != ".tflite" and find_spec("keras_mdn_layer") is None:
        why = MissingExtra("train", "")
        raise ModelError(
            path, f"{refusal.what}, on a machine with the extra train, or install it here: {why.install}"
        ) from refusal
    import subprocess  # only such a model needs them
    import tempfile

    if path.suffix == ".keras":
        click.echo(f"converting {path}: some seconds, for Keras has to start", err=True)
    with tempfile.TemporaryDirectory(prefix="impsy-") as folder:
        made = Path(folder) / "model.tflite"
        command = [sys.executable, "-m", "impsy", "convert", str(path), "-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
        if done.returncode:
            told = done.stderr.strip().splitlines() or ["it ended without a word"]
            raise ModelError(path, f"cannot be converted: {told[-1].removeprefix('impsy: ')}") from refusal
        return LiteRtPredictor(made)
