"""What model files and the tensors in them are called, and the sizes that have a name (formats §4)."""

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


def model_name(spec: ModelSpec) -> str:
    """The name of a model without its suffix.

    >>> model_name(ModelSpec(dimension=9, layers=2, units=64, mixtures=5))
    'musicMDRNN-dim9-layers2-units64-mixtures5-scale10'
    """
    return f"musicMDRNN-dim{spec.dimension}-layers{spec.layers}-units{spec.units}-mixtures{spec.mixtures}-scale10"


def state_names(spec: ModelSpec) -> list[str]:
    """The names of the states, in their order.

    >>> state_names(ModelSpec(dimension=9, layers=2, units=64, mixtures=5))
    ['state_h_0', 'state_c_0', 'state_h_1', 'state_c_1']
    """
    return [f"state_{kind}_{layer}" for layer in range(spec.layers) for kind in "hc"]
