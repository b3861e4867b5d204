"""`impsy learn` with a real virtual controller, over JACK: from nothing to a configuration, as a person would.

`IMPSY_WRITE_DOCS=1` writes what the terminal shows into the how-to, which must show that.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gear import environment
from jack import Jack
from learner import Learner
from test_learn import learn

from impsy.config.load import load_config
from impsy.core.mapping import ControlEntry, FineControlEntry, NoteEntry

pytestmark = pytest.mark.slow

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to" / "first-controller.md"
SESSION = re.compile(r"(```\n\$ impsy learn\n).*?```", re.DOTALL)
KNOBS = range(21, 29)
TESTS = Path(__file__).parent
A_MINUTE = 60.0


@pytest.fixture(autouse=True)
def jack() -> Iterator[Jack]:
    with Jack() as server:
        yield server


class Controller:
    """Eight knobs, and a trembling ninth; it listens, too."""

    def __init__(self, name: str = "Knobs") -> None:
        rtmidi = pytest.importorskip("rtmidi", reason="python-rtmidi is not installed")
        self._out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name)
        self._out.open_virtual_port("MIDI out")
        self._in = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=f"{name} in")
        self._in.open_virtual_port("MIDI in")

    def __enter__(self) -> "Controller":
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def send(self, *data: int) -> None:
        self._out.send_message(list(data))

    def turn(self, controller: int, fine: bool = False) -> None:
        """A knob, up and down once, in half a second."""
        for step in range(-20, 21):
            value = 127 - abs(step) * 127 // 20
            self.send(0xB0, controller, value)
            if fine:
                self.send(0xB0, controller + 32, step * 37 % 128)
            self.send(0xB0, 90, 64 + step % 3)
            self.send(0xF8)
            time.sleep(0.012)

    def heard(self, seconds: float = 5.0) -> list[int] | None:
        """The next message that was sent to it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if message := self._in.get_message():
                return message[0]
            time.sleep(0.01)
        return None

    def unplug(self) -> None:
        for client in (self._out, self._in):
            client.delete()


class DistantController:
    """A controller in a process of its own: JACK's library is not the same again where it has seen a server die."""

    def __enter__(self) -> "DistantController":
        code = "from test_learn_midi import Controller\nwith Controller() as here:\n while input(): here.turn(21)"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=TESTS, env=environment(), stdin=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def turn(self, controller: int, fine: bool = False) -> None:
        """Turn the first knob, no other."""
        assert controller == KNOBS[0]
        assert not fine
        assert self._process.stdin is not None
        self._process.stdin.write("turn\n")
        self._process.stdin.flush()


def turned(controller: Controller, knob: int, learner: Learner, words: str, *, fine: bool = False) -> None:
    """Turn a knob until the terminal says so, as a person does; a busy machine may lose some of what JACK carries."""
    for _ in range(5):
        controller.turn(knob, fine)
        if learner.sees(words, 1.0):
            return
    raise AssertionError(str(learner.screen))


def test_from_nothing_to_a_working_config_in_under_a_minute_as_the_how_to_shows(tmp_path):
    started = time.monotonic()
    with Controller() as controller, Learner(tmp_path) as learner:
        assert learner.sees("hears      Knobs:MIDI out")
        for number, knob in enumerate(KNOBS, start=1):
            turned(controller, knob, learner, f"control {number}  control_change ch 1 cc {knob}, 0-127: Enter takes it")
            learner.type()
            assert learner.sees(f"control {number + 1}  "), str(learner.screen)
        learner.type("q")
        assert learner.sees("shall it?")
        learner.type()
        assert learner.ends() == 0
    assert time.monotonic() - started < A_MINUTE

    loaded = load_config(tmp_path / "config.toml")
    learned = tuple(ControlEntry(0, knob) for knob in KNOBS)
    assert loaded.problems == ()
    assert (loaded.config.title, loaded.config.description) == ("Knobs", "8 controls, as learned by `impsy learn`.")
    assert loaded.config.midi.input == {"Knobs:MIDI out": learned}
    assert loaded.config.midi.output == {"Knobs in:MIDI in": learned}
    page = HOW_TO.read_text("utf-8")
    real = SESSION.sub(lambda found: found[1] + str(learner.screen) + "```", page)
    if "IMPSY_WRITE_DOCS" in os.environ:
        HOW_TO.write_text(real, "utf-8")
    assert real == page or "IMPSY_WRITE_DOCS" in os.environ


