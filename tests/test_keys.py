"""The key in the terminal, on a real one."""

import os
import pty
import sys
from pathlib import Path

from peers import until
from server import START, Server


def test_enter_is_panic_and_g_goes_on(tmp_path: Path) -> None:
    keyboard, terminal = pty.openpty()
    with Server(tmp_path, stdin=terminal) as server:
        assert "Enter is panic" in server.stderr
        player = server.osc()

        os.write(keyboard, b"\n")
        assert until(lambda: player.ask("/impsy/pause") == 1)
        os.write(keyboard, b"\n\n")
        assert player.ask("/impsy/pause") == 1
        os.write(keyboard, b"g\n")
        assert until(lambda: player.ask("/impsy/pause") == 0)
        assert server.stop() == 0
    os.close(keyboard)
    os.close(terminal)


def test_a_terminal_that_hangs_up_is_left_alone(tmp_path: Path) -> None:
    keyboard, terminal = pty.openpty()
    with Server(tmp_path, stdin=terminal) as server:
        os.close(keyboard)
        os.close(terminal)

        assert server.osc().ask("/impsy/pause") == 0
        assert server.stop() == 0


def test_in_the_background_it_is_not_stopped_for_reading(tmp_path: Path) -> None:
    in_background = (
        "import os, pty, signal, subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], process_group=0)\n"  # not the foreground group of this terminal
        "time.sleep(2)\n"
        "print('state', open(f'/proc/{child.pid}/stat').read().rpartition(')')[2].split()[0])\n"
        "child.send_signal(signal.SIGTERM)\n"
        "print('exit', child.wait(5))\n"
    )
    command = [
        sys.executable,
        str(START),
        "run",
        "-l",
        str(tmp_path / "logs"),
        "--no-log-input",
        "--no-log-predictions",
    ]
    read, write = os.pipe()
    pid, keyboard = pty.fork()
    if pid == 0:
        os.dup2(write, 1)
        os.chdir(tmp_path)
        (tmp_path / "config.toml").write_text("[model]\ndimension = 3\n")
        os.execv(sys.executable, [sys.executable, "-c", in_background, *command])
    os.close(write)
    with os.fdopen(read) as told:
        said = told.read()
    os.waitpid(pid, 0)
    os.close(keyboard)

    assert "state S" in said
    assert "exit 0" in said
