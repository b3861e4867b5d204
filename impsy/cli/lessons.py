"""The lessons of `impsy learn`, one for each kind of port: listen, ask, and write what was learned."""

import re
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from msgspec.structs import replace

from impsy.adapters.ears import build_ears
from impsy.adapters.heard import Heard
from impsy.cli.learned import Target, Written, write
from impsy.cli.talk import Talk, listen_to_answers
from impsy.cli.teach import Classroom, Happened, Plan, Said, teach_mapping, teach_vector
from impsy.config.mappings import write_entry
from impsy.config.schema import Config, Midi, Osc, Serial, SerialMidi
from impsy.core.dense import DenseLesson
from impsy.core.lesson import Source, mappings_of
from impsy.core.mapping import Mapping
from impsy.data.wording import count
from impsy.errors import ImpsyError, PortError

INTERFACE = "/interface"  # the one OSC address that sets controls
NO_WORD_OF_A_DEVICE = re.compile(r"#?\d+|\b(in|out|input|output|midi|port|capture|playback)\b|[\W_]+")
HINT = "Enter takes what moved, s skips, b goes back, q ends and writes"


class NothingLearned(ImpsyError):
    """Nothing, or less than was asked for, was shown; `found` counts controls."""

    def __init__(self, found: int, path: Path, wanted: int | None = None) -> None:
        self.found = found
        shown = f"{found} of {wanted} controls were" if wanted else "nothing was"
        super().__init__(f"{shown} shown: {path} is as it was. `impsy ports` lists what is there to be heard")


def learn(target: Target, port: str, device: str | None, host: str | None, plan: Plan, talk: Talk) -> dict[str, Any]:
    """One whole lesson; what was learned, as values."""
    happened: SimpleQueue[Happened] = SimpleQueue()

    def tell(item: Heard | Said) -> None:
        happened.put((time.monotonic(), item))

    opened = _config(target.loaded.config, port, device, host)
    made, problems = build_ears(opened, None, tell, any_midi=device or "")
    if problems:
        raise problems[0]
    (ears,) = made
    with closing(ears):
        ears.open()
        if not plan.alone:
            listen_to_answers(lambda answer: tell(Said(answer)))
        room = Classroom(happened, talk, plan)
        if port in ("osc", "serial"):
            return _learn_vector(room, target, opened, ears.name)
        return _learn_mapping(room, target, opened)


def _config(old: Config, port: str, device: str | None, host: str | None) -> Config:
    """What opens the one port to learn from, as `old` has it where nothing else is wished."""
    match port:
        case "midi":
            return Config(midi=Midi(backend=old.midi.backend if old.midi else "auto"))
        case "osc":
            osc = old.osc or Osc()
            return Config(osc=osc if host is None else replace(osc, server_ip=host))
        case "serial":
            name = _serial_device(device)
            return Config(serial=replace(old.serial, port=name) if old.serial else Serial(port=name))
        case _:
            return Config(serialmidi=SerialMidi(port=_serial_device(device)))


def _learn_mapping(room: Classroom, target: Target, opened: Config) -> dict[str, Any]:
    room.talk.say(f"learning   move one control after another. {HINT}" if not room.plan.alone else "learning")
    taken = teach_mapping(room)
    found = sum(source is not None for source in taken)
    if not found or (room.plan.alone and room.plan.controls and len(taken) < room.plan.controls):
        raise NothingLearned(found, target.path, room.plan.controls)
    mappings = mappings_of(taken)
    outputs = _outputs(room, mappings, _outputs_of(opened))
    if opened.serialmidi:
        device, (mapping,) = opened.serialmidi.port, mappings.values()
        changes = {"serialmidi": {"port": device, "input": mapping} | ({"output": mapping} if outputs else {})}
        title = f"MIDI over {device}"
    else:
        changes = {"midi": _midi_changes(target.loaded.config.midi or Midi(), mappings, outputs)}
        title = " and ".join(dict.fromkeys(name.partition(":")[0] for name in mappings))
    written = write(target, title, len(taken), changes)
    _tell(room.talk, written, len(taken), target)
    return _told(written, "serialmidi" if opened.serialmidi else "midi", len(taken)) | {
        "controls": [_source(source) for source in taken],
        "outputs": list(outputs),
    }


def _learn_vector(room: Classroom, target: Target, opened: Config, where: str) -> dict[str, Any]:
    room.talk.say(f"listening  {where}: send all controls at once, and move one. Enter takes them, q ends")
    learned = teach_vector(room, INTERFACE if opened.osc else where)
    if learned is None:
        raise NothingLearned(0, target.path)
    address, lesson = learned
    advice = list(_advice(address, lesson)) if opened.osc else []
    sender = lesson.senders[address]
    controls = _count(address, lesson)
    if min(sender.low, 0.0) < 0 or sender.high > 1:
        advice.append(f"numbers from {sender.low:g} to {sender.high:g} came: impsy takes 0 to 1, so scale them")
    if opened.osc:
        changes = {"osc": {"server_ip": opened.osc.server_ip, "server_port": opened.osc.server_port}}
        title = "Controls over OSC"
    else:
        changes, title = {"serial": {"port": where}}, f"A board on {where}"
    written = write(target, title, controls, changes)
    for line in advice:
        room.talk.say(f"but        {line}")
    _tell(room.talk, written, controls, target)
    return _told(written, "osc" if opened.osc else "serial", controls) | {"address": address, "advice": advice}


