"""What `impsy doctor` looks at, one function a subject; each yields what it found and what to do about it.

Thresholds: a wake-up 2 ms late is below what a hand or an ear notices, and so is a model's step of 2 ms, which still
lets every gesture of a 500 Hz controller be answered. Both are said and never wrong: the machine plays all the same.
"""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from impsy.adapters.build import build_ports
from impsy.adapters.midi_system import SYSTEMS, MidiSystem, match
from impsy.adapters.serial_system import found_ports
from impsy.cli.stage import Stage, set_stage
from impsy.config.load import LoadedConfig
from impsy.config.notes import notes_on
from impsy.config.schema import Config, Midi
from impsy.data.wording import count
from impsy.errors import ModelError, NoSuchDevice, PortError
from impsy.model.litert import LiteRtPredictor
from impsy.runtime import clock
from impsy.runtime.inbox import EventInbox
from impsy.runtime.timing import step_time, wake_lateness

PYTHONS = (3, 11), (3, 13)  # the oldest and the newest that it is tested with
NEEDED = "ai-edge-litert", "click", "msgspec", "numpy", "websockets"
FOR_DEVICES = {"python-rtmidi": "MIDI", "pyserial": "serial ports"}
FOR_TRAINING = {"tensorflow": "tensorflow", "keras": "keras", "keras-mdn-layer": "keras_mdn_layer"}  # package: module
LATE = 0.002  # seconds; see above
SLOW = 0.002  # seconds; see above
WAITING = 2.0  # seconds of waits
STEPPING = 0.3  # seconds of steps, for each model
MOST_MODELS = 10  # the newest
AN_EVENING = 1 << 30  # bytes: three hours at 500 gestures a second
A_SONG = 50 << 20


class Level(StrEnum):
    """How bad it is: all is well, could be better, or does not work."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


class Finding(Struct, frozen=True):
    """One line of the doctor; `advice` says what to do, where there is something to do."""

    level: Level
    check: str
    found: str
    advice: str = ""


def python() -> Iterator[Finding]:
    """The Python that runs, and the machine that it runs on."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        yield Finding(Level.OK, "python", found)
    else:
        tested = " to ".join(".".join(map(str, numbers)) for numbers in PYTHONS)
        yield Finding(Level.NOTE, "python", found, f"impsy is tested with Python {tested}")


def packages() -> Iterator[Finding]:
    """What impsy needs, and what it can do without."""
    there = {name: _version(name) for name in (*NEEDED, *FOR_DEVICES)}
    found = ", ".join(f"{name} {number}" for name, number in there.items() if number)
    missing = [name for name in NEEDED if not there[name]]
    if missing:
        yield Finding(Level.WRONG, "packages", f"not installed: {', '.join(missing)}", _install(*missing))
    yield Finding(Level.OK, "packages", found)
    for name, what in FOR_DEVICES.items():
        if not there[name]:
            yield Finding(Level.NOTE, "packages", f"no {what} without {name}", _install(name))


def training() -> Iterator[Finding]:
    """Whether this machine can train; TensorFlow takes seconds to import, and is not."""
    if all(find_spec(module) for module in FOR_TRAINING.values()):
        yield Finding(Level.OK, "training", ", ".join(f"{name} {_version(name)}" for name in FOR_TRAINING))
    else:
        advice = "impsy train tells how to install it; playing does not need it"
        yield Finding(Level.OK, "training", "not installed", advice)


def waiting() -> Iterator[Finding]:
    """How late the engine's own wait ends on this machine, as it is now."""
    late = wake_lateness(WAITING)
    found = f"waits end late by {late}"
    with suppress(OSError):
        found += f", timer slack {Path('/proc/self/timerslack_ns').read_text().strip()} ns"
    if late.p99 <= LATE:
        yield Finding(Level.OK, "timing", found)
    else:
        yield Finding(
            Level.NOTE,
            "timing",
            found,
            f"above {LATE * 1e3:g} ms it may be felt: end other programs, take the machine off power saving, "
            "or give impsy priority",
        )


def priority() -> Iterator[Finding]:
    """Whether impsy may be given real-time priority; it plays well without on most machines."""
    if sys.platform != "linux":
        return
    import resource

    highest = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    if os.geteuid() == 0 or highest:
        yield Finding(Level.OK, "priority", "real time can be had: chrt -f 10 impsy run")
    else:
        yield Finding(
            Level.OK,
            "priority",
            "real time is not allowed, and only needed where timing is not ok",
            'to allow it, put "@audio - rtprio 95" into /etc/security/limits.d/audio.conf, '
            "and yourself into the group audio",
        )


def models(stage: Stage | None, folder: Path) -> Iterator[Finding]:
    """How long each model takes: the one that would play, and those of a folder."""
    playing = [stage.model_file] if stage and stage.model_file else []
    lying = sorted(folder.glob("*.tflite"), key=lambda path: path.stat().st_mtime, reverse=True)
    others = [path for path in lying if all(path.resolve() != its.resolve() for its in playing)]
    for path in (*playing, *others[:MOST_MODELS]):
        yield _model(path)
    if len(others) > MOST_MODELS:
        yield Finding(Level.OK, "model", f"{len(others) - MOST_MODELS} older ones in {folder} were not tried")


