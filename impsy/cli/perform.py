"""A performance from the first sound to the last line of the log: what `impsy run` does once its options are read."""

import gc
import platform
import secrets
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from impsy import __version__
from impsy.adapters.build import build_ports
from impsy.adapters.sockets import everywhere, lan_address, sent_to
from impsy.cli.stage import WALK, Stage, read_config, set_stage, starter_of
from impsy.config.notes import notes_on
from impsy.config.routing import inputs_of, outputs_of, thru_routes
from impsy.config.schema import Config, lines_of_numbers
from impsy.core.actions import Origin
from impsy.core.ports import Port
from impsy.core.session import Session, Settings
from impsy.errors import CannotStart
from impsy.model.litert import file_hash
from impsy.runtime import clock
from impsy.runtime.console import Console
from impsy.runtime.inbox import EventInbox
from impsy.runtime.journal import Entry, Journal
from impsy.runtime.keys import WORDS, is_terminal, panic_on_enter
from impsy.runtime.runner import Runner
from impsy.runtime.signals import quit_on_signals
from impsy.wire.midi_bytes import BAUDRATE as MIDI_BAUDRATE


def run(
    config_file: Path | None,
    given: Mapping[str, object],
    logdir: Path,
    *,
    host: str | None,
    seed: int | None,
    quiet: bool,
) -> None:
    """Set the stage, open the ports and play; `given` are the command line's wishes by their place in a config."""
    config, stage, problems = set_stage(read_config(config_file), given, host, logdir)
    inbox = EventInbox(clock.now)
    ports, more = build_ports(config, inbox, stage.predictor.spec.controls if stage else 1)
    if stage is None or problems or more:  # the ports were tried all the same: all problems are told at once
        raise CannotStart([*problems, *more])
    perform(stage, inbox, ports, logdir, secrets.randbits(32) if seed is None else seed, quiet=quiet)


def perform(stage: Stage, inbox: EventInbox, ports: Sequence[Port], logdir: Path, seed: int, *, quiet: bool) -> None:
    """Play until someone quits, and leave everything whole."""
    clock.prepare_thread()
    quit_on_signals(inbox)
    console = Console(verbose=stage.config.verbose, quiet=quiet)
    wall = clock.WallClock.read()
    session = Session(stage.predictor, settings(stage.config), seed, wall.at, model=stage.model_name)
    logged = {Origin.PERFORMER: stage.config.log_input, Origin.MODEL: stage.config.log_predictions}
    journal = Journal(
        logdir,
        stage.predictor.spec.dimension,
        wall,
        provenance(stage, seed),
        sources=frozenset(origin for origin, wanted in logged.items() if wanted),
        say=console.say,
    )
    gc.freeze()  # what has been made so far stays to the end: no collection has to look at it in the middle of a phrase
    gc.enable()
    try:
        for port in ports:
            port.open(session.status)
        for line in notes(stage) if quiet else opening(stage):
            console.say(line)
        if is_terminal():
            panic_on_enter(inbox)
        end = Runner(session, inbox, clock.now, ports, [journal, console]).run()
        for refusal in inbox.refusals():
            journal.note(clock.now(), {"what": "refusals", **msgspec.to_builtins(refusal)})
        journal.note(clock.now(), {"what": "stop", "source": end.source})
    finally:
        for port in ports:
            port.close()
        journal.close()
        if not quiet:
            console.say(f"stopped    {f'the log is {journal.path}' if journal.path else 'no log was written'}")
        console.close()


def settings(config: Config) -> Settings:
    """The session's part of a configuration."""
    return Settings(
        mode=config.interaction.mode,
        threshold=config.interaction.threshold,
        sigma_temperature=config.model.sigmatemp,
        pi_temperature=config.model.pitemp,
        timescale=config.model.timescale,
        input_thru=config.interaction.input_thru,
        longest_dt=config.model.longest_dt,
        thru_sources=frozenset(thru_routes(config.midi) if config.midi else ()),
    )


def provenance(stage: Stage, seed: int) -> Entry:
    """What a performance needs to be repeated, for the session record."""
    return {
        "seed": seed,
        "settings": msgspec.to_builtins(settings(stage.config)),
        "source": stage.source,
        "config": msgspec.to_builtins(stage.config),
        "model": {
            "name": stage.model_name,
            "file": stage.model_file and str(stage.model_file),
            "sha256": stage.model_file and file_hash(stage.model_file),
            **msgspec.to_builtins(stage.predictor.spec),
        },
        "versions": {
            "impsy": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "ai-edge-litert": version("ai-edge-litert"),
        },
        "system": f"{sys.platform} {platform.machine()}",
    }


def opening(stage: Stage) -> list[str]:
    """The lines that say what listens where, and who plays."""
    config = stage.config
    told = [f"config     {stage.source}", *notes(stage)]
    if stage.model_file is None:
        spec = stage.predictor.spec
        instead = f'; with [model] file = "{starter}" a model does' if (starter := starter_of(spec.dimension)) else ""
        told.append(f"model      none: a {WALK} plays {spec.controls} controls{instead}")
    else:
        told.append(f"model      {stage.model_name}")
    if (osc := config.osc) is not None:
        told.append(
            f"listening  OSC {osc.server_ip}:{osc.server_port}, /interface and {stage.predictor.spec.controls} numbers"
        )
        told.append(f"sending    OSC {sent_to(osc.client_ip)}:{osc.client_port}, {' and '.join(osc.output_address)}")
    if (web := config.websocket) is not None:
        told += [f"play page  http://{host}:{web.server_port}" for host in _reached_by(web.server_ip)]
    if (midi := config.midi) is not None:
        told += [f'listening  MIDI "{name}"' for name in inputs_of(midi)]
        told += [f'sending    MIDI "{name}"' for name in outputs_of(midi)]
    if (line := lines_of_numbers(config)) is not None:
        numbers = stage.predictor.spec.controls
        told.append(f"serial     {line.port}, {line.baudrate} baud: lines of {numbers} numbers, both ways")
    if config.serialmidi is not None:
        told.append(f"serial     {config.serialmidi.port}, {MIDI_BAUDRATE} baud: MIDI")
    panic = f"{WORDS}; " if is_terminal() else ""
    told.append(f"ready      {config.interaction.mode}; {panic}Ctrl-C ends it")
    return told


def notes(stage: Stage) -> list[str]:
    """The lines that say what is worth knowing of a configuration that can be played."""
    return [f"note       {note}" for note in (*stage.notes, *notes_on(stage.config, stage.predictor.spec.controls))]


def _reached_by(host: str) -> list[str]:
    if not everywhere(host):
        return [f"[{host}]" if ":" in host else host]
    return ["127.0.0.1", *filter(None, [lan_address()])]
