"""Files that are written whole or not at all: aside, down to the disk, and then renamed; and nothing is replaced."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where to write what shall be `path`: a file of the same name in a hidden folder beside it.

    When the block ends well it takes the place of `path`, so that whoever looks, also after a power cut, sees the old
    file or the new one; otherwise it is gone. Folders are made if need be. Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as aside:
        written = Path(aside) / path.name
        yield written
        with written.open("r+b") as file:
            os.fsync(file.fileno())
        written.replace(path)


def make_way(path: Path, *beside: Path, folder: Path | None = None) -> Path | None:
    """Rename a file or folder that is there to `<name>-<its date>`, which is returned, and what belongs to it alike.

    It stays where it is, or goes into a `folder` of the same disk, which is made if need be. Raises `OSError`.
    """
    there = [each for each in (path, *beside) if each.exists()]
    if not there:
        return None
    date = datetime.fromtimestamp(there[0].stat().st_mtime).strftime("%Y-%m-%dT%H-%M-%S")
    ending, number = f"-{date}", 1
    while any(_renamed(each, ending, folder).exists() for each in there):
        number += 1
        ending = f"-{date}-{number}"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    for each in there:
        each.rename(_renamed(each, ending, folder))
    return _renamed(path, ending, folder) if path in there else None


def _renamed(path: Path, ending: str, folder: Path | None) -> Path:
    return (folder or path.parent) / f"{path.stem}{ending}{path.suffix}"
