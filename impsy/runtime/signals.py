"""Signals that end a performance, heard by a thread of their own.

Python runs a signal's handler on the main thread, when that comes to it; and a signal may be delivered to any thread,
which leaves the main one asleep in its wait. The wake-up socket is written to by whichever thread was interrupted, and
a reader of it can wake the engine through its inbox as everyone else does.
"""

import os
import signal
import socket
import threading
from types import FrameType

from impsy.core.events import Quit
from impsy.core.ports import Inbox

ENDING = "SIGINT", "SIGTERM", "SIGHUP"  # Windows has no SIGHUP


def quit_on_signals(inbox: Inbox) -> None:
    """Let the first signal end the performance in order, and a second Ctrl-C at once; from the main thread.

    A signal that was inherited as ignored stays so: `nohup` means it.
    """
    heard, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    for name in ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave_it_to_the_reader)
    threading.Thread(target=_read, args=(heard, told, inbox), name="signals", daemon=True).start()


def _leave_it_to_the_reader(_number: int, _frame: FrameType | None) -> None:
    """A handler that does nothing: that there is one makes the wake-up socket be written to."""


def _read(heard: socket.socket, told: socket.socket, inbox: Inbox) -> None:
    """Read the numbers; `told` is handed in so that it lives as long as this thread."""
    ending = False
    while number := heard.recv(1):
        name = signal.Signals(number[0]).name
        if name not in ENDING:
            continue
        if ending and name == "SIGINT":
            os._exit(128 + number[0])
        if not ending:
            inbox.put(Quit(name))
        ending = True
    told.close()
