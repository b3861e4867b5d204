"""Reads `config.toml` into a typed `Config`, and tells every problem in it at once (formats §11).

A file is only ever read. What is wrong comes back as problems beside all that could be read, with defaults for the
rest, so that whoever starts a performance can look for further problems and tell them together; what is merely worth
saying comes back as notes, and the playing goes on.
"""

import datetime as dt
from collections.abc import Mapping as Table
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from impsy.config.mappings import give_to_only_device
from impsy.config.schema import SECTIONS, TOP, Config
from impsy.config.sections import build_section, leaves, place, read_section, read_value
from impsy.config.wording import found, instead, nearest

MISSPELT = 0.75  # how alike (difflib) an unknown section and a known one must be to be called a misspelling


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration with where it came from; relative files in it may lie in `folder`."""

    config: Config  # where there are problems, what is left of it
    source: str
    folder: Path
    notes: tuple[str, ...] = ()  # one line each, to say before the playing starts
    problems: tuple[str, ...] = ()  # one line each; where there is any, it must not be played
    written: frozenset[str] = frozenset()  # the keys that stand in it, such as "osc.server_port"


def load_config(path: Path) -> LoadedConfig:
    """The configuration in a file; one that cannot be read at all is an empty one with a problem."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors begin a file with a byte order mark
    except FileNotFoundError:
        problem = "there is no such file; `impsy init` makes one to start from"
    except UnicodeDecodeError as error:
        problem = f"it is not UTF-8 text (byte {error.start}): save it as UTF-8"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    else:
        return parse_config(text, str(path), path.resolve().parent)
    return LoadedConfig(Config(), str(path), path.parent, problems=(problem,))


def parse_config(text: str, source: str, folder: Path) -> LoadedConfig:
    """The configuration in a text; `source` is what a person calls it."""
    problems: list[str] = []
    notes: list[str] = []
    tables: dict[str, dict[str, Any]] = {}
    top: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    for name, value in _parse_toml(text, problems).items():
        if name in SECTIONS:
            if isinstance(value, dict):
                tables[name] = value
            else:
                problems.append(f"{name} must be a section: write [{name}] on a line of its own; found {found(value)}")
        elif name in TOP:
            top[name] = value
        elif isinstance(value, dict):
            _meet_section(name, problems, notes)
        else:
            _meet_key(name, value, metadata, problems, notes)
    if "midi" in tables:
        tables["midi"] = give_to_only_device(tables["midi"], problems, notes)
    values = read_section("", leaves(Config, TOP), top, problems)
    for name, table in tables.items():
        section = build_section(name, SECTIONS[name], table, problems)
        if section is not None:
            values[name] = section
    written = {*top, *(f"{name}.{key}" for name, table in tables.items() for key in table)}
    config = Config(**values, metadata=metadata)
    return LoadedConfig(config, source, folder, tuple(notes), tuple(problems), frozenset(written))


def override(
    config: Config, values: Table[str, object], names: Table[str, str] | None = None
) -> tuple[Config, list[str]]:
    """The configuration with some keys replaced, such as `{"interaction.threshold": 0.2, "verbose": True}`.

    None stands for «not given». What is refused is left as it was, and is a problem, in which a key is called by its
    name in `names`; so is a key of a channel that is off: it would have to be turned on first.
    """
    problems: list[str] = []
    changed: dict[str, dict[str, Any]] = {}
    for dotted, value in values.items():
        section, _, key = dotted.rpartition(".")
        called = (names or {}).get(dotted, place(section, key))
        if value is None:
            continue
        if section and getattr(config, section) is None:
            problems.append(f"{called} cannot be set: the configuration has no section [{section}]")
            continue
        info = leaves(SECTIONS[section] if section else Config)[key]
        before = len(problems)
        read = read_value(called, info, value, problems)
        if len(problems) == before:
            changed.setdefault(section, {})[key] = read
    replaced = changed.pop("", {})
    for section, keys in changed.items():
        replaced[section] = msgspec.structs.replace(getattr(config, section), **keys)
    return msgspec.structs.replace(config, **replaced), problems


def places(name: str, folder: Path) -> tuple[Path, ...]:
    """Where a file that a configuration names is looked for: from the working folder, then from the config's."""
    path = Path(name).expanduser()
    return (path,) if path.is_absolute() else (Path.cwd() / path, folder / path)


def find_file(name: str, folder: Path) -> Path | None:
    """The first of `places` where the file is; None where it is in none of them."""
    return next((path for path in places(name, folder) if path.is_file()), None)


def _parse_toml(text: str, problems: list[str]) -> dict[str, Any]:
    import tomllib  # a run without any file, or a text of ours, would not need it

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"it is not valid TOML: {error}{_line_of(str(error), text)}")
    except (RecursionError, ValueError):  # lists a thousand deep; a number of five thousand digits
        problems.append("it is not valid TOML: something in it is far too deep or too long")
    return {}


def _line_of(message: str, text: str) -> str:
    """The line that a TOML error names, to be read beside it."""
    number = message.partition("(at line ")[2].partition(",")[0]
    lines = text.splitlines()
    if not number.isdigit() or int(number) > len(lines):
        return ""
    return f": {lines[int(number) - 1].strip()}"


def _meet_section(name: str, problems: list[str], notes: list[str]) -> None:
    """An unknown section is a misspelling, or belongs to another version and is let be."""
    meant = nearest(name, SECTIONS, MISSPELT)
    if meant:
        problems.append(f"[{name}] is no known section; did you mean [{meant}]?")
    else:
        notes.append(f"[{name}] is a section that this version does not serve: ignored")


def _meet_key(name: str, value: Any, metadata: dict[str, str], problems: list[str], notes: list[str]) -> None:
    """An unknown text (or date) at the top is metadata; anything else was meant for us."""
    homes = [section for section, section_type in SECTIONS.items() if name in leaves(section_type)]
    home = f"its place is under [{'] or ['.join(homes)}]" if homes else ""
    if isinstance(value, str | dt.date | dt.time):
        metadata[name] = str(value)
        if home or nearest(name, TOP, MISSPELT):
            notes.append(f"{name} at the top of the file is kept as a remark; {home or instead(name, TOP)}")
    else:
        problems.append(f"{name} is no known key at the top of the file; {home or instead(name, TOP)}")
