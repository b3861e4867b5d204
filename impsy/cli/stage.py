"""What has to stand before a performance begins: configuration, model, log folder; all problems told at once."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from impsy.cli.opening import open_model
from impsy.config.load import LoadedConfig, find_file, load_config, override, parse_config, places
from impsy.config.schema import Config, Model, dimension_of_mappings
from impsy.core.predictor import ModelSpec, Predictor
from impsy.errors import FileError, ModelError
from impsy.model.card import liveliest
from impsy.model.names import SIZES
from impsy.model.walk import RandomWalk

OWN_CONFIG = Path("config.toml")
BUNDLED = "the bundled default"
STARTERS = {
    "starter:pad": "musicMDRNN-dim3-layers2-units32-mixtures5-scale10.tflite",
    "starter:faders": "musicMDRNN-dim9-layers2-units64-mixtures5-scale10.tflite",
}
WALK = "random walk"
TEMPERATURE = "model.sigmatemp"
OPTIONS = {  # what the command line calls a key of the configuration
    "model.file": "MODEL",
    "model.dimension": "-d/--dimension",
    "model.sigmatemp": "--sigma-temp",
    "model.pitemp": "--pi-temp",
    "model.timescale": "--timescale",
    "interaction.mode": "--mode",
    "interaction.threshold": "--threshold",
    "interaction.input_thru": "--input-thru",
    "verbose": "--verbose/--quiet",
    "log_input": "--log-input",
    "log_predictions": "--log-predictions",
    "osc.server_ip": "--host",
    "websocket.server_ip": "--host",
}
UNKNOWN_DIMENSION = (
    "how many controls? Name a model ([model] file), or a dimension ([model] dimension, or -d): "
    "the number of controls plus one, for time"
)
NO_HOST = "--host has nothing to open: neither [osc] nor [websocket] is on"


@dataclass(frozen=True, slots=True)
class Stage:
    """A configuration that holds, and the model that it means; `model_file` is None for a random walk."""

    config: Config
    source: str
    notes: tuple[str, ...]
    predictor: Predictor
    model_file: Path | None
    of_card: tuple[str, ...] = ()  # the keys whose values are those of the model's card

    @property
    def model_name(self) -> str:
        """What people see of the model."""
        return self.model_file.stem if self.model_file else WALK


@dataclass(frozen=True, slots=True)
class _Opened:
    """A model, its file if it has one, and what there is to say of it."""

    predictor: Predictor
    file: Path | None
    notes: tuple[str, ...] = ()


def read_config(path: Path | None) -> LoadedConfig:
    """The configuration named, else `./config.toml` if it is there, else the bundled default."""
    if path is None and not OWN_CONFIG.is_file():
        return parse_config(files("impsy.config").joinpath("default.toml").read_text("utf-8"), BUNDLED, Path.cwd())
    return load_config(path or OWN_CONFIG)


def set_stage(
    loaded: LoadedConfig, given: Mapping[str, object], host: str | None, log_folder: Path | None
) -> tuple[Config, Stage | None, list[str]]:
    """The configuration with the command line's wishes on top, its stage, and all that is wrong with both.

    `given` holds the wishes by their place in a configuration; without a `log_folder` nobody is about to play. Where
    there are problems, the configuration is as far as it can be used to look for more, and the stage is None where no
    model stands.
    """
    hosts = addressed(loaded, host)
    config, refused = override(_freed(loaded, given), {**given, **hosts}, OPTIONS)
    problems = [*(f"{loaded.source}: {problem}" for problem in loaded.problems), *refused]
    model = _model(config, loaded, given, problems)
    logs = log_folder if config.log_input or config.log_predictions else None
    if logs is not None and (why := _unwritable(logs)):
        problems.append(f"the log folder {logs} cannot be written ({why}): choose another with -l, or log nothing")
    if model is None:
        return config, None, problems
    notes = (*loaded.notes, *model.notes, *(() if hosts or host is None else (NO_HOST,)))
    of_card: tuple[str, ...] = ()
    if TEMPERATURE not in loaded.written and given.get(TEMPERATURE) is None and model.file is not None:
        try:
            sigma = liveliest(model.file)
        except FileError as error:
            sigma, notes = None, (*notes, str(error))
        if sigma is not None:
            config, of_card = replace(config, model=replace(config.model, sigmatemp=sigma)), (TEMPERATURE,)
    return config, Stage(config, loaded.source, notes, model.predictor, model.file, of_card), problems


def starter_of(dimension: int) -> str | None:
    """What a configuration calls the starter of a dimension."""
    return next((name for name, file in STARTERS.items() if f"-dim{dimension}-" in file), None)


def addressed(loaded: LoadedConfig, host: str | None) -> dict[str, str | None]:
    """The wish of `--host` by its places in a configuration: every server that it turns on."""
    return {f"{name}.server_ip": host for name in ("osc", "websocket") if getattr(loaded.config, name) is not None}


def _freed(loaded: LoadedConfig, given: Mapping[str, object]) -> Config:
    """What a configuration says of its own model does not hold for one that the command line names.

    And where the bundled default plays, another dimension than its starter's means: without it.
    """
    model = loaded.config.model
    if given.get("model.file") is not None:
        model = replace(model, dimension=None, size=None)
    elif loaded.source == BUNDLED and given.get("model.dimension") not in (None, model.dimension):
        model = replace(model, file=None)
    return replace(loaded.config, model=model)


def _model(config: Config, loaded: LoadedConfig, given: Mapping[str, object], problems: list[str]) -> _Opened | None:
    """The model that is meant; every way in which it does not fit the configuration is added to `problems`."""
    wanted = config.model.dimension
    if config.model.file is None:
        wanted = wanted or dimension_of_mappings(config)
        if wanted is not None:
            return _Opened(RandomWalk(wanted - 1), None)
        if not problems:  # else it may well have been told, in what was refused
            problems.append(UNKNOWN_DIMENSION)
        return None
    try:
        path = _found(config.model.file, loaded.folder)
        predictor, note = open_model(path)
    except ModelError as error:
        problems.append(str(error))
        return None
    problems += _misfits(path, predictor.spec, config.model, given.get("model.dimension") is not None)
    return _Opened(predictor, path, (note,) if note else ())


def _misfits(path: Path, spec: ModelSpec, model: Model, by_option: bool) -> Iterator[str]:
    """What a model file has otherwise than `[model]`, or the option -d, says."""
    if model.dimension not in (None, spec.dimension):
        says, instead = "[model] dimension", "the dimension out of the configuration"
        if by_option:
            says, instead = OPTIONS["model.dimension"], "leave the option out"
        yield (
            f"{path} has dimension {spec.dimension}, and not {model.dimension} as {says} says: "
            f"take another model, or {instead}"
        )
    if model.size is not None and (spec.units, spec.layers) != SIZES[model.size]:
        units, layers = SIZES[model.size]
        yield (
            f"{path} has {spec.layers} layers of {spec.units} units, and not {layers} of {units} as [model] size = "
            f'"{model.size}" says: take another model, or the size out of the configuration'
        )


def _found(name: str, folder: Path) -> Path:
    if name in STARTERS:
        return Path(str(files("impsy.starters").joinpath(STARTERS[name])))
    if name.startswith("starter:"):
        raise ModelError(name, f"there is no such starter; there is {', '.join(STARTERS)}")
    found = find_file(name, folder)
    if found is None:
        looked = " and ".join(dict.fromkeys(str(path) for path in places(name, folder)))
        raise ModelError(name, f"there is no such model (looked for {looked})")
    return found


def _unwritable(folder: Path) -> str:
    """Why no log can be made there, or nothing; tried with a real file, since modes tell only half."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as trial:
            os.write(trial.fileno(), b"\n")
    except OSError as error:
        return str(error.strerror)
    return ""
