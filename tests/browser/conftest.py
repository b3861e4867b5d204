"""A real impsy in a process of its own, and a real Chromium to play it with."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from server import Server

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


def wait_for(happens: Callable[[], object], seconds: float = 10.0) -> object:
    """What `happens` returns as soon as that is true; the test fails when it stays untrue."""
    end = time.monotonic() + seconds
    while not (result := happens()):
        assert time.monotonic() < end, f"did not happen within {seconds} s"
        time.sleep(0.05)
    return result


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server, open to the network: `start(dimension=3, mode="callresponse")`; a pad gets the starter."""
    with ExitStack() as stack:

        def begin(dimension: int = 3, mode: str = "callresponse") -> Server:
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            model = {"file": "starter:pad"} if dimension == 3 else {"dimension": dimension}
            interaction = {"mode": mode, "threshold": 0.3}
            server = Server(
                folder, "--host", "0.0.0.0", model={"dimension": dimension, **model}, interaction=interaction
            )
            return stack.enter_context(server)

        yield begin


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
        page.goto(f"http://{host}:{server.web_address[1]}/")
        wait_for(lambda: page.evaluate("Boolean(window.impsy?.state().connected && impsy.state().dimension)"))
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []
