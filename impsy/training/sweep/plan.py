"""What a sweep is to try: a `sweep.toml`, read and checked before anything is trained."""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from impsy.errors import FileError, ImpsyError
from impsy.model.names import SIZES
from impsy.training.fit import Recipe

Value: TypeAlias = int | float | str | bool | None

_Count: TypeAlias = Annotated[int, Meta(ge=1)]
SEARCHED: dict[str, Any] = {  # what trials may differ in; docs/how-to/search-recipes.md tells of units
    "size": Literal[tuple(SIZES)],
    "epochs": _Count,
    "patience": _Count,
    "lanes": _Count,
    "steps": _Count,
    "rate": Annotated[float, Meta(gt=0, le=1)],
    "clip": Annotated[float, Meta(gt=0, le=1e6)],
    "noise": Annotated[float, Meta(ge=0, le=1)],
    "augment": bool,
}


class Between(Struct, frozen=True, forbid_unknown_fields=True):
    """Any number from `low` to `high`; with `log`, equally likely by its logarithm."""

    low: float
    high: float
    log: bool = False


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """A sweep: `search` says what is tried, `recipe` what differs from the usual recipe in every trial."""

    search: Annotated[dict[str, list[Value] | Between], Meta(min_length=1)]
    recipe: dict[str, Value] = {}
    trials: Annotated[int, Meta(ge=1)] = 20
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 1  # of every trial, and of the search
    at_once: Annotated[int, Meta(ge=1)] | None = None  # trials; None: two, or as many as a cluster has room for
    cpus: Annotated[float, Meta(gt=0)] = 1  # of a trial, on a cluster
    gpus: Annotated[float, Meta(ge=0)] = 0  # of a trial, on a cluster

    def made(self, chosen: dict[str, Value]) -> tuple[str, Recipe]:
        """The size and the recipe of a trial for which these values were chosen."""
        wanted = {**self.recipe, **chosen}
        return str(wanted.pop("size", "s")), msgspec.convert({**asdict(Recipe()), **wanted}, Recipe)


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises `FileError`."""
    try:
        plan = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Plan)
        for name, values in plan.search.items():
            if isinstance(values, Between):
                _check_between(name, values)
            else:
                _check(name, values)
        for name, value in plan.recipe.items():
            _check(name, [value])
            if name in plan.search:
                raise ImpsyError(f"{name} is both in [recipe] and in [search]; leave it in one of them")
    except FileNotFoundError:
        raise FileError(path, "there is no such file; docs/how-to/search-recipes.md has one to start from") from None
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(path, f"is not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise FileError(path, str(error).replace("`$.", "`").replace("`$`", "the file")) from None
    except ImpsyError as error:
        raise FileError(path, str(error)) from None
    return plan


def is_whole(name: str) -> bool:
    """Whether that part of a recipe is a whole number."""
    return isinstance(asdict(Recipe())[name], int)


def _check(name: str, values: Sequence[Value]) -> None:
    if name not in SEARCHED:
        raise ImpsyError(f'trials have no "{name}"; they have {", ".join(SEARCHED)}')
    if not values:
        raise ImpsyError(f"{name} has no value to try")
    for value in values:
        try:
            msgspec.convert(value, SEARCHED[name])
        except msgspec.ValidationError as error:
            wanted = f" is one of {', '.join(SIZES)}" if name == "size" else f": {error}"
            raise ImpsyError(f"{name}{wanted}; found {value!r}") from None


def _check_between(name: str, between: Between) -> None:
    if name == "size":
        raise ImpsyError("size is a list, such as size = ['xs', 's']")
    _check(name, [_whole(between.low), _whole(between.high)])
    if not between.low < between.high:
        raise ImpsyError(f"{name}: low must be below high")
    if between.log and between.low <= 0:
        raise ImpsyError(f"{name}: with log, low must be above 0")


def _whole(value: float) -> Value:
    """A whole number as an int: TOML's `low = 16` for a whole part of a recipe."""
    return int(value) if value.is_integer() else value
