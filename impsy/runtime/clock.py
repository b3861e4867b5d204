"""Time at the edge: the engine's clock, the one wall-clock pair, and how precisely this platform wakes.

The engine counts in `time.perf_counter` seconds (`monotonic` has 15.6 ms steps on Windows before Python 3.13). The
wall clock is read once, beside it: a clock step in the middle of a concert must not bend a recorded dt.
"""

import ctypes
import sys
import time
from datetime import datetime, timedelta, timezone

from msgspec import Struct

# How long before a deadline the engine stops sleeping and watches the clock: the measured lateness of a wake-up (on
# Linux 57 µs, the 99th percentile 105). No longer than that: whoever watches holds Python's lock, so that a gesture
# that arrives meanwhile is stamped late by as much, and each prediction costs the CPU that much more.
SPIN = {"linux": 0.0001, "darwin": 0.001, "win32": 0.002}.get(sys.platform, 0.001)

SWITCH_INTERVAL = 0.0005  # seconds; Python's own 5 ms would make every deadline late behind a busy thread

_PR_SET_TIMERSLACK = 29  # linux/prctl.h
_NANOSECOND = 1

now = time.perf_counter


class WallClock(Struct, frozen=True):
    """The wall-clock time that stood beside one engine time; the UTC offset holds for the whole run."""

    at: float  # engine time, seconds
    local: datetime  # aware, in the local zone

    @classmethod
    def read(cls) -> "WallClock":
        """The pair as of now."""
        wall, at = time.time(), now()
        offset = datetime.fromtimestamp(wall).astimezone().utcoffset() or timedelta()
        return cls(at, datetime.fromtimestamp(wall, timezone(offset)))

    def timestamp(self, at: float) -> str:
        """An engine time as ISO 8601, naive local, always six decimals (formats §2)."""
        moment = self.local.replace(tzinfo=None) + timedelta(seconds=at - self.at)
        return moment.isoformat(timespec="microseconds")


def prepare_thread() -> None:
    """Make the calling thread wake as exactly as the platform allows without privileges."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    if sys.platform == "linux":  # halves the lateness; a C library without prctl leaves it as it is
        prctl = getattr(ctypes.CDLL(None), "prctl", None)
        if prctl is not None:
            prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(_NANOSECOND), 0, 0, 0)
    elif sys.platform == "win32":
        ctypes.WinDLL("winmm").timeBeginPeriod(1)
