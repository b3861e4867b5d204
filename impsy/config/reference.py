"""Writes the manual page of the configuration from the schema.

`python -m impsy.config.reference > docs/reference/config.md` brings the page up to date.
"""

import sys
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import FieldInfo

from impsy.config.schema import SECTIONS, TOP, Config
from impsy.config.sections import default_text, leaves, told

OPENING = """\
<!-- Made from impsy/config/schema.py by `python -m impsy.config.reference`; change it there. -->

# The configuration, key by key

`impsy run -c FILE` reads this file; without `-c` it reads `config.toml` in the working folder, and without that one it
plays a bundled default. `impsy init` writes a commented file to start from. Options of `impsy run` win over the file.

The file is [TOML](https://toml.io). Every key has a default, but for those marked *required*. A section that is there
turns its channel on, with all defaults if it is empty; `[interaction]` and `[model]` always hold. Where a list belongs,
a single text will do.
"""

CLOSING = """\
## Mappings

A mapping is a list of entries, the first for the first control, and so on. Channels are 1–16; all else is 0–127
(a velocity beyond 1–127 is moved into it).

| entry | in | out |
|---|---|---|
| `["note_on", channel]` | the pitch sets the control | a note of that pitch; a new one ends the last |
| `["note_on", channel, velocity]` | the same | the same, struck with this velocity |
| `["note_velocity", channel]` | the velocity sets the control | the velocity of the notes of this channel |
| `["control_change", channel, controller]` | the value sets the control | the value, when it changes |
| `["control_change", channel, controller, minimum, maximum]` | minimum is 0, maximum is 1 (either may be greater) \
| 0 is minimum, 1 is maximum |
| `["pitch_bend", channel]` | the bend sets the control | the bend, when it changes |

An entry may be a table as well. What is more than in IMPSY can be written in this form only; keys in square brackets
may be left out.

| entry | in | out |
|---|---|---|
| `{type = "note_on", channel = 1, [velocity = 90], [gate = 0.2], [low = 36], [high = 84]}` | the pitch sets the \
control: `low` is 0, `high` is 1 | a note between the two; with a `gate`, in seconds up to 60, it ends by itself |
| `{type = "note_velocity", channel = 1}` | as the array | as the array |
| `{type = "control_change", channel = 1, controller = 74, [minimum = 0], [maximum = 127]}` | as the array | as the \
array |
| `{type = "control_change_14", channel = 1, msb = 7}` | a pair of controllers, here 7 and 39, as one number of 14 \
bits: the second (LSB) sets the control | both, when the number changes |
| `{type = "pitch_bend", channel = 1}` | as the array | as the array |
| `{type = "aftertouch", channel = 1}` | the pressure on the keys sets the control | the pressure, when it changes |
| `{type = "poly_aftertouch", channel = 1, note = 60}` | the pressure on that key sets the control | the \
pressure, when it changes |

In `[midi]`, each device has a mapping of its own; one that stands by itself belongs to the only device:

```toml
[midi]
in_device = ["nanoKONTROL2", "Keystation"]

[midi.input]
"nanoKONTROL2" = [["control_change", 1, 0], ["control_change", 1, 1]]
"Keystation" = [["note_on", 1], ["note_velocity", 1]]
```

Entries beyond the controls of the model are ignored, and controls beyond the mapping stay unset: impsy says so, and
plays.

## What is refused, and what is only said

impsy does not start, and tells all problems at once, if the file is not TOML or not UTF-8, if a value has the wrong
type or range, and if a key is unknown or a section looks misspelt (it names the nearest one it knows). It says, and
goes on, if a section belongs to another version, if a server is open to your network, and if a mapping has another
length than the model, or if no channel is on. Other text at the top of the file is kept as a remark.
"""


def reference() -> str:
    """The whole page, in Markdown."""
    top = _section("At the top of the file", Config, leaves(Config, TOP))
    sections = (_section(f"`[{name}]`", kind, leaves(kind)) for name, kind in SECTIONS.items())
    return "\n".join([OPENING, top, *sections, CLOSING])


def _section(heading: str, kind: type[Struct], keys: dict[str, FieldInfo]) -> str:
    about = "" if kind is Config else f"{(kind.__doc__ or '').strip()}\n\n"
    return f"## {heading}\n\n{about}| key | default | must be | meaning |\n|---|---|---|---|\n{''.join(_rows(keys))}"


def _rows(keys: dict[str, FieldInfo]) -> Iterator[str]:
    for key, info in keys.items():
        rule, description = told(info)
        default = default_text(info)
        shown = "*required*" if info.required else f"`{default}`" if default else "none"
        yield f"| `{key}` | {shown} | {rule} | {description} |\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
