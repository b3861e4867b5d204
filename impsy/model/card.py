"""The card of a model: `<name>.json` beside its files, which tells people, and programs, where it comes from.

Files are known by their SHA-256, so a card that was left behind by another model is not taken for this one's.
"""

from datetime import datetime
from pathlib import Path

import msgspec

from impsy.core.predictor import ModelSpec
from impsy.errors import FileError
from impsy.model.litert import file_hash

_MOST = 1 << 20  # bytes; a card has one or two thousand


class Learning(msgspec.Struct, frozen=True):
    """How a model was trained, and what it scored on what was held out."""

    data: str  # the dataset, as it was named
    data_sha256: str  # of its numbers, in whatever file they lie
    interactions: int
    minutes: float
    size: str
    recipe: dict[str, bool | int | float | str | None]
    seed: int
    learned: int  # interactions
    held_out: int  # interactions
    held_out_nats: float  # per interaction held out, by the judge; lower is better
    epochs: int
    best_epoch: int  # whose weights these are
    seconds: float
    held_out_nats_dt: float | None = None  # of its dt alone
    sigmatemp: float | None = None  # of those tried, the one at which it plays most like what was held out


class Conversion(msgspec.Struct, frozen=True):
    """How a file was made of another one."""

    source: str  # as it was named
    source_sha256: str
    weights: str  # float32 or float16
    compared_with: str
    difference: float  # at most, over the steps compared


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a model."""

    name: str
    made: str  # ISO 8601, local time
    shape: ModelSpec
    files: dict[str, str]  # name: SHA-256
    versions: dict[str, str]
    training: Learning | None = None
    conversion: Conversion | None = None


def now() -> str:
    """When a card is made."""
    return datetime.now().isoformat(timespec="seconds")


def card_path(model: Path) -> Path:
    """Where the card of a model file lies."""
    return model.with_suffix(".json")


def encode_card(card: Card) -> bytes:
    """The card as a file, for people too."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"


def read_card(model: Path, sha256: str) -> Card | None:
    """The card of a model file with that hash; None where there is none, or only another model's.

    Raises `FileError` where there is one that cannot be read.
    """
    path = card_path(model)
    try:
        with path.open("rb") as file:
            card = msgspec.json.decode(file.read(_MOST), type=Card)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    except msgspec.MsgspecError as error:
        raise FileError(path, f"is no card of a model: {error}") from error
    return card if sha256 in card.files.values() else None


def liveliest(model: Path) -> float | None:
    """The sigma temperature at which a model plays most like its performer, where a card of it says so.

    Raises `FileError` where there is a card that cannot be read.
    """
    if not card_path(model).exists():
        return None
    card = read_card(model, file_hash(model))
    return card.training.sigmatemp if card is not None and card.training is not None else None
