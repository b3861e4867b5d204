"""Model files: the `.keras` of one step, the `.tflite` that performs (formats §4), and the card that tells of both.

The two are written aside, run side by side for 50 steps, and loaded as `impsy run` would, before any is handed out.
"""

import json
import re
import zipfile
from pathlib import Path

import numpy as np

from impsy.core.predictor import ModelSpec
from impsy.data.files import make_way, written_whole
from impsy.errors import ModelError
from impsy.model.agreement import Step, agree, difference, played
from impsy.model.card import Card, Learning, encode_card, now
from impsy.model.litert import LiteRtPredictor, file_hash
from impsy.model.names import model_name
from impsy.model.single_step import single_step
from impsy.model.weights import Dense, Weights
from impsy.training.backend import hushed, versions
from impsy.training.keras_files import steps_of
from impsy.training.network import Network


def export(network: Network, folder: Path, learning: Learning | None = None) -> tuple[Path, Path]:
    """Write the `.keras`, the `.tflite` and their card into `folder`; older ones are renamed after their date.

    Raises `ModelError`.
    """
    name = model_name(network.spec)
    keras_path, lite_path, card_path = (folder / f"{name}{suffix}" for suffix in (".keras", ".tflite", ".json"))
    try:
        with (
            written_whole(card_path) as card_part,
            written_whole(keras_path) as keras_part,
            written_whole(lite_path) as lite_part,
        ):
            with hushed():
                model = network.inference_model()
                model.save(keras_part)
            _without_circumstance(keras_part)
            write_lite(lite_part, weights_of(network), steps_of(model))
            files = {path.name: file_hash(path) for path in (keras_part, lite_part)}
            card = Card(name, now(), network.spec, files, versions(), training=learning)
            card_part.write_bytes(encode_card(card))
            make_way(lite_path, keras_path, card_path)
    except OSError as error:
        raise ModelError(folder / name, f"cannot be written: {error.strerror or error}") from error
    return keras_path, lite_path


def _without_circumstance(path: Path) -> None:
    """Write a `.keras` again without times and addresses in memory: the same weights give the same bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    metadata.pop("date_saved", None)
    numbers: dict[str, int] = {}  # of what Keras knows by its address
    config = re.sub(
        r'(?<="shared_object_id": )\d+',
        lambda found: str(numbers.setdefault(found[0], len(numbers))),
        members["config.json"].decode(),
    )
    members |= {"metadata.json": json.dumps(metadata).encode(), "config.json": config.encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def weights_of(network: Network) -> Weights:
    """The weights of a network as they are now."""
    cells = []
    for layer in network.recurrent:
        kernel, recurrent, bias = layer.get_weights()
        cells.append(Dense(np.concatenate([kernel, recurrent]), bias))
    mixture = network.mixture
    parts = (mixture.mdn_mus, mixture.mdn_sigmas, mixture.mdn_pi, network.around)
    return Weights(tuple(cells), *(Dense(*layer.get_weights()) for layer in parts))


def write_lite(path: Path, weights: Weights, original: Step | None, *, half: bool = False) -> float:
    """Write a `.tflite` and return how far it is from the `original`, or, without one, from the equations.

    With `half`, weights are kept as 16-bit floats, and it is as far from it as that makes it. Raises `ModelError`
    where it is further than rounding explains, and `OSError`.
    """
    spec = weights.spec
    if original is not None:
        _check(path, weights.step, original, spec, "its weights do not say what the original says")
    path.write_bytes(single_step(weights, half=half))
    predictor = LiteRtPredictor(path)
    if predictor.spec != spec:
        raise ModelError(path, f"reads as {predictor.spec}, but {spec} was written")
    if half:
        return difference(played(predictor), original or weights.step, spec)
    return _check(path, played(predictor), original or weights.step, spec, "does not say what the original says")


def _check(path: Path, one: Step, other: Step, spec: ModelSpec, trouble: str) -> float:
    found = difference(one, other, spec)
    if not agree(found, one, other, spec):
        raise ModelError(path, f"{trouble}: {found:.2g} apart")
    return found
