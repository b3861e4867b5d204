"""The errors that impsy raises on purpose: each text says what is wrong and what to do about it."""

import sys
from collections.abc import Sequence
from pathlib import Path


class ImpsyError(Exception):
    """Something a person can mend; the command line prints its text and exits with 1."""


class CannotStart(ImpsyError):
    """A performance that cannot begin; `problems` holds one line each, all of them at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["the performance cannot start:", *(f"  - {problem}" for problem in self.problems)]))


class FileError(ImpsyError):
    """A file that is missing, damaged, or not what its name says; `path` names it."""

    def __init__(self, path: Path | str, what: str) -> None:
        self.path = Path(path)
        self.what = what
        super().__init__(f"{path}: {what}")


class ModelError(FileError):
    """A model file that cannot be played."""


class DatasetError(FileError):
    """A dataset that cannot be read, or must not be (hostile, damaged)."""


class LogError(FileError):
    """A log, or a folder of logs, that cannot be read or written."""


class MidiFileError(FileError):
    """A MIDI file that holds no performance, or one that cannot be read."""


class ReportError(FileError):
    """A report that cannot be written."""


class NotEnoughData(ImpsyError):
    """Too little was recorded to learn from; `found` and `needed` count interactions."""

    def __init__(self, found: int, needed: int, what: str) -> None:
        self.found = found
        self.needed = needed
        super().__init__(what)


class MissingExtra(ImpsyError):
    """A command needs an optional part of the installation; `extra` names it, `install` is the command that adds it.

    The command fits how impsy itself was installed, for the Python that runs.
    """

    def __init__(self, extra: str, needs: str) -> None:
        checkout = Path(__file__).parents[1]
        what = f"-e '{checkout}[{extra}]'" if (checkout / "pyproject.toml").exists() else f"'impsy[{extra}]'"
        self.extra = extra
        self.install = f"{sys.executable} -m pip install {what}"
        super().__init__(f"{needs}; this installs them:\n\n    {self.install}\n")


class PortError(ImpsyError):
    """A port or a device of ours that cannot be opened; `port` names it as a person would."""

    def __init__(self, port: str, what: str) -> None:
        self.port = port
        self.what = what
        super().__init__(f"{port}: {what}")


class NoSuchDevice(ImpsyError):
    """No device goes by the name `wanted`, or more than one does; `found` are those that are there, or that match."""

    def __init__(self, kind: str, wanted: str, found: Sequence[str], *, ambiguous: bool = False) -> None:
        self.wanted = wanted
        self.found = tuple(found)
        there = ", ".join(f'"{name}"' for name in found) or "none at all"
        self.what = f"several match: {there}; write one name whole" if ambiguous else f"none matches; found: {there}"
        if ambiguous:
            super().__init__(f'"{wanted}" matches {len(found)} {kind}s: {there}; write one name whole')
        else:
            super().__init__(f'no {kind} matches "{wanted}"; found: {there}')
