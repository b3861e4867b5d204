"""Keras and TensorFlow, brought in late and quietly: what they print at start is about themselves."""

import importlib.util
import logging
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from impsy import __version__
from impsy.errors import MissingExtra

_NEEDED = ("tensorflow", "keras", "keras_mdn_layer")
_SETTINGS = {
    "KERAS_BACKEND": "tensorflow",  # the training step and the export are written for it
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # its order of additions changes from run to run: a seed would not be enough
    "GRPC_VERBOSITY": "ERROR",
}


def check_backend() -> None:
    """Raise `MissingExtra` where what is needed is not installed; imports nothing."""
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        raise MissingExtra("train", "training needs TensorFlow and Keras")


def load_backend() -> None:
    """Import Keras and TensorFlow; raises `MissingExtra` where they are not installed."""
    check_backend()
    os.environ.update(_SETTINGS)
    with hushed():
        for name in _NEEDED:
            importlib.import_module(name)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)


def versions() -> dict[str, str]:
    """Of all that has a say in which weights come out."""
    packages = ("numpy", "keras", "keras-mdn-layer", "tensorflow")
    return {
        "impsy": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


@contextmanager
def hushed() -> Iterator[None]:
    """Keep what libraries write to standard error, C++ included, from the terminal; an exception lets it out."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as kept, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except Exception:
            kept.seek(0)
            os.write(terminal, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
