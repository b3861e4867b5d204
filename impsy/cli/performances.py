"""What a command is to judge by, or to go on from: the performances of a dataset or a log."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.left_out import tell_left_out
from impsy.errors import FileError, ImpsyError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from impsy.core.predictor import Predictor
    from impsy.evaluation.baselines import Take
    from impsy.evaluation.hearing import Performances


def read_performances(path: Path) -> "Sequence[NDArray[np.floating]]":
    """The performances of a dataset (.npz), or the performer's rows of a log; raises `FileError`."""
    from impsy.data.datasets import load_dataset
    from impsy.data.logs import log_dimension, read_log

    if path.suffix == ".npz":
        return load_dataset(path).performances
    if path.is_dir():
        raise FileError(path, f"is a folder; of its logs `impsy dataset -S {path}` makes a dataset")
    dimension = log_dimension(path.name)
    if dimension is None or dimension < 2:
        raise FileError(path, "is neither a dataset (.npz) nor a log (…-<dimension>d-mdrnn.log)")
    reading = read_log(path, dimension - 1)
    tell_left_out(reading)
    if not len(reading.rows):
        raise FileError(path, "holds nothing that a performer played")
    return [reading.rows]


def read_takes(path: Path, max_dt: float) -> "Performances":
    """What can be scored in it: the takes of each performance that has any; raises `FileError` where none has."""
    return list(numbered_takes(path, max_dt).values())


def numbered_takes(path: Path, max_dt: float) -> "dict[int, Sequence[Take]]":
    """The same, by the numbers of performances in the file, counted from 0."""
    from impsy.evaluation.listening import takes

    cut = {number: takes(performance, max_dt) for number, performance in enumerate(read_performances(path))}
    found: dict[int, Sequence[Take]] = {number: kept for number, kept in cut.items() if kept}
    if not found:
        raise FileError(path, f"holds nothing to score: two interactions within {max_dt:g} s of each other are needed")
    return found


def load_models(paths: Sequence[Path], dimension: int) -> "dict[str, Predictor]":
    """Models by their paths; raises `ModelError`, and `ImpsyError` for one of another dimension than the data."""
    from impsy.cli.opening import open_and_tell

    models: dict[str, Predictor] = {}
    for path in paths:
        models[str(path)] = predictor = open_and_tell(path)
        if predictor.spec.dimension != dimension:
            raise ImpsyError(f"{path} has dimension {predictor.spec.dimension}, but the data has {dimension}")
    return models


def notes_on(models: Sequence[Path], data: Path) -> list[str]:
    """What has to be known of a judgement: a line for each model that learned from the dataset it is judged by.

    A card that cannot be read is a line, too. Raises `FileError` where the dataset cannot be.
    """
    from impsy.data.datasets import load_dataset
    from impsy.model.card import card_path, read_card
    from impsy.model.litert import file_hash
    from impsy.training.run_folder import hash_of

    notes: list[str] = []
    carded = [path for path in dict.fromkeys(models) if card_path(path).exists()] if data.suffix == ".npz" else []
    data_hash = hash_of(load_dataset(data)) if carded else ""
    for path in carded:
        try:
            card = read_card(path, file_hash(path))
        except FileError as error:
            notes.append(str(error))
            continue
        if card is not None and card.training is not None and card.training.data_sha256 == data_hash:
            share = f"{card.training.learned:,} of the {card.training.interactions:,} interactions"
            notes.append(f"{path} learned from {share} in {data}: judge it by what it never heard")
    return notes


def tell_notes(notes: Sequence[str]) -> None:
    """Say them, each on a line."""
    for note in notes:
        click.echo(f"note       {note}", err=True)


def tell_listening(name: str) -> None:
    """Say whose turn it is."""
    click.echo(f"listening  {name}", err=True)
