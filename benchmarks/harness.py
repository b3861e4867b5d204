"""What every benchmark needs: a real server on free ports, what it costs, and a table of figures (Linux only).

Costs are read by the kernel's clock of the whole process, ended threads included, in nanoseconds; arrivals are
stamped by the kernel when a datagram reaches the receiving socket, so that a receiver may read them at its leisure.
"""

import argparse
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run from a checkout, installed or not
    sys.path.insert(0, str(ROOT))

from websockets.exceptions import ConnectionClosed  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

from impsy.wire import osc  # noqa: E402

DIMENSION = 9
CONTROLS = DIMENSION - 1
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; also the type of the control message
_TIMESPEC = struct.Struct("=qq")


# -- figures


@dataclass(frozen=True)
class Figure:
    """One measured number; less is better. `goal` and `peer` are None where there is none to compare with."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    peer: float | None = None

    def cells(self) -> list[str]:
        """Name, value, goal and peer as people read them."""
        numbers = [_short(x) for x in (self.value, self.goal, self.peer)]
        return [f"{self.name}, {self.unit}" if self.unit else self.name, *numbers]


def _short(number: float | None) -> str:
    """Three digits that count, never more than four places."""
    if number is None:
        return ""
    return f"{number:.0f}" if number >= 100 else f"{round(number, 4):.3g}"


def options(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument(
        "--models", type=Path, help="a folder that models.py has filled; without it TensorFlow makes them, each time"
    )
    return parser


def show(figures: Sequence[Figure], as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        print(json.dumps([asdict(figure) for figure in figures], indent=1))
        return
    rows = [["", "measured", "goal", "peer"], *(figure.cells() for figure in figures)]
    width = max(len(row[0]) for row in rows)
    for name, *cells in rows:
        print(name.ljust(width), *(cell.rjust(9) for cell in cells))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0-1) of the values lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return percentile(values, 0.5)


@contextmanager
def models(folder: Path | None) -> Iterator[Path]:
    """A folder of the models that `models.py` makes: the one given, or a temporary one."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory() as made:
        subprocess.run([sys.executable, Path(__file__).with_name("models.py"), made], check=True)
        yield Path(made)


# -- processes


def python_environment() -> dict[str, str]:
    """The environment of a server: modules are compiled once and kept, as in any installation."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def cpu(pid: int) -> float:
    """CPU seconds of a process so far, in its own and in the kernel's code."""
    return time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED of that process: clock_getcpuclockid(3)


def resident(pid: int) -> float:
    """Resident memory of a process in MB (1e6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def prepare_thread() -> None:
    """Wake from sleep as exactly as the kernel allows: 1 ns of timer slack instead of 50 µs."""
    import ctypes

    ctypes.CDLL(None).prctl(29, ctypes.c_ulong(1), 0, 0, 0)  # PR_SET_TIMERSLACK


# -- sockets


class UdpClient:
    """An OSC peer on a port of its own, which stamps what it sends and has the kernel stamp what it receives."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])

    def send(self, address: str, values: Sequence[float], port: int) -> float:
        """Send one message; returns the wall-clock time, seconds, just before."""
        packet = osc.encode(address, values)
        before = time.time()
        self.socket.sendto(packet, ("127.0.0.1", port))
        return before

    def receive(self, timeout: float) -> tuple[float, bytes] | None:
        """The next datagram and the wall-clock time, seconds, at which the kernel had it; None after `timeout`."""
        self.socket.settimeout(timeout)
        try:
            packet, controls, _, _ = self.socket.recvmsg(2048, 64)
        except (TimeoutError, BlockingIOError):
            return None
        seconds, nanoseconds = _TIMESPEC.unpack_from(controls[0][2])
        return seconds + nanoseconds / 1e9, packet

    def drain(self, quiet: float = 0.3) -> None:
        """Throw away what comes until nothing has come for `quiet` seconds."""
        while self.receive(quiet) is not None:
            pass

    def close(self) -> None:
        self.socket.close()


def free_port(kind: socket.SocketKind) -> int:
    """A port that nobody has."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Page:
    """What the play page is to a server: its files, and one WebSocket on /osc that reads everything."""

    def __init__(self, port: int) -> None:
        for file in sorted((ROOT / "impsy/adapters/page").iterdir()):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/{file.name}").close()
        self._connection = connect(f"ws://127.0.0.1:{port}/osc", compression=None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(ConnectionClosed):
            for _ in self._connection:
                pass

    def close(self) -> None:
        self._connection.close()


class Server:
    """`impsy run` in a process of its own, its predictions going to `client`; a context manager."""

    def __init__(self, model: Path, mode: str, ports: Mapping[str, Any] | None = None, **settings: Any) -> None:
        """`settings` are those of `[interaction]` (threshold, input_thru) and `[model]` (the others).

        `ports` are further keys and sections, such as `{"serial": {"port": "/dev/ttyUSB0"}}`.
        """
        self.client = UdpClient()
        self.port = free_port(socket.SOCK_DGRAM)
        self.web_port = free_port(socket.SOCK_STREAM)
        self._folder = tempfile.TemporaryDirectory()
        self.logs = Path(self._folder.name) / "logs"
        config = Path(self._folder.name) / "config.toml"
        interaction = {"mode": mode} | {
            key: settings.pop(key) for key in ("threshold", "input_thru") if key in settings
        }
        sections: dict[str, dict[str, Any]] = {
            "interaction": interaction,
            "model": {"file": str(model)} | settings,
            "osc": {"server_port": self.port, "client_port": self.client.port},
            "websocket": {"server_port": self.web_port},
        }
        for name, section in (ports or {}).items():
            sections[name] = sections.get(name, {}) | section
        config.write_text(
            "".join(
                f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items())
                for name, section in sections.items()
            )
        )
        self._command = [sys.executable, ROOT / "start_impsy.py", "run", "-c", config, "-l", self.logs]

    def __enter__(self) -> "Server":
        self.process = subprocess.Popen(
            [*map(str, self._command)], cwd=ROOT, env=python_environment(), stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            if line.startswith("ready"):
                return self
        raise SystemExit("the server did not start:\n" + "".join(said))

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.client.close()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def cpu(self) -> float:
        """CPU seconds since the process was made."""
        return cpu(self.pid)

    def stop(self) -> list[list[str]]:
        """End it in order; returns its log, row by row, cell by cell."""
        self.process.terminate()
        self.process.wait(10)
        return [line.split(",") for path in self.logs.glob("*.log") for line in path.read_text().splitlines()]
