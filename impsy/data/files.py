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


def make_way(path: Path) -> Path | None:
    """Rename a file or folder that is there to `<name>-<its date>`, which is returned. Raises `OSError`."""
    if not path.exists():
        return None
    date = datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y-%m-%dT%H-%M-%S")
    older, number = path.with_name(f"{path.stem}-{date}{path.suffix}"), 1
    while older.exists():
        number += 1
        older = path.with_name(f"{path.stem}-{date}-{number}{path.suffix}")
    return path.rename(older)
