"""A signal ends a performance, whichever thread it is delivered to; what else signals do stands in test_hostile.py."""

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from server import Server

TGKILL = {"x86_64": 234, "aarch64": 131}.get(platform.machine())  # Linux's system call that picks a thread


@pytest.mark.skipif(sys.platform != "linux" or TGKILL is None, reason="picking a thread for a signal needs Linux")
def test_a_signal_that_another_thread_gets_ends_it_too(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        threads = sorted(int(name) for name in os.listdir(f"/proc/{server.process.pid}/task"))  # noqa: PTH208
        send = "import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(*map(int, sys.argv[1:])))"
        numbers = map(str, (TGKILL, server.process.pid, threads[-1], int(signal.SIGTERM)))
        subprocess.run([sys.executable, "-c", send, *numbers], check=True)

        assert server.process.wait(2) == 0
