"""Who writes in a folder: one process, and when that has died, however it died, the folder is free.

The lock is the kernel's, on the empty file `.lock`, which stays there. On Windows, and on a file system without locks,
nothing is locked.
"""

import os
import sys
import weakref
from pathlib import Path

from impsy.errors import ImpsyError

if sys.platform != "win32":
    import fcntl


FILE = ".lock"


class InUse(ImpsyError):
    """A folder in which another process writes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: another training is writing here; wait for it, or name another folder with -O")


class Lock:
    """Held until it is let go or forgotten, or the process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock of a folder that is there. Raises `InUse` and `OSError`."""
        self._close = None
        if sys.platform != "win32":  # where a folder with an open file could not be renamed, either
            path = folder / FILE
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            self._close = weakref.finalize(self, os.close, file)
            if not _taken(file) or not os.path.samestat(os.fstat(file), path.stat()):  # or renamed meanwhile
                self.let_go()
                raise InUse(folder)

    def let_go(self) -> None:
        """Free the folder."""
        if self._close is not None:
            self._close()


def _taken(file: int) -> bool:
    """Whether an open file is ours now; where there are no locks, everybody's."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # none on this file system: better to train without
            return True
    return True