def _count(address: str, lesson: DenseLesson) -> int:
    """How many controls there are: the numbers of one message, or as many messages of one number."""
    numbers = len(lesson.senders[address].numbers)
    if numbers > 1 or address == INTERFACE:
        return numbers
    return sum(len(sender.numbers) == 1 for sender in lesson.senders.values())


def _advice(address: str, lesson: DenseLesson) -> list[str]:
    """What to send instead, where impsy would not hear it as it is."""
    if address == INTERFACE:
        return []
    controls = _count(address, lesson)
    if len(lesson.senders[address].numbers) == controls:
        return [f"impsy listens to {INTERFACE}: send these {controls} numbers there, instead of to {address}"]
    singles = ", ".join(name for name, sender in lesson.senders.items() if len(sender.numbers) == 1)
    return [
        f"impsy takes all controls in one message: send {INTERFACE} with {controls} numbers, instead of {singles[:200]}"
    ]


def _serial_device(device: str | None) -> str:
    """The port of that name, or with it in its name or description; without one, the only port."""
    from impsy.adapters.serial_system import found_ports, found_text

    ports = found_ports()
    if device is not None and ("/" in device or any(port.device == device for port in ports)):
        return device
    meant = [port.device for port in ports if device is None or device in f"{port.device} {port.description}"]
    if len(meant) == 1:
        return meant[0]
    what = "plug it in" if not ports else "choose one with --device"
    raise PortError(device or "serial", f"{found_text()}; {what}")


def _midi_changes(old: Midi, inputs: dict[str, Mapping], outputs: dict[str, Mapping]) -> dict[str, Any]:
    """The inputs are those that were learned; outputs are added to those that are there."""
    devices: dict[str, Any] = {"in_device": list(inputs)}
    if not outputs:
        return devices | {"input": inputs}
    devices["out_device"] = list(dict.fromkeys([*old.out_device, *outputs]))
    return devices | {"input": inputs, "output": {**old.output, **outputs}}


def _outputs_of(opened: Config) -> list[str]:
    """What can be told what the model plays: a serial line goes both ways, and MIDI outputs stand beside the inputs."""
    if opened.serialmidi:
        return [opened.serialmidi.port]
    from impsy.adapters.midi_system import MidiSystem

    try:
        system = MidiSystem(opened.midi.backend if opened.midi else "auto")
    except PortError:  # it went in this moment
        return []
    with closing(system):
        return [port.name for port in system.outputs()]


def _outputs(room: Classroom, mappings: dict[str, Mapping], there: Sequence[str]) -> dict[str, Mapping]:
    """Which outputs shall hear the model: the device that was learned, if it listens too; asked, where one can ask."""
    same = {device: same_device(device, there) for device in mappings}
    chosen = {name: mappings[device] for device, name in same.items() if name and _shall_hear(room, name)}
    others = [name for name in there if name not in same.values()]
    if others and not chosen and not room.plan.alone:
        listed = ", ".join(f"{number} {name}" for number, name in enumerate(others, start=1))
        answer = room.ask(f"who shall hear the model? {listed}, Enter nobody yet")
        if answer.isdecimal() and 0 < int(answer) <= len(others):
            chosen[others[int(answer) - 1]] = next(iter(mappings.values()))
    return chosen


def _shall_hear(room: Classroom, name: str) -> bool:
    return room.plan.alone or room.ask(f"{name} can hear the model too: shall it? Enter yes, n no") != "n"


def same_device(device: str, names: Sequence[str]) -> str | None:
    """The output of the device that has this input; systems call them alike, but for a number, or «in» and «out».

    >>> same_device("Knobs:Knobs MIDI IN 1", ["Synth", "Knobs:Knobs MIDI OUT 1"])
    'Knobs:Knobs MIDI OUT 1'
    """
    if device in names:
        return device
    core = NO_WORD_OF_A_DEVICE.sub(" ", device.lower()).split()
    alike = [name for name in names if NO_WORD_OF_A_DEVICE.sub(" ", name.lower()).split() == core]
    return alike[0] if core and len(alike) == 1 else None


def _tell(talk: Talk, written: Written, controls: int, target: Target) -> None:
    backup = f" (as it was: {written.backup})" if written.backup else ""
    dimension = f"dimension {controls + 1}, one more for time"
    talk.say(f"written    {written.path}: {count(controls, 'control')}, so {dimension}{backup}")
    if written.set_aside:
        talk.say(f"set aside  the model {written.set_aside}, which does not fit")
    if written.starter:
        talk.say(f"model      {written.starter}, which comes with impsy, plays until you train one")
    elif written.set_aside:
        talk.say("model      none: a random walk plays until you train one")
    option = "" if str(target.path) == "config.toml" else f" -c {target.path}"
    talk.say(f"now play   impsy run{option}")


def _told(written: Written, port: str, controls: int) -> dict[str, Any]:
    return {
        "config": str(written.path),
        "backup": str(written.backup) if written.backup else None,
        "port": port,
        "dimension": controls + 1,
        "starter": written.starter,
        "set_aside": written.set_aside,
    }


def _source(source: Source | None) -> dict[str, Any] | None:
    return {"device": source.port, "entry": write_entry(source.entry)} if source else None
