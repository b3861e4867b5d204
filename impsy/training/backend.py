"""Keras and what computes for it, brought in late and quietly: what they print at start is about themselves.

TensorFlow is the back end, or JAX where `KERAS_BACKEND=jax` asks for it; then TensorFlow is not needed.
"""

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
from impsy.errors import ImpsyError, MissingExtra

_BACKENDS = {  # the extra that brings it
    "tensorflow": "train",
    "jax": "jax",
}
_KERAS = ("keras", "keras_mdn_layer")
_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",  # a quarter less time; the same seed still gives the same bytes (tests)
    "GRPC_VERBOSITY": "ERROR",
}


def backend() -> str:
    """`tensorflow` or `jax`; raises `ImpsyError` where the environment asks for another."""
    name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in _BACKENDS:
        raise ImpsyError(f"KERAS_BACKEND is {name}, but impsy trains with {' or '.join(_BACKENDS)}")
    return name


def check_backend() -> None:
    """Raise `MissingExtra` where what is needed is not installed; imports nothing."""
    name = backend()
    if importlib.util.find_spec(name) is None or any(importlib.util.find_spec(part) is None for part in _KERAS):
        raise MissingExtra(_BACKENDS[name], f"training needs {name} and keras-mdn-layer")


def load_backend() -> None:
    """Import Keras and its back end; raises `MissingExtra` where they are not installed."""
    check_backend()
    os.environ.update({"KERAS_BACKEND": backend()} | _SETTINGS)
    with hushed():
        for name in (backend(), *_KERAS):
            importlib.import_module(name)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)


def on_gpu() -> bool:
    """Whether a GPU learns; after `load_backend`."""
    if backend() == "jax":
        import jax

        return bool(jax.default_backend() != "cpu")
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def device() -> str:
    """What learns, for people; after `load_backend`."""
    return f"{backend()} on the {'GPU' if on_gpu() else 'CPU'}"


def versions() -> dict[str, str]:
    """Of all that has a say in which weights come out."""
    packages = ("numpy", "keras", "keras-mdn-layer", backend())
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
