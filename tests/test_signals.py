"""Signals end a performance, whichever thread they are delivered to."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from server import Server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with Server(tmp_path, interaction={"mode": "battle"}) as server:
        time.sleep(0.3)

        assert server.stop(number, seconds=2) == 0
        assert server.record()[-1]["source"] == number.name


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs tgkill")
def test_a_signal_that_another_thread_gets_ends_it_too(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        threads = sorted(int(name) for name in os.listdir(f"/proc/{server.process.pid}/task"))  # noqa: PTH208
        send = "import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(234, *map(int, sys.argv[1:])))"  # tgkill
        subprocess.run(
            [sys.executable, "-c", send, str(server.process.pid), str(threads[-1]), str(int(signal.SIGTERM))],
            check=True,
        )

        assert server.process.wait(2) == 0


def test_a_hangup_that_was_ignored_stays_ignored(tmp_path: Path) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with Server(tmp_path, prepare=ignore) as server:
        server.send_signal(signal.SIGHUP)
        time.sleep(0.3)

        assert server.process.poll() is None
        assert server.stop(seconds=2) == 0
