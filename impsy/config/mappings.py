"""Mappings of a configuration to entries of `core.mapping` (formats §7), and back.

An entry is an array such as `["control_change", 1, 74]`, or a table such as
`{type = "note_on", channel = 1, gate = 0.2}`, in which alone the extensions of impsy can be written.
This is the one place where MIDI channels turn from 1-16, as people count, to 0-15.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import asdict, fields

from impsy.config.wording import found, instead
from impsy.core.mapping import (
    AftertouchEntry,
    BendEntry,
    Button,
    ControlButton,
    ControlEntry,
    Entry,
    FineControlEntry,
    Mapping,
    NoEntry,
    NoteButton,
    NoteEntry,
    PolyAftertouchEntry,
    VelocityEntry,
)

FORMS: dict[str, tuple[Callable[..., Entry], tuple[tuple[str, ...], ...]]] = {  # name: (entry, forms it is written in)
    "note_on": (NoteEntry, (("channel",), ("channel", "velocity"))),
    "note_velocity": (VelocityEntry, (("channel",),)),
    "control_change": (ControlEntry, (("channel", "controller"), ("channel", "controller", "minimum", "maximum"))),
    "pitch_bend": (BendEntry, (("channel",),)),
}
TABLES: dict[str, tuple[Callable[..., Entry], tuple[str, ...], tuple[str, ...]]] = {  # (entry, required, optional)
    "note_on": (NoteEntry, ("channel",), ("velocity", "gate", "low", "high")),
    "note_velocity": (VelocityEntry, ("channel",), ()),
    "control_change": (ControlEntry, ("channel", "controller"), ("minimum", "maximum")),
    "control_change_14": (FineControlEntry, ("channel", "msb"), ()),
    "pitch_bend": (BendEntry, ("channel",), ()),
    "aftertouch": (AftertouchEntry, ("channel",), ()),
    "poly_aftertouch": (PolyAftertouchEntry, ("channel", "note"), ()),
    "none": (NoEntry, (), ()),
}
BUTTONS: dict[str, tuple[Callable[[int, int], Button], str]] = {  # name: (button, what its second number is)
    "note_on": (NoteButton, "note"),
    "control_change": (ControlButton, "controller"),
}
RANGES = {"channel": (1, 16), "msb": (0, 31)}  # of a whole number; of all others:
DATA = 0, 127
LONGEST_GATE = 60.0  # seconds
VIRTUAL_IN, VIRTUAL_OUT = "IMPSY In", "IMPSY Out"  # what our own MIDI ports are called


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


def read_button(where: str, value: Any, problems: list[str]) -> Button | None:
    """The button in an array such as `["control_change", 1, 64]`."""
    forms = " or ".join(f'["{name}", channel, {number}]' for name, (_, number) in BUTTONS.items())
    if not isinstance(value, list) or len(value) != 3 or not isinstance(value[0], str) or value[0] not in BUTTONS:
        problems.append(f"{where} must be {forms}; found {found(value)}")
        return None
    build, number = BUTTONS[value[0]]
    given = _checked(where, {"channel": value[1], number: value[2]}, problems)
    return build(given["channel"], given[number]) if given else None


def _read_entry(where: str, value: Any, problems: list[str]) -> Entry | None:
    if isinstance(value, dict):
        return _read_table(where, value, problems)
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        problems.append(
            f'{where} must be an array such as ["control_change", 1, 74], or a table such as '
            f'{{type = "note_on", channel = 1}}; found {found(value)}'
        )
        return None
    name, *numbers = value
    if name not in FORMS:
        if name in TABLES:
            problems.append(f"{where} this kind of entry is written as a table: {_written(name)}; found {found(value)}")
        else:
            problems.append(f"{where} {found(name)} is no known kind of entry; {instead(name, TABLES)}")
        return None
    build, forms = FORMS[name]
    arguments = next((form for form in forms if len(form) == len(numbers)), None)
    if arguments is None:
        written = " or ".join(f'["{name}", {", ".join(form)}]' for form in forms)
        problems.append(f"{where} must be {written}; found {found(value)}")
        return None
    given = _checked(where, dict(zip(arguments, numbers, strict=True)), problems)
    return build(**given) if given else None


def _read_table(where: str, table: dict[str, Any], problems: list[str]) -> Entry | None:
    keys = dict(table)
    name = keys.pop("type", None)
    if not isinstance(name, str) or name not in TABLES:
        wrong = "needs a type" if name is None else f"{found(name)} is no known type of entry"
        problems.append(f"{where} {wrong}; {instead(name if isinstance(name, str) else '', TABLES)}")
        return None
    build, required, optional = TABLES[name]
    unknown = [key for key in keys if key not in (*required, *optional)]
    problems += [f"{where} {key} is no known key of {name}; {instead(key, (*required, *optional))}" for key in unknown]
    missing = [key for key in required if key not in keys]
    if missing:
        problems.append(f"{where} must have {' and '.join(missing)}: {_written(name)}; found {found(table)}")
    if unknown or missing:
        return None
    given = _checked(where, keys, problems)
    return None if given is None else build(**given)


def _written(name: str) -> str:
    return "{" + ", ".join([f'type = "{name}"', *(f"{key} = ..." for key in TABLES[name][1])]) + "}"


def _checked(where: str, given: dict[str, Any], problems: list[str]) -> dict[str, Any] | None:
    """The arguments of an entry as it takes them; None where one of them is refused."""
    refused = [refusal for argument, number in given.items() if (refusal := _refusal(argument, number))]
    problems.extend(f"{where} {refusal}" for refusal in refused)
    if refused:
        return None
    return given | {"channel": given["channel"] - 1} if "channel" in given else given


def _refusal(argument: str, number: object) -> str | None:
    if argument == "gate":
        if type(number) in (int, float) and 0 < number <= LONGEST_GATE:  # type: ignore[operator]
            return None
        return f"gate must be a number of seconds above 0, up to {LONGEST_GATE:g}; found {found(number)}"
    if argument == "velocity":  # of any size: it is clamped when it is played
        return None if type(number) is int else f"velocity must be a whole number; found {found(number)}"
    low, high = RANGES.get(argument, DATA)
    if type(number) is int and low <= number <= high:
        return None
    return f"{argument} must be a whole number from {low} to {high}; found {found(number)}"


def write_entry(entry: Entry) -> list[Any] | dict[str, Any]:
    """An entry as a configuration writes it: the shortest array that says all, else a table.

    >>> write_entry(ControlEntry(0, 74)), write_entry(NoteEntry(0, gate=0.2))
    (['control_change', 1, 74], {'type': 'note_on', 'channel': 1, 'gate': 0.2})
    """
    name = next(name for name, (kind, _, _) in TABLES.items() if kind is type(entry))
    values = asdict(entry) | {"channel": entry.channel + 1}
    said = [info.name for info in fields(entry) if info.required or values[info.name] != info.default]
    for form in FORMS[name][1] if name in FORMS else ():
        if set(said) <= set(form) and values[form[-1]] is not None:
            return [name, *(values[argument] for argument in form)]
    return {"type": name, **{argument: values[argument] for argument in said}}


def write_button(button: Button) -> list[Any]:
    """A button as a configuration writes it."""
    name, number = next((name, number) for name, (kind, number) in BUTTONS.items() if kind is type(button))
    return [name, button.channel + 1, asdict(button)[number]]


def give_to_only_device(table: dict[str, Any], problems: list[str], notes: list[str]) -> dict[str, Any]:
    """A `[midi]` table whose flat `input` and `output` (configurations of 2024) stand under their only device.

    Where none is named but `virtual` is on, that is the port of our own.
    """
    table = dict(table)
    virtual = table.get("virtual") is True
    for key, devices_key, own in (("input", "in_device", VIRTUAL_IN), ("output", "out_device", VIRTUAL_OUT)):
        if not isinstance(table.get(key), list):
            continue
        named = table.get(devices_key, [])
        devices = [named] if isinstance(named, str) else named or [own] * virtual
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
