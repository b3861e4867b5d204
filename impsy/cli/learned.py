"""What was learned goes into a configuration: edited, checked as `impsy run` would, and only then written."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from msgspec import Struct

from impsy.cli.stage import STARTERS, set_stage, starter_of
from impsy.config.edit import edited, retitled
from impsy.config.load import LoadedConfig, parse_config
from impsy.data.files import written_whole
from impsy.data.wording import count
from impsy.errors import CannotStart, FileError

BOM = "\ufeff"  # with which Windows editors begin a file
REMARKS = {
    "midi": "as learned: one entry for each control, in their order",
    "serialmidi": "as learned: one entry for each control, in their order",
    "serial": "as learned: lines of one number for each control, both ways",
    "osc": "as learned: /interface and one number for each control comes in",
}
REMARK_ON_STARTER = "a small model that comes with impsy; name your own here when you have trained one"


class Target(Struct, frozen=True):
    """The configuration to edit: the text of the file, or of the bundled one where there is none yet."""

    path: Path
    text: str
    is_new: bool
    loaded: LoadedConfig


class Written(Struct, frozen=True):
    """What became of it."""

    path: Path
    backup: Path | None
    starter: str | None  # the model that was written into it
    set_aside: str | None  # the model that does not fit


class _Way(Struct, frozen=True):
    """What `[model]` may come to say."""

    starter: str | None = None
    off: str | None = None  # the file that becomes a comment


def open_target(path: Path) -> Target:
    """Read what shall be edited, and make sure that it can be: before anything is asked. Raises `FileError`."""
    path = path.resolve() if path.is_symlink() else path
    is_new = not path.exists()
    try:
        text = _bundled() if is_new else path.read_bytes().decode("utf-8")
        with tempfile.TemporaryFile(dir=path.parent):  # modes tell only half
            pass
    except UnicodeDecodeError as error:
        raise FileError(path, f"it is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise FileError(path, f"cannot be written here ({error.strerror}): choose another place with -c") from None
    loaded = parse_config(text.removeprefix(BOM), str(path), path.resolve().parent)
    if loaded.problems:
        told = "".join(f"\n  - {problem}" for problem in loaded.problems)
        raise FileError(path, f"mend this first, or choose another file with -c:{told}")
    return Target(path, text, is_new, loaded)


def write(target: Target, title: str, controls: int, changes: Mapping[str, Mapping[str, Any]]) -> Written:
    """Edit, check and write; the old file is kept too. Raises `ImpsyError`, and then nothing has changed.

    Only a new file takes the title.
    """
    mark = BOM if target.text.startswith(BOM) else ""
    before = target.text.removeprefix(BOM)
    if target.is_new:
        before = retitled(before, title, f"{count(controls, 'control')}, as learned by `impsy learn`.")
    text, way = _fitting(before, target, controls + 1, changes)
    try:
        backup = None if target.is_new else _kept(target.path)
        with written_whole(target.path) as aside:
            aside.write_bytes((mark + text).encode())
            if backup:
                shutil.copymode(target.path, aside)
    except OSError as error:
        raise FileError(target.path, f"cannot be written ({error.strerror}); it is as it was") from None
    return Written(target.path, backup, way.starter, way.off)


def _fitting(before: str, target: Target, dimension: int, changes: Mapping[str, Mapping[str, Any]]) -> tuple[str, _Way]:
    """The text with the changes, and a model that fits. Raises `CannotStart`."""
    problems: Sequence[str] = ()
    for way in _ways(target.loaded.config.model.file, starter_of(dimension)):
        model: dict[str, Any] = {"dimension": dimension}
        remarks = REMARKS
        if way.starter:
            model = {"file": way.starter, **model}
            remarks = {**REMARKS, "model": REMARK_ON_STARTER}
        text = edited(before, {"model": model, **changes}, remarks, {"model": "file"} if way.off else {})
        problems = _problems(text, target)
        if not problems:
            return text, way
    raise CannotStart(problems)


def _ways(had: str | None, starter: str | None) -> Iterator[_Way]:
    """The best first: the model that is named stays if it fits, else a starter plays; another starter is replaced."""
    is_own = had is not None and had not in STARTERS
    if had is not None:
        yield _Way()
    if starter is not None:
        yield _Way(starter, had if is_own else None)
    yield _Way(off=had)


def _problems(text: str, target: Target) -> Sequence[str]:
    """What `impsy run` would say against it."""
    loaded = parse_config(text, str(target.path), target.loaded.folder)
    return set_stage(loaded, {}, None, None)[2]


def _kept(path: Path) -> Path:
    """A copy of the file, under a name that is not taken."""
    backup, number = path.with_name(f"{path.name}.bak"), 1
    while backup.exists():
        number += 1
        backup = path.with_name(f"{path.name}.bak-{number}")
    shutil.copy2(path, backup)
    return backup


def _bundled() -> str:
    return files("impsy.config").joinpath("default.toml").read_text("utf-8")
