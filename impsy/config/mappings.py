"""Mapping arrays of a configuration, such as `["control_change", 1, 74]`, to entries of `core.mapping` (formats §7).

The one place where MIDI channels turn from 1-16, as people count, to 0-15.
"""

from collections.abc import Callable
from typing import Any

from impsy.config.wording import found, instead
from impsy.core.mapping import BendEntry, ControlEntry, Entry, Mapping, NoteEntry, VelocityEntry

FORMS: dict[str, tuple[Callable[..., Entry], tuple[tuple[str, ...], ...]]] = {  # name: (entry, forms it is written in)
    "note_on": (NoteEntry, (("channel",), ("channel", "velocity"))),
    "note_velocity": (VelocityEntry, (("channel",),)),
    "control_change": (ControlEntry, (("channel", "controller"), ("channel", "controller", "minimum", "maximum"))),
    "pitch_bend": (BendEntry, (("channel",),)),
}
CHANNELS = 1, 16
DATA = 0, 127


def read_mapping(where: str, value: Any, problems: list[str]) -> Mapping:
    """The mapping in a list of arrays; what is wrong is added to `problems`, entry by entry."""
    if not isinstance(value, list):
        problems.append(f'{where} must be a list of entries such as [["note_on", 1]]; found {found(value)}')
        return ()
    entries = [_read_entry(f"{where}, entry {number}:", item, problems) for number, item in enumerate(value, 1)]
    return tuple(entry for entry in entries if entry is not None)


def read_device_mappings(where: str, value: Any, problems: list[str]) -> dict[str, Mapping]:
    """The mappings in a table of lists, by the name of the device."""
    if not isinstance(value, dict):
        problems.append(f'{where} must be a table such as "my device" = [["note_on", 1]]; found {found(value)}')
        return {}
    return {name: read_mapping(f'{where} of "{name}"', item, problems) for name, item in value.items()}


def _read_entry(where: str, value: Any, problems: list[str]) -> Entry | None:
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        problems.append(f'{where} must be an array such as ["control_change", 1, 74]; found {found(value)}')
        return None
    name, *numbers = value
    if name not in FORMS:
        problems.append(f"{where} {found(name)} is no known kind of entry; {instead(name, FORMS)}")
        return None
    build, forms = FORMS[name]
    arguments = next((form for form in forms if len(form) == len(numbers)), None)
    if arguments is None:
        written = " or ".join(f'["{name}", {", ".join(form)}]' for form in forms)
        problems.append(f"{where} must be {written}; found {found(value)}")
        return None
    refused = [_refusal(argument, number) for argument, number in zip(arguments, numbers, strict=True)]
    if any(refused):
        problems.extend(f"{where} {refusal}" for refusal in refused if refusal)
        return None
    given = dict(zip(arguments, numbers, strict=True))
    given["channel"] -= 1
    return build(**given)


def _refusal(argument: str, number: object) -> str | None:
    if argument == "velocity":  # of any size: it is clamped when it is played
        return None if type(number) is int else f"velocity must be a whole number; found {found(number)}"
    low, high = CHANNELS if argument == "channel" else DATA
    if type(number) is int and low <= number <= high:
        return None
    return f"{argument} must be a whole number from {low} to {high}; found {found(number)}"


def give_to_only_device(table: dict[str, Any], problems: list[str], notes: list[str]) -> dict[str, Any]:
    """A `[midi]` table whose flat `input` and `output` (configurations of 2024) stand under their only device."""
    table = dict(table)
    for key, devices_key in (("input", "in_device"), ("output", "out_device")):
        if not isinstance(table.get(key), list):
            continue
        named = table.get(devices_key, [])
        devices = [named] if isinstance(named, str) else named
        mapping = table.pop(key)
        if not devices or not isinstance(devices, list):  # what is no list at all is told where it is read
            notes.append(f"[midi] {key} is not used: {devices_key} names no device")
        elif len(devices) > 1:
            problems.append(
                f"[midi] {key} is one list, but {devices_key} names {len(devices)} devices: "
                f'write a section [midi.{key}] with a line "device" = [...] for each'
            )
        elif isinstance(devices[0], str):
            table[key] = {devices[0]: mapping}
    return table
