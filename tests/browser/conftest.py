"""A real impsy in a process of its own, and a real Chromium to play it with."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CONFIG = """
[interaction]
mode = "{mode}"
threshold = 0.3
[model]
dimension = {dimension}
[osc]
server_port = {osc}
client_port = {peer}
[websocket]
server_port = {port}
"""


def wait_for(happens: Callable[[], object], seconds: float = 10.0) -> object:
    """What `happens` returns as soon as that is true; the test fails when it stays untrue."""
    end = time.monotonic() + seconds
    while not (result := happens()):
        assert time.monotonic() < end, f"did not happen within {seconds} s"
        time.sleep(0.05)
    return result


@dataclass
class Server:
    """`impsy run` in a folder of its own."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with (self.folder / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, REPOSITORY / "start_impsy.py", "run", "--host", "0.0.0.0"],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                stdout=said,
                stderr=said,
            )
        wait_for(self._answers, 20)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "said.txt").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(10) == 0

    def rows(self, source: str) -> list[list[float]]:
        """The values of the log's rows of `source`, whole lines only."""
        text = "".join(log.read_text() for log in sorted(self.folder.glob("logs/*.log")))
        lines = [line.split(",") for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [[float(value) for value in line[2:]] for line in lines if line[1] == source]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server: `start(dimension=3, mode="callresponse")`."""
    servers: list[Server] = []

    def begin(dimension: int = 3, mode: str = "callresponse") -> Server:
        port, osc, peer = free_ports(3)
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        config = CONFIG.format(mode=mode, dimension=dimension, osc=osc, peer=peer, port=port)
        (folder / "config.toml").write_text(config)
        servers.append(Server(folder, port))
        servers[-1].start()
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def lan_address() -> str:
    """This machine's address on its network (nothing is sent to find it), or an empty text."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
        return "" if address.startswith("127.") else address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, headless."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("the browser tests need chromium")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open the page of a server and wait for its state; whatever the browser complains of fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def go(server: Server, host: str = "127.0.0.1", tolerant: bool = False, **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        if not tolerant:
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://{host}:{server.port}/")
        wait_for(lambda: page.evaluate("Boolean(window.impsy?.state().connected && impsy.state().dimension)"))
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []
