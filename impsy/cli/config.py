"""`impsy config`: what a configuration says, and what is wrong with it, without playing."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.wishes import EPILOG, takes_wishes

if TYPE_CHECKING:
    from impsy.cli.stage import Stage
    from impsy.config.load import LoadedConfig
    from impsy.config.schema import Config


@click.group()
def command() -> None:
    """Check a configuration, or show what holds."""


@command.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Tell all that is wrong with each FILE, or with what `impsy run` would play; ends with 1 if anything is."""
    checked = [_check(file) for file in files or (None,)]
    sys.exit(0 if all(checked) else 1)


def _check(file: Path | None) -> bool:
    """Whether it can be played; the model that it names is looked at, too."""
    from impsy.cli.stage import read_config, set_stage
    from impsy.config.notes import notes_on

    loaded = read_config(file)
    config, stage, problems = set_stage(loaded, {}, None, None)
    for problem in problems:
        where = "" if problem.startswith(loaded.source) else f"{loaded.source}: "
        click.echo(f"wrong      {where}{problem}")
    controls = stage.predictor.spec.controls if stage else None
    for note in (*loaded.notes, *(() if problems else notes_on(config, controls))):
        click.echo(f"note       {loaded.source}: {note}")
    if stage is not None and not problems:
        click.echo(f"ok         {loaded.source}: {config.interaction.mode}, {_told_model(stage)}")
    return not problems


@command.command(epilog=EPILOG)
@takes_wishes
def show(config_file: Path | None, given: Mapping[str, object], host: str | None) -> None:
    """Print the configuration that `impsy run` with the same options plays, and where each value comes from."""
    from impsy.cli.stage import addressed, read_config, set_stage
    from impsy.config.writing import DEFAULT, config_text
    from impsy.errors import CannotStart

    loaded = read_config(config_file)
    config, stage, problems = set_stage(loaded, given, host, None)
    if stage is None or problems:
        raise CannotStart(problems)
    origins = _origins(config, loaded, {**given, **addressed(loaded, host)}, stage)
    click.echo(f"# {loaded.source}: {_told_model(stage)}\n")
    click.echo(config_text(config, lambda key: origins.get(key, DEFAULT)), nl=False)


def _origins(config: "Config", loaded: "LoadedConfig", wishes: Mapping[str, object], stage: "Stage") -> dict[str, str]:
    """Where the values come from that are not defaults; keys without a value say what holds instead."""
    from impsy.cli.stage import OPTIONS
    from impsy.config.writing import DEFAULT
    from impsy.model.names import SIZES

    spec = stage.predictor.spec
    origins = dict.fromkeys(loaded.written, loaded.source)
    origins |= dict.fromkeys(stage.of_card, "the model's card")
    origins |= {key: f"option {OPTIONS[key]}" for key, wish in wishes.items() if wish is not None}
    size = next((size for size, is_of in SIZES.items() if is_of == (spec.units, spec.layers)), "")
    of_none = {
        "file": "a random walk plays",
        "dimension": f"it is {spec.dimension}, as the {'model file' if stage.model_file else 'longest mapping'} says",
        "size": f"the model file is of size {size}" if size and stage.model_file else DEFAULT,
    }
    return origins | {f"model.{key}": told for key, told in of_none.items() if getattr(config.model, key) is None}


def _told_model(stage: "Stage") -> str:
    spec = stage.predictor.spec
    shape = f"{spec.controls} controls (dimension {spec.dimension})"
    if stage.model_file is None:
        return f"{stage.model_name}, {shape}"
    return f"{stage.model_name}, {shape}, {spec.layers} layers of {spec.units} units, {spec.mixtures} mixtures"
