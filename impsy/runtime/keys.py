"""The key in the terminal: Enter silences everything, however often it is hit; `g` and Enter lets it go on.

It is the largest key there is, and whole lines need no special mode of the terminal, which a crash would leave behind.
"""

import os
import signal
import sys
import threading
import time

from impsy.core.events import Panic, Pause
from impsy.core.ports import Inbox

SOURCE = "terminal"
GO_ON = b"g"
WORDS = "Enter is panic, g and Enter goes on"
AGAIN = 0.5  # seconds until a terminal that cannot be read now (we are in the background, it hung up) is tried again


def is_terminal() -> bool:
    """Whether somebody sits at a keyboard."""
    try:
        return os.isatty(sys.stdin.fileno())
    except (AttributeError, OSError, ValueError):  # there is no standard input, or none with a number
        return False


def panic_on_enter(inbox: Inbox) -> None:
    """Listen to the terminal by a thread of its own; from the main thread, and where `is_terminal`."""
    if hasattr(signal, "SIGTTIN"):  # reading in the background would stop the process, music and all
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    threading.Thread(target=_read, args=(sys.stdin.fileno(), inbox), name="keys", daemon=True).start()


def _read(terminal: int, inbox: Inbox) -> None:
    while True:
        try:
            line = os.read(terminal, 1024)
        except OSError:
            line = b""
        if not line:
            time.sleep(AGAIN)
        elif line.strip().lower() == GO_ON:
            inbox.put(Pause(False, SOURCE))
        else:
            inbox.put(Panic(SOURCE))
