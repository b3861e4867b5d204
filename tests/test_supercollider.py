"""The SuperCollider script plays with a real impsy, its sound server on a dummy JACK; what it sounds is listened to."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from jack import Jack
from listener import check_answered, check_is_music, listen
from peers import free_port, until
from server import Server

SCRIPT = Path(__file__).parents[1] / "examples" / "supercollider" / "pad.scd"
STROKE = 20  # gestures
RESTED = 2.2  # seconds: the rest of a stroke, and its fading
SECONDS = 9  # of sound
PATIENCE = 90  # seconds: sclang compiles its library at each start
HEADLESS = {  # its windows are drawn nowhere
    "QT_QPA_PLATFORM": "offscreen",
    "QTWEBENGINE_DISABLE_SANDBOX": "1",
    "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox",
}
MISSING = [program for program in ("sclang", "scsynth") if shutil.which(program) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING),
        reason="SuperCollider is not installed: apt-get install supercollider-server supercollider-language",
    ),
]

REHEARSAL = """
~impsy = NetAddr("127.0.0.1", {impsy});
s.addr = NetAddr("127.0.0.1", {server});
s.recHeaderFormat = "wav";
s.recSampleFormat = "float";
"{script}".load;
fork {{
    while {{ ~glass.isNil }} {{ 0.05.wait }};
    s.record("{take}", duration: {seconds});
    ~itself.play;
    ({seconds} + 1).wait;
    0.exit;
}};
"""


@contextmanager
def supercollider(folder: Path, code: str, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """sclang, hearing OSC on `port`; whatever is left of it and its server at the end is killed."""
    script, said = folder / "rehearsal.scd", folder / "sclang.txt"
    script.write_text(code, encoding="utf-8")
    with said.open("wb") as output:
        process = subprocess.Popen(
            ["sclang", "-u", str(port), script],
            stdin=subprocess.PIPE,  # it ends where its input does
            stdout=output,
            stderr=output,
            env=os.environ | HEADLESS,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # all of it has ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert "ERROR" not in said.read_text("utf-8", errors="replace")


def test_the_script_plays_with_impsy_and_sounds_them_both(tmp_path: Path) -> None:
    port, take = free_port(socket.SOCK_DGRAM), tmp_path / "take.wav"
    setting = {"interaction": {"mode": "useronly"}, "model": {"file": "starter:pad"}, "osc": {"client_port": port}}

    with Jack(frames=512), Server(tmp_path, **setting) as server:
        code = REHEARSAL.format(
            impsy=server.osc_address[1],
            server=free_port(socket.SOCK_DGRAM),
            script=SCRIPT,
            take=take,
            seconds=SECONDS,
        )
        with supercollider(tmp_path, code, port) as sclang:
            assert until(lambda: len(server.values("interface")) >= STROKE, PATIENCE)
            time.sleep(RESTED)  # the stroke dies away, and nobody answers
            server.osc().send("/impsy/mode", "battle")
            assert sclang.wait(PATIENCE) == 0

        assert len(server.values("rnn")) >= STROKE

    sound = listen(take)
    assert sound.seconds > SECONDS - 0.5
    check_is_music(sound)
    check_answered(sound)
