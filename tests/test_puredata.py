"""The Pure Data patch, headless, plays with a real impsy; what it sounds is recorded and listened to."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from listener import check_answered, check_is_music, listen
from peers import free_port, until
from server import Server

PATCH = Path(__file__).parents[1] / "examples" / "puredata" / "pad.pd"

STROKE = 20  # gestures
RESTED = 2.2  # seconds: the rest of a stroke, and its fading

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pd") is None, reason="Pure Data is not installed: apt-get install puredata-core"),
]


@contextmanager
def pure_data(folder: Path, *messages: str) -> Iterator[None]:
    """Pd without windows or a sound card, sent these messages at its start; it must have nothing to complain about."""
    sent = [word for message in messages for word in ("-send", message)]
    said = folder / "pd.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            ["pd", "-nogui", "-noaudio", "-nomidi", "-noprefs", "-stderr", "-open", PATCH, *sent],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()
    assert said.read_text() == ""


def test_the_patch_plays_with_impsy_and_sounds_them_both(tmp_path: Path) -> None:
    port, take, seconds = free_port(socket.SOCK_DGRAM), tmp_path / "take.wav", 9.0
    setting = {"interaction": {"mode": "useronly"}, "model": {"file": "starter:pad"}, "osc": {"client_port": port}}

    with Server(tmp_path, **setting) as server:
        messages = (
            f"impsy-port {server.osc_address[1]}",
            f"prediction-port {port}",
            f"record list {take} {seconds}",
            "play-itself 1",
        )
        with pure_data(tmp_path, *messages):
            assert until(lambda: len(server.values("interface")) >= STROKE, 20)
            time.sleep(RESTED)  # the stroke dies away, and nobody answers
            server.osc().send("/impsy/mode", "battle")
            assert until(lambda: len(server.values("rnn")) >= STROKE, 10)
            assert until(lambda: listen(take).seconds > seconds - 0.1, 20)

    sound = listen(take)
    check_is_music(sound)
    check_answered(sound)


def test_the_patch_plays_on_where_impsy_begins_after_it_and_begins_again(tmp_path: Path) -> None:
    server = Server(tmp_path, interaction={"mode": "useronly"})

    with pure_data(tmp_path, f"impsy-port {server.osc_address[1]}", "play-itself 1"):
        for logs in 1, 2:
            time.sleep(0.5)  # it plays to nobody
            with server:
                assert until(lambda: len(list(server.logs.glob("*.log"))) == logs, 20)  # noqa: B023 waited for at once
