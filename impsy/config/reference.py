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

A mapping is a list of entries, one for each control, such as `["control_change", 1, 74]`: [every kind of
entry](mappings.md).

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
