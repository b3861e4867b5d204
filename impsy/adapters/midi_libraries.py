"""What rtmidi is linked to, spoken to directly, for what it leaves out: quiet, and a server asked without waiting.

JACK and ALSA write to the terminal whatever goes wrong, which is every half-second while a server is looked for. And
rtmidi holds Python's lock while it connects: a server that hangs would stop every thread we have. ctypes lets go of it.
"""

import ctypes
import importlib.util
from ctypes import c_char_p, c_int, c_void_p
from functools import cache

NO_START_SERVER = 1  # JackNoStartServer
COMPLAINTS = "jack_set_error_function", "jack_set_info_function", "snd_lib_error_set_handler"


@cache
def libraries() -> ctypes.CDLL:
    """The libraries behind rtmidi's own; what it is not linked to has no name here. Quiet from now on."""
    spec = importlib.util.find_spec("rtmidi._rtmidi")
    found = ctypes.CDLL(spec.origin if spec else None)
    # A function of C that does nothing, whatever it is given: one of ours would ask for Python's lock in a thread that
    # must not wait.
    nothing = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, c_void_p)
    for name in COMPLAINTS:
        if hasattr(found, name):
            getattr(found, name)(nothing)
    return found


def jack_answers() -> bool:
    """Whether a JACK server takes clients; waits as long as it hangs, but holds up nobody else."""
    jack = libraries()
    if not hasattr(jack, "jack_client_open"):
        return True  # rtmidi may know
    jack.jack_client_open.restype = c_void_p
    client = jack.jack_client_open(c_char_p(b"impsy"), c_int(NO_START_SERVER), ctypes.byref(c_int()))
    if client:
        jack.jack_client_close(c_void_p(client))
    return bool(client)


def never_end(thing: object) -> None:
    """Keep an object from ever being taken apart, even at the end of the process."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
