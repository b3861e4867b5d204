"""`impsy learn` as a person uses it: at a terminal, out of a script, over OSC and serial lines."""

import json
import os
import subprocess
import sys
import tty
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from boards import Board
from learner import START, Learner
from peers import free_port
from server import OscPeer

from impsy.config.load import load_config
from impsy.core.mapping import ControlEntry, NoteEntry

pytestmark = pytest.mark.slow

NO_JACK = {"JACK_DEFAULT_SERVER": "nobody", "JACK_NO_START_SERVER": "1"}


def learn(folder, *arguments, answers="", **environment):
    command = [sys.executable, str(START), "learn", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        input=answers,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def osc_config(folder):
    port = free_port()
    (folder / "config.toml").write_text(f"# mine\n[osc]  # tablets\nserver_port = {port}\n")
    return OscPeer(("127.0.0.1", port))


@contextmanager
def again_and_again(act, every=0.01):
    """Something that goes on in the meantime, step after step."""
    over = Event()

    def go():
        step = 0
        while not over.wait(every):
            act(step)
            step += 1

    thread = Thread(target=go, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def serial_port():
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(theirs)
    os.close(ours)


def wave(step):
    return abs(step % 40 - 20) / 20


def test_osc_is_learned_at_a_terminal(tmp_path):
    peer = osc_config(tmp_path)
    with (
        Learner(tmp_path, "--port", "osc") as learner,
        again_and_again(lambda step: peer.send("/interface", 0.5, wave(step), 0.1)),
    ):
        assert learner.sees("/interface, 3 numbers: number 2 moves: 0.50 ")
        learner.type()
        assert learner.ends() == 0

    assert "written    config.toml: 3 controls, so dimension 4, one more for time (as it was: config.toml.bak)" in str(
        learner.screen
    )
    assert "now play   impsy run\n" in str(learner.screen)
    assert load_config(tmp_path / "config.toml").config.model.dimension == 4
    assert (tmp_path / "config.toml").read_text().startswith("# mine\n[osc]  # tablets\n")
    assert (tmp_path / "config.toml.bak").read_text().startswith("# mine\n[osc]  # tablets\nserver_port")


@pytest.mark.parametrize(
    ("messages", "advice"),
    [
        ([("/wek/outputs", 4)], "send these 4 numbers there, instead of to /wek/outputs"),
        (
            [(f"/1/fader{number}", 1) for number in range(4)],
            "with 4 numbers, instead of /1/fader0, /1/fader1, /1/fader2, /1/fader3",
        ),
    ],
)
def test_osc_that_impsy_would_not_hear_is_learned_with_words_on_what_to_send(tmp_path, messages, advice):
    peer = osc_config(tmp_path)

    def send(step):
        for index, (address, numbers) in enumerate(messages):
            peer.send(address, *([wave(step) if index == 0 else 0.5] + [0.5] * (numbers - 1)))

    with again_and_again(send):
        done = learn(tmp_path, "--port", "osc", "--yes")

    assert done.returncode == 0, done.stderr
    assert advice in done.stderr
    assert load_config(tmp_path / "config.toml").config.model.dimension == 5


def test_lines_over_serial_are_learned_by_their_columns_and_told_as_json(tmp_path):
    with serial_port() as (board, name), again_and_again(lambda step: os.write(board, b"0.5, %.2f\r\n" % wave(step))):
        done = learn(tmp_path, "--port", "serial", "--device", name, "--yes", "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["dimension"], told["backup"], told["set_aside"]) == (3, None, None)
    loaded = load_config(tmp_path / "config.toml")
    assert loaded.problems == ()
    assert loaded.config.title == f"A board on {name}"
    assert loaded.config.serial.port == name
    assert loaded.config.model.dimension == 3


def test_midi_over_serial_is_learned_control_by_control_with_answers_from_a_pipe(tmp_path):
    knobs = [21] * 40 + [22] * 40 + [23] * 40

    def turn(board, step):
        os.write(board, bytes([0xB0, knobs[step % 120], int(127 * wave(step)), 0xF8]))

    with serial_port() as (board, name), again_and_again(lambda step: turn(board, step)):
        done = learn(tmp_path, "--port", "serialmidi", "--device", name, "--controls", "3", answers="\ns\n\n")

    assert done.returncode == 0, done.stderr
    config = load_config(tmp_path / "config.toml").config
    first, _, last = config.serialmidi.input
    assert {first.controller, last.controller} < {21, 22, 23}
    assert config.serialmidi.output == config.serialmidi.input
    assert config.model.dimension == 4
    assert "control 2  skipped" in done.stderr
    assert "set aside  the model starter:pad" in done.stderr


def test_at_the_terminal_one_can_go_back_and_is_told_what_is_given_already(tmp_path):
    with serial_port() as (board, name), Learner(tmp_path, "--port", "serialmidi", "--device", name) as learner:
        assert learner.sees("hears")
        learner.type()
        assert learner.sees("control 1  nothing has moved clearly yet")
        os.write(board, bytes([0x90, 60, 100]))
        assert learner.sees(f"control 1  note_on ch 1, 60-60: Enter takes it  ({name})")
        learner.type()
        assert learner.sees("control 2  move it")
        os.write(board, bytes([0x90, 64, 100]))
        assert learner.sees("control 2  note_on ch 1 is control 1 already: move another")
        learner.type("b")
        assert learner.sees("back       to control 1")
        with again_and_again(lambda step: os.write(board, bytes([0xB3, 74, int(127 * wave(step))]))):
            assert learner.sees("control 1  control_change ch 4 cc 74, 0-127: Enter takes it")
            learner.type()
        assert learner.sees("control 2  move it")
        os.write(board, bytes([0x90, 64, 100]))
        assert learner.sees("control 2  note_on")
        learner.type()
        assert learner.sees("control 3  move it")
        learner.type("q")
        assert learner.sees(f"{name} can hear the model too: shall it?")
        learner.type("n")
        assert learner.ends() == 0

    serialmidi = load_config(tmp_path / "config.toml").config.serialmidi
    assert serialmidi.input == (ControlEntry(3, 74), NoteEntry(0))
    assert serialmidi.output is None


def test_ctrl_c_leaves_the_file_as_it_was(tmp_path):
    peer = osc_config(tmp_path)
    before = (tmp_path / "config.toml").read_bytes()
    with Learner(tmp_path, "--port", "osc") as learner:
        assert learner.sees("listening")
        peer.send("/interface", 0.5)
        learner.press_ctrl_c()
        assert learner.ends() == 1

    assert "stopped    config.toml is as it was" in str(learner.screen)
    assert "Traceback" not in str(learner.screen)
    assert (tmp_path / "config.toml").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("arguments", [("--yes", "--wait", "0.3"), ()])
def test_nothing_shown_is_nothing_written(tmp_path, arguments):
    with serial_port() as (_, name):
        done = learn(tmp_path, "--port", "serialmidi", "--device", name, *arguments)

    assert done.returncode == 1
    assert "nothing was shown" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_config_that_does_not_load_is_refused_before_anything_is_asked(tmp_path):
    (tmp_path / "config.toml").write_text("[osc]\nserver_prot = 1\n[model]\ndimension = 1\n")
    done = learn(tmp_path, "--port", "osc")

    assert done.returncode == 1
    assert "did you mean" in done.stderr
    assert "[model] dimension" in done.stderr
    assert "listening" not in done.stderr


def test_a_place_that_cannot_be_written_is_told_at_the_start(tmp_path):
    done = learn(tmp_path, "-c", "nowhere/config.toml", "--port", "osc")

    assert done.returncode == 1
    assert "nowhere/config.toml: cannot be written here (No such file or directory)" in done.stderr


def test_a_machine_without_midi_says_so_in_one_line(tmp_path):
    done = learn(tmp_path, "--yes", **NO_JACK)
    if done.returncode == 0 or "MIDI:" not in done.stderr:
        pytest.skip("this machine has MIDI")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_a_serial_port_that_is_not_there_yet_is_waited_for_by_a_person_and_not_by_a_script(tmp_path):
    board = Board(tmp_path / "tty", plugged=False)
    with Learner(tmp_path, "--port", "serial", "--device", str(board.path), "--yes") as learner:
        assert learner.ends() == 1
    assert f"\nimpsy: {board.path}: not there" in str(learner.screen)

    with Learner(tmp_path, "--port", "serial", "--device", str(board.path)) as learner:
        assert learner.sees(f"not there  {board.path}: not there; ", 10)
        board.plug()
        with again_and_again(lambda step: board.send(b"%.2f,0.5\n" % wave(step))):
            assert learner.sees(f"heard      {board.path}"), str(learner.screen)
            learner.type()
            assert learner.ends() == 0
    board.close()


def test_an_unknown_serial_port_is_told_with_those_that_are_there(tmp_path):
    done = learn(tmp_path, "--port", "serial", "--device", "micro:bit")

    assert done.returncode == 1
    assert "found" in done.stderr


def test_the_byte_order_mark_and_the_mode_of_a_file_stay(tmp_path):
    peer = osc_config(tmp_path)
    config = tmp_path / "config.toml"
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))
    config.chmod(0o640)
    with again_and_again(lambda step: peer.send("/interface", wave(step), 0.5)):
        done = learn(tmp_path, "--port", "osc", "--yes")

    assert done.returncode == 0, done.stderr
    assert config.read_bytes().startswith(b"\xef\xbb\xbf# mine\r\n[osc]  # tablets\r\n")
    assert config.stat().st_mode & 0o777 == 0o640
    assert load_config(config).problems == ()


def test_what_a_stranger_sends_does_not_reach_the_terminal_as_it_is(tmp_path):
    peer = osc_config(tmp_path)
    with (
        Learner(tmp_path, "--port", "osc") as learner,
        again_and_again(lambda step: peer.send("/\x1b[2J/evil", wave(step))),
    ):
        assert learner.sees("/?[2J/evil, 1 number")
        learner.press_ctrl_c()
        assert learner.ends() == 1