def _model(path: Path) -> Finding:
    try:
        took = step_time(LiteRtPredictor(path), STEPPING)
    except ModelError as error:
        return Finding(Level.WRONG, "model", str(error), "take it away, or train it anew")
    found = f"{path.stem}: {took} a step"
    if took.p99 <= SLOW:
        return Finding(Level.OK, "model", found)
    return Finding(Level.NOTE, "model", found, "fast playing will wait for it: a smaller one follows more closely")


def disk(folder: Path) -> Iterator[Finding]:
    """Room for logs, and leave to write them; nothing is made."""
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / (1 << 30):.1f} GiB free for {folder}"
    if not os.access(there, os.W_OK):
        yield Finding(Level.WRONG, "disk", f"{there} cannot be written by you", "choose another folder with -l")
    elif free >= AN_EVENING:
        yield Finding(Level.OK, "disk", found)
    else:
        level = Level.NOTE if free >= A_SONG else Level.WRONG
        yield Finding(level, "disk", found, "a gesture takes some hundred bytes: make room, or choose another with -l")


def configuration(loaded: LoadedConfig) -> tuple[list[Finding], Config, Stage | None]:
    """What is wrong with the configuration, and the stage that it sets, if it does."""
    config, stage, problems = set_stage(loaded, {}, None, None)
    findings = [Finding(Level.WRONG, "config", problem) for problem in problems]
    controls = stage.predictor.spec.controls if stage else None
    if stage is not None and not problems:
        findings.append(Finding(Level.OK, "config", f"{loaded.source}, {stage.model_name}, {controls} controls"))
    notes = (*loaded.notes, *(() if problems else notes_on(config, controls)))
    findings += [Finding(Level.NOTE, "config", note) for note in notes]
    return findings, config, stage


def midi(config: Config) -> Iterator[Finding]:
    """The MIDI system, and the devices that the configuration names."""
    asked = config.midi or Midi()
    try:
        system = MidiSystem(asked.backend)
    except PortError as error:
        advice = "start JACK, load snd-seq, or take [midi] out of the configuration"
        yield Finding(Level.WRONG if config.midi else Level.OK, "midi", error.what, advice if config.midi else "")
        return
    inputs, outputs = system.inputs(), system.outputs()
    system.close()
    told = f"{count(len(inputs), 'input')}, {count(len(outputs), 'output')}"
    yield Finding(Level.OK, "midi", f"{SYSTEMS[system.backend]}, {told}")
    for devices, there, kind in ((asked.in_device, inputs, "MIDI input"), (asked.out_device, outputs, "MIDI output")):
        for device in devices:
            try:
                yield Finding(Level.OK, "midi", f'"{device}" is {match(device, there, kind).name}')
            except NoSuchDevice as error:
                yield Finding(Level.NOTE, "midi", str(error), "plug it in, now or while impsy plays")


def serial(config: Config) -> Iterator[Finding]:
    """The serial ports, and leave to use them; none is opened, which would restart an Arduino."""
    listed = [port.device for port in found_ports()]
    wanted = [section.port for section in (config.serial, config.serialmidi) if section is not None]
    there = list(dict.fromkeys((*listed, *(port for port in wanted if os.access(port, os.F_OK)))))
    shut = [port for port in there if os.access(port, os.F_OK) and not os.access(port, os.R_OK | os.W_OK)]
    usable = [port for port in there if port not in shut]
    yield Finding(Level.OK, "serial", ", ".join(usable) if usable else "no port")
    for port in shut:
        level = Level.WRONG if port in wanted else Level.NOTE
        yield Finding(level, "serial", f"{port} is not for you to open", _join(port))
    for port in (port for port in wanted if port not in there):
        yield Finding(Level.NOTE, "serial", f"{port} is not there", "plug it in, now or while impsy plays")


def servers(config: Config, stage: Stage | None) -> Iterator[Finding]:
    """Whether the ports that the configuration asks for can be had: they are opened, and closed again."""
    ports, problems = build_ports(config, EventInbox(clock.now), stage.predictor.spec.controls if stage else 1)
    for port in ports:
        port.close()
    for problem in problems:
        yield Finding(Level.WRONG, "ports", problem)
    named = [("UDP", config.osc), ("TCP", config.websocket)]
    free = [f"{kind} {ours.server_ip}:{ours.server_port}" for kind, ours in named if ours is not None]
    if free and not problems:
        yield Finding(Level.OK, "ports", f"{' and '.join(free)} can be had")


def _join(port: str) -> str:
    """How to get leave to use a serial port: by joining its group, which nobody should where that is root."""
    try:
        group = Path(port).group()
    except (KeyError, OSError):  # a group without a name
        group = "root"
    if group == "root":
        return f"it belongs to no group that you could join: sudo chgrp dialout {port}, and join dialout"
    return f"sudo usermod -aG {group} $USER, and log in again"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _install(*names: str) -> str:
    return f"{sys.executable} -m pip install {' '.join(names)}"
