"""The words in which problems of a configuration are told, and values as TOML writes them."""

import re
from collections.abc import Iterable

WIDEST = 60  # characters of a found value that are shown
INT64 = 2**63  # TOML promises no more; Python refuses to print the longest ones
_BARE = re.compile(r"[A-Za-z0-9_-]+")  # a key that needs no quotes
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), 127)}
_ESCAPES |= {ord(letter): f"\\{name}" for letter, name in zip('"\\\n\r\t', '"\\nrt', strict=True)}


def toml_text(value: object) -> str:
    """A value as TOML writes it.

    >>> toml_text((True, "a", 0.5))
    '[true, "a", 0.5]'
    """
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = value.encode(errors="replace").decode()  # a file name may hold bytes that are no text
            return f'"{text.translate(_ESCAPES)}"'
        case list() | tuple():
            return "[" + ", ".join(toml_text(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{toml_key(key)} = {toml_text(item)}" for key, item in value.items()) + "}"
        case int() if abs(value) >= INT64:
            return "a number beyond 64 bits"
    return str(value)


def toml_key(key: str) -> str:
    """A key as TOML writes it: in quotes where it has to be.

    >>> toml_key("IAC Bus 1")
    '"IAC Bus 1"'
    """
    return key if _BARE.fullmatch(key) else toml_text(key)


def found(value: object) -> str:
    """What stood in the file, on one line and not too long."""
    text = "".join(letter if letter.isprintable() else "?" for letter in toml_text(value))
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that was probably meant.

    >>> nearest("Treshold", ["mode", "threshold"])
    'threshold'
    """
    from difflib import get_close_matches  # only mistakes need it

    matches = get_close_matches(name.lower(), known, n=1, cutoff=cutoff)
    return matches[0] if matches else None


def instead(name: str, known: Iterable[str]) -> str:
    """What to write in place of an unknown name."""
    choices = tuple(known)
    meant = nearest(name, choices)
    return f'did you mean "{meant}"?' if meant else "known: " + ", ".join(choices)