def test_knobs_pairs_and_keys_are_learned_by_a_script_one_after_another(tmp_path):
    with Controller() as controller, Learner(tmp_path, "--yes", "--controls", "3") as learner:
        assert learner.sees("hears")
        turned(controller, 21, learner, "control 1  control_change ch 1 cc 21")
        turned(controller, 1, learner, "control 2  control_change_14 ch 1 msb 1", fine=True)
        controller.send(0x90, 60, 100)
        assert learner.ends() == 0

    mapping = (ControlEntry(0, 21), FineControlEntry(0, 1), NoteEntry(0))
    midi = load_config(tmp_path / "config.toml").config.midi
    assert midi.input == {"Knobs:MIDI out": mapping}
    assert midi.output == {"Knobs in:MIDI in": mapping}


def test_a_controller_that_is_unplugged_is_said_and_heard_again_when_it_is_back(tmp_path):
    with Controller() as controller, Learner(tmp_path) as learner:
        assert learner.sees("hears      Knobs:MIDI out")
        turned(controller, 21, learner, "Enter takes it")
        learner.type()
        controller.unplug()
        assert learner.sees("not there  Knobs:MIDI out: unplugged, or closed by its program")
        with Controller() as again:
            assert learner.sees("program\nhears      Knobs:MIDI out"), str(learner.screen)
            turned(again, 22, learner, "control 2  control_change ch 1 cc 22, ")
            assert learner.sees("Enter takes it")
            learner.type()
            learner.type("q")
            learner.type("n")
            assert learner.ends() == 0, str(learner.screen)

    midi = load_config(tmp_path / "config.toml").config.midi
    assert midi.input == {"Knobs:MIDI out": (ControlEntry(0, 21), ControlEntry(0, 22))}
    assert midi.out_device == ()


def test_two_controllers_share_the_vector_and_device_chooses_one(tmp_path):
    with Controller("Knobs") as knobs, Controller("Keys") as keys:
        with Learner(tmp_path, "--yes", "--controls", "2") as learner:
            assert learner.sees("hears      Knobs:MIDI out")
            assert learner.sees("hears      Keys:MIDI out")
            turned(knobs, 21, learner, "control 1  ")
            keys.send(0x90, 60, 100)
            assert learner.ends() == 0, str(learner.screen)
        loaded = load_config(tmp_path / "config.toml")

        with Learner(tmp_path, "--yes", "--controls", "1", "--device", "Keys") as learner:
            assert learner.sees("hears      Keys:MIDI out")
            knobs.turn(21)
            keys.send(0x90, 60, 100)
            assert learner.ends() == 0, str(learner.screen)

    assert loaded.problems == ()
    assert {device: len(mapping) for device, mapping in loaded.config.midi.input.items()} == {
        "Knobs:MIDI out": 2,
        "Keys:MIDI out": 2,
    }
    assert load_config(tmp_path / "config.toml").config.midi.input == {"Keys:MIDI out": (NoteEntry(0),)}


def test_a_midi_system_that_goes_is_said_and_one_that_comes_back_is_used(tmp_path, jack):
    with Learner(tmp_path) as learner:
        with Controller():
            assert learner.sees("hears      Knobs:MIDI out")
        time.sleep(0.2)
        jack.crash()
        assert learner.sees("not there  Knobs:MIDI out")
        jack.start()
        with DistantController() as controller:
            turned(controller, 21, learner, "Enter takes it")
            learner.type()
            learner.type("q")
            learner.type("n")
            assert learner.ends() == 0, str(learner.screen)


def test_what_was_learned_is_played_and_answered(tmp_path):
    (tmp_path / "config.toml").write_text("[interaction]\nthreshold = 0.2\n")
    with Controller() as controller:
        with Learner(tmp_path, "--yes", "--controls", "2") as learner:
            assert learner.sees("hears      Knobs:MIDI out")
            turned(controller, 21, learner, "control 1  control_change")
            turned(controller, 22, learner, "control 2  control_change")
            assert learner.ends() == 0, str(learner.screen)
        with Learner(tmp_path, command="run") as player:
            assert player.sees("ready")
            controller.turn(21)
            controller.turn(22)
            answer = controller.heard()
            player.press_ctrl_c()
            assert player.ends() == 0, str(player.screen)

    assert answer is not None
    assert answer[:2] in ([0xB0, 21], [0xB0, 22])
    (log,) = (tmp_path / "logs").glob("*.log")
    assert {line.split(",")[1] for line in log.read_text().splitlines()} == {"interface", "rnn"}


def test_no_device_at_all_says_what_to_do(tmp_path):
    with Learner(tmp_path) as learner:
        assert learner.sees("plug your controller in")
        with Controller():
            assert learner.sees("hears      Knobs:MIDI out")
    done = learn(tmp_path, "--yes")

    assert done.returncode == 1
    assert "no input is there" in done.stderr
