"""A configuration as TOML, each value with a remark that says where it comes from; what is read back is the same."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, get_args

from msgspec import Struct

from impsy.config.mappings import write_button, write_entry
from impsy.config.schema import SECTIONS, TOP, Config, DeviceMappings
from impsy.config.sections import leaves
from impsy.config.wording import toml_key, toml_text
from impsy.core.mapping import Button, Mapping

DEFAULT = "default"
WIDEST = 48  # characters of a line up to which the remarks of a section stand below each other

Origin: TypeAlias = Callable[[str], str]  # of a key such as "osc.server_port": where its value comes from


def config_text(config: Config, origin: Origin) -> str:
    """The whole configuration; channels that are off, and keys without a value, are remarks."""
    metadata = (f"{toml_key(key)} = {toml_text(text)}" for key, text in config.metadata.items())
    parts = ["\n".join([*_lines(config, TOP, "", origin), *metadata])]
    for name in SECTIONS:
        section = getattr(config, name)
        if section is None:
            parts.append(f"# [{name}] is off")
        else:
            lines = _lines(section, tuple(leaves(type(section))), name, origin)
            parts.append("\n".join([f"[{name}]", *lines, *_device_tables(section, name, origin)]))
    return "\n\n".join(parts) + "\n"


def _lines(table: Struct, keys: tuple[str, ...], section: str, origin: Origin) -> Iterator[str]:
    """The lines of the keys that stand in a section itself."""
    shown: list[tuple[str, str]] = []
    kinds = leaves(type(table))
    for key in keys:
        value, remark = getattr(table, key), origin(f"{section}.{key}" if section else key)
        kind = get_args(kinds[key].type)[0]
        if kind == DeviceMappings and value:
            continue  # a table of its own
        if value is None or value == {}:
            shown.append((f"# {key} is not set" + (f": {remark}" if remark != DEFAULT else ""), ""))
        elif kind == Mapping | None:
            first, *rest = _mapping_lines(key, value)
            shown += [(first, remark), *((line, "") for line in rest)]
        else:
            shown.append((f"{key} = {toml_text(write_button(value) if isinstance(value, Button) else value)}", remark))
    width = max((len(line) for line, remark in shown if remark and len(line) <= WIDEST), default=0)
    for line, remark in shown:
        yield f"{line:<{width}}  # {remark}" if remark else line


def _device_tables(table: Struct, section: str, origin: Origin) -> Iterator[str]:
    """The mappings by device, which follow the keys of their section as tables."""
    for key, info in leaves(type(table)).items():
        devices: dict[str, Mapping] = getattr(table, key)
        if get_args(info.type)[0] == DeviceMappings and devices:
            yield f"\n[{section}.{key}]  # {origin(f'{section}.{key}')}"
            for device, mapping in devices.items():
                yield from _mapping_lines(toml_key(device), mapping)


def _mapping_lines(key: str, mapping: Mapping) -> list[str]:
    """One entry a line, in the order of the controls."""
    if not mapping:
        return [f"{key} = []"]
    return [f"{key} = [", *(f"    {toml_text(write_entry(entry))}," for entry in mapping), "]"]
