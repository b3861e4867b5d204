"""What model files are called, and the sizes that have a name (formats §4)."""

import re

from impsy.core.predictor import ModelSpec

SIZES = {  # (units, layers)
    "xxs": (16, 2),
    "xs": (32, 2),
    "s": (64, 2),
    "m": (128, 2),
    "l": (256, 2),
    "xl": (512, 3),
}
MIXTURES = 5  # of every named size

_NAME = re.compile(r"musicMDRNN-dim(\d{1,6})-layers(\d{1,6})-units(\d{1,6})-mixtures(\d{1,6})-scale10")


def model_name(spec: ModelSpec) -> str:
    """The name of a model without its suffix.

    >>> model_name(ModelSpec(dimension=9, layers=2, units=64, mixtures=5))
    'musicMDRNN-dim9-layers2-units64-mixtures5-scale10'
    """
    return f"musicMDRNN-dim{spec.dimension}-layers{spec.layers}-units{spec.units}-mixtures{spec.mixtures}-scale10"


def parse_name(name: str) -> ModelSpec | None:
    """What a file or model name says, whatever comes behind it; None where it says nothing.

    >>> parse_name("musicMDRNN-dim9-layers2-units64-mixtures5-scale10.tflite")
    ModelSpec(dimension=9, layers=2, units=64, mixtures=5)
    """
    found = _NAME.match(name)
    return ModelSpec(*map(int, found.groups())) if found else None


def size_of(spec: ModelSpec) -> str | None:
    """The named size of a model, or None where it has one of its own."""
    return next((size for size, shape in SIZES.items() if shape == (spec.units, spec.layers)), None)
