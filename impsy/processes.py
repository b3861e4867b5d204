"""Processes that need impsy: they find it where this one did, installed or not."""

import os
from pathlib import Path

_SEARCHED = str(Path(__file__).parents[1])


def environment() -> dict[str, str]:
    """The environment of this process, for a child that runs `python -m impsy…`."""
    searched = os.pathsep.join(filter(None, [_SEARCHED, os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": searched}
