"""Reads sections leaf by leaf: msgspec stops at its first error, and a person wants to see all of them at once."""

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Table
from math import isfinite
from typing import Any, TypeAlias, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo

from impsy.config.mappings import read_button, read_device_mappings, read_mapping
from impsy.config.schema import DeviceMappings, ThruMatrix
from impsy.config.wording import found, instead, toml_text
from impsy.core.mapping import Button, Mapping

ADDRESS = {"server_ip", "server_port"}

Reader: TypeAlias = Callable[[str, Any, list[str]], Any]


def place(section: str, key: str) -> str:
    """A key as a person finds it in the file; the top of the file has no section."""
    return f"[{section}] {key}" if section else key


def leaves(section_type: type[Struct], names: Iterable[str] | None = None) -> dict[str, FieldInfo]:
    """The keys of a section (or only those of them that are named), in order."""
    fields = {info.name: info for info in msgspec.structs.fields(section_type)}
    return fields if names is None else {name: fields[name] for name in names}


def told(info: FieldInfo) -> tuple[str, str]:
    """What a key must be, and what it does."""
    metas = [item for item in get_args(info.type)[1:] if isinstance(item, Meta)]
    rule = next((meta.title for meta in reversed(metas) if meta.title), "")
    return rule, next((meta.description for meta in reversed(metas) if meta.description), "")


def default_text(info: FieldInfo) -> str | None:
    """The default of a key as TOML writes it; None where leaving the key out means something of its own."""
    if info.default is NODEFAULT or info.default is None:
        return None
    if isinstance(info.default, tuple) and len(info.default) == 1:
        return toml_text(info.default[0])
    return toml_text(info.default)


def build_section(name: str, section_type: type[Struct], table: Table[str, Any], problems: list[str]) -> Struct | None:
    """A section with defaults for what was refused; None where nobody can know what was meant."""
    keys = leaves(section_type)
    values = read_section(name, keys, table, problems)
    if any(info.required and key not in values for key, info in keys.items()):
        return None
    if ADDRESS & (table.keys() - values.keys()):  # the default is another port than the one meant: nobody shall try it
        return None
    return section_type(**values)


def read_section(
    section: str, keys: Table[str, FieldInfo], table: Table[str, Any], problems: list[str]
) -> dict[str, Any]:
    """The values of a section that are accepted; each problem is added to `problems`."""
    problems += [f"{place(section, key)} is no known key; {instead(key, keys)}" for key in table if key not in keys]
    values = {}
    for key, info in keys.items():
        if key in table:
            before = len(problems)
            value = read_value(place(section, key), info, table[key], problems)
            if len(problems) == before:
                values[key] = value
        elif info.required:
            problems.append(f'{place(section, key)} is missing: write {key} = "...". {told(info)[1]}')
    return values


def read_value(where: str, info: FieldInfo, value: Any, problems: list[str]) -> Any:
    """One checked value; None where it is refused, with a line in `problems`."""
    plain = get_args(info.type)[0]
    if plain in READERS:
        return READERS[plain](where, value, problems)
    if plain == ThruMatrix and isinstance(value, dict):
        value = {name: _listed(item) for name, item in value.items()}
    elif get_origin(plain) is tuple:
        value = _listed(value)
    try:
        read = msgspec.convert(value, info.type)
        if not isinstance(read, float) or isfinite(read):
            return read
    except msgspec.ValidationError:
        pass  # told below, in our words: msgspec's speak of types and paths
    default = default_text(info)
    usual = f" (the default is {default})" if default else ""
    problems.append(f"{where} must be {told(info)[0]}{usual}; found {found(value)}")
    return None


READERS: dict[Any, Reader] = {
    Mapping | None: read_mapping,
    DeviceMappings: read_device_mappings,
    Button | None: read_button,
}


def _listed(value: Any) -> Any:
    """A string where a list belongs is a list of one."""
    return [value] if isinstance(value, str) else value
