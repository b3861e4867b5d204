"""Keep LiteRT's greeting off the terminal: it is written by C++ straight to file descriptor 2."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator

_GREETINGS = (b"INFO: Created TensorFlow Lite XNNPACK delegate", b"INFO: Initialized TensorFlow Lite runtime")
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back what the process writes to stderr, and hand on all of it but the greeting at the end.

    LiteRT has no public setting for this. Nothing is lost, also of what other threads write meanwhile: it comes a
    few milliseconds later. Without a stderr, or room for a temporary file, all stays as it is.
    """
    with _one_at_a_time, contextlib.ExitStack() as stack:
        try:
            terminal = os.dup(2)
            stack.callback(os.close, terminal)
            held_back = stack.enter_context(tempfile.TemporaryFile())
            os.dup2(held_back.fileno(), 2)
        except OSError:
            yield
            return
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            held_back.seek(0)
            kept = b"".join(line for line in held_back if not line.startswith(_GREETINGS))
            if kept:
                os.write(2, kept)
