"""Changes keys of a configuration as a careful hand would: comments, order and everything else stay as they are.

The text goes in and a text comes out; nothing is written here. The result is read again, and if it does not say
exactly what was meant (TOML has many ways to lay out a table), `EditError` tells to do it by hand.
"""

import tomllib
from collections.abc import Mapping as Table
from copy import deepcopy
from typing import Any, TypeAlias

import tomlkit
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Comment, Item, KeyType, SingleKey, Trivia, Whitespace
from tomlkit.items import Table as TableItem

from impsy.config.mappings import write_entry
from impsy.config.wording import toml_text
from impsy.core.mapping import Mapping
from impsy.errors import ImpsyError

Changes: TypeAlias = Table[str, Table[str, Any]]  # section: key: value; tuples of entries are mappings


class EditError(ImpsyError):
    """A configuration that cannot be edited by itself; `lines` is what to write into it."""

    def __init__(self, lines: str) -> None:
        self.lines = lines
        super().__init__(f"the configuration is laid out in a way that only a hand can edit; write into it:\n\n{lines}")


def edited(text: str, changes: Changes, remarks: Table[str, str], off: Table[str, str] | None = None) -> str:
    """The text with other values; `remarks` explain a section where it is new.

    `off` names keys, by section, that become comments. The line ends of the text are kept. Raises `EditError`.
    """
    crlf = "\r\n" in text
    text = text.replace("\r\n", "\n")
    wanted = _merged(tomllib.loads(text), changes, off or {})
    try:
        document = tomlkit.parse(text)
        for section, key in (off or {}).items():
            _turn_off(_section(document, section, ""), key)
        for section, keys in changes.items():
            table = _section(document, section, remarks.get(section, ""))
            for key, value in keys.items():
                _set(table, key, value)
        result = tomlkit.dumps(document)
        if tomllib.loads(result) == wanted:
            return result.replace("\n", "\r\n") if crlf else result
    except (TOMLKitError, tomllib.TOMLDecodeError, NotATableError):
        pass  # told below
    raise EditError(edited("", changes, remarks).strip())


def retitled(text: str, title: str, description: str) -> str:
    """The text of a configuration that has a title and a description, with others."""
    document = tomlkit.parse(text)
    _replace(document, "title", title)
    _replace(document, "description", description)
    return tomlkit.dumps(document)


class NotATableError(Exception):
    """A section that is no table of its own: inline, or in pieces all over the file."""


def plain(value: Any) -> Any:
    """A value as TOML holds it."""
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case tuple():
            return [write_entry(entry) for entry in value]
    return value


def _merged(old: dict[str, Any], changes: Changes, off: Table[str, str]) -> dict[str, Any]:
    """What the edited text has to say."""
    new = deepcopy(old)
    for section, key in off.items():
        new[section].pop(key)
    for section, keys in changes.items():
        new.setdefault(section, {}).update(plain(dict(keys)))
    return new


def _section(document: Container, name: str, remark: str) -> TableItem:
    """A section of the document; a new one goes to the end, a blank line after what is there."""
    if name not in document:
        table = tomlkit.table()
        if remark:
            table.add(tomlkit.comment(remark))
        if document.body:
            _leave_blank(document)
        document.append(name, table)
    table = document[name]
    if not isinstance(table, TableItem):
        raise NotATableError
    return table


def _set(table: TableItem, key: str, value: Any) -> None:
    """One key: in its place with its comment where it is, else after the others."""
    item = table.get(key)
    if isinstance(value, dict):
        if isinstance(item, TableItem):
            for device in [device for device in item if device not in value]:
                _remove(item.value, device)
        else:
            if item is not None:
                _remove(table.value, key)
            _leave_blank(table.value)
            table.append(key, tomlkit.table())
            item = table[key]
        for device, mapping in value.items():
            _set(item, device, mapping)
        return
    new = _mapping(value) if isinstance(value, tuple) else tomlkit.item(value)
    if item is not None:
        if item.unwrap() != plain(value):
            _replace(table, key, new)
        return
    blank = _trailing_blank(table.value)
    table.append(key if key.isidentifier() and key.islower() else SingleKey(key, KeyType.Basic), new)
    table.value.body.extend(blank)


def _replace(table: TableItem | Container, key: str, value: Any) -> None:
    """Another value in its place; a remark behind it stays in its column, if there is room."""
    before = len(table[key].as_string())
    table[key] = value
    new = table[key]
    gap = new.trivia.comment_ws
    if new.trivia.comment and len(gap) > 1 and gap.isspace() and "\t" not in gap:
        new.trivia.comment_ws = " " * max(2, len(gap) + before - len(new.as_string()))


def _mapping(mapping: Mapping) -> Item:
    """A mapping with one line for each control."""
    entries = [f"    {toml_text(write_entry(entry))}," for entry in mapping]
    width = max(map(len, entries), default=0)
    lines = [f"{entry:{width}}  # control {number}" for number, entry in enumerate(entries, start=1)]
    return tomlkit.value("\n".join(["[", *lines, "]"]))


def _turn_off(table: TableItem, key: str) -> None:
    """The key with its value and comment becomes a comment, where it stands."""
    body = table.value.body
    index, item = _find(table.value, key)
    gap = item.trivia.comment_ws.removeprefix("  ") or " "  # the # takes two columns
    line = f"{key} = {item.as_string()}{gap if item.trivia.comment else ''}{item.trivia.comment}"
    table.value.remove(key)
    body[index] = None, Comment(Trivia(comment=f"# {line}", trail="\n"))


def _remove(container: Container, key: str) -> None:
    """A key goes; the comment on its line stays."""
    index, item = _find(container, key)
    comment = item.trivia.comment
    container.remove(key)
    if comment:
        container.body[index] = None, Comment(Trivia(comment=comment, trail="\n"))


def _find(container: Container, key: str) -> tuple[int, Item]:
    for index, (name, item) in enumerate(container.body):
        if name is not None and name.key == key:
            return index, item
    raise NotATableError


def _leave_blank(container: Container) -> None:
    if not container.as_string().endswith("\n\n"):
        container.add(tomlkit.nl())


def _trailing_blank(container: Container) -> list[tuple[None, Item]]:
    """The blank lines at the end, taken off, so that something can stand before them."""
    blank: list[tuple[None, Item]] = []
    while container.body and isinstance(container.body[-1][1], Whitespace):
        blank.insert(0, (None, container.body.pop()[1]))
    return blank
