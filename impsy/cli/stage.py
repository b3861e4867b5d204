"""What has to stand before a performance begins: configuration, model, log folder; all problems told at once."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from impsy.config.load import LoadedConfig, find_file, load_config, override, parse_config, places
from impsy.config.schema import Config, dimension_of_mappings
from impsy.core.predictor import Predictor
from impsy.errors import ConfigError, ModelError
from impsy.model.litert import LiteRtPredictor
from impsy.model.names import size_of
from impsy.model.walk import RandomWalk

OWN_CONFIG = Path("config.toml")
BUNDLED = "the bundled default"
STARTERS = {"starter:pad": "musicMDRNN-dim3-layers2-units32-mixtures5-scale10.tflite"}
WALK = "random walk"
UNKNOWN_DIMENSION = (
    "how many controls? Name a model ([model] file), or a dimension ([model] dimension, or -d): "
    "the number of controls plus one, for time"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A configuration that holds, and the model that it means; `model_file` is None for a random walk."""

    config: Config
    source: str
    notes: tuple[str, ...]
    predictor: Predictor
    model_file: Path | None

    @property
    def model_name(self) -> str:
        """What people see of the model."""
        return self.model_file.stem if self.model_file else WALK


def read_config(path: Path | None) -> LoadedConfig:
    """The configuration named, else `./config.toml` if it is there, else the bundled default."""
    if path is None and not OWN_CONFIG.is_file():
        return parse_config(files("impsy.config").joinpath("default.toml").read_text("utf-8"), BUNDLED, Path.cwd())
    return load_config(path or OWN_CONFIG)


def set_stage(loaded: LoadedConfig, given: Mapping[str, object], log_folder: Path) -> tuple[Stage | None, list[str]]:
    """The stage with the command line's wishes on top, and all that is wrong with it; None when no model stands."""
    problems: list[str] = []
    config = loaded.config
    if loaded.source == BUNDLED:
        config = _freed(config, given)
    try:
        config = override(config, given)
    except ConfigError as error:
        problems += error.problems
    if (config.log_input or config.log_predictions) and (why := _unwritable(log_folder)):
        problems.append(
            f"the log folder {log_folder} cannot be written ({why}): choose another with -l, or log nothing"
        )
    try:
        predictor, file = _model(config, loaded)
    except (ConfigError, ModelError) as error:
        return None, [*problems, *(error.problems if isinstance(error, ConfigError) else [str(error)])]
    return Stage(config, loaded.source, loaded.notes, predictor, file), problems


def _freed(config: Config, given: Mapping[str, object]) -> Config:
    """The bundled default names a starter of its own dimension; another model or dimension takes its place."""
    from msgspec.structs import replace

    model = config.model
    if given.get("model.file") is not None:
        model = replace(model, dimension=None)
    elif given.get("model.dimension") not in (None, model.dimension):
        model = replace(model, file=None)
    return replace(config, model=model)


def _model(config: Config, loaded: LoadedConfig) -> tuple[Predictor, Path | None]:
    """The predictor; every way in which it does not fit the configuration is one problem of a `ConfigError`."""
    wanted = config.model.dimension or (None if config.model.file else dimension_of_mappings(config))
    if config.model.file is None:
        if wanted is None:
            raise ConfigError(loaded.source, [UNKNOWN_DIMENSION])
        return RandomWalk(wanted - 1), None
    path = _found(config.model.file, loaded.folder)
    predictor = LiteRtPredictor(path)
    spec, problems = predictor.spec, []
    if wanted is not None and spec.dimension != wanted:
        problems.append(
            f"{path} has dimension {spec.dimension}, and not {wanted} as [model] dimension says: "
            "take another model, or the dimension out of the configuration"
        )
    if config.model.size is not None and size_of(spec) not in (None, config.model.size):
        problems.append(f"{path} is of size {size_of(spec)}, and not {config.model.size} as [model] size says")
    if problems:
        raise ConfigError(loaded.source, problems)
    return predictor, path


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
