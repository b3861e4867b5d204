"""Which MIDI devices a configuration opens, and which of them hear which others at once (formats §7)."""

from collections.abc import Iterator, Sequence

from impsy.config.mappings import VIRTUAL_IN, VIRTUAL_OUT
from impsy.config.schema import Midi


def inputs_of(midi: Midi) -> list[str]:
    """The inputs to open, our own last."""
    return [*dict.fromkeys(midi.in_device), *([VIRTUAL_IN] if midi.virtual else [])]


def outputs_of(midi: Midi) -> list[str]:
    """The outputs to open, our own last."""
    return [*dict.fromkeys(midi.out_device), *([VIRTUAL_OUT] if midi.virtual else [])]


def source_of(device: str) -> str:
    """What gestures that are played on an input say they come from."""
    return f"midi:{device}"


def thru_routes(midi: Midi) -> dict[str, tuple[str, ...]]:
    """The outputs that hear each source of gestures even without `input_thru`."""
    inputs, outputs = inputs_of(midi), outputs_of(midi)
    routes: dict[str, tuple[str, ...]] = {}
    for given, heard_on in midi.thru_matrix.items():
        device, meant = _meant(given, inputs), [_meant(name, outputs) for name in heard_on]
        if device is not None:
            routes[source_of(device)] = tuple(dict.fromkeys(name for name in meant if name is not None))
    return routes


def routing_notes(midi: Midi) -> Iterator[str]:
    """What is named but not opened."""
    if not inputs_of(midi) and not outputs_of(midi):
        yield "[midi] names no device: write in_device, out_device, or virtual = true"
    for key, devices, named in (
        ("in_device", inputs_of(midi), midi.input),
        ("out_device", outputs_of(midi), midi.output),
    ):
        for device in named:
            if device not in devices:
                yield f'[midi] maps "{device}", which {key} does not name: not opened'
    for given, heard_on in midi.thru_matrix.items():
        if _meant(given, inputs_of(midi)) is None:
            yield f'[midi] thru_matrix names "{given}", which is no single input of in_device: it goes nowhere'
        for name in heard_on:
            if _meant(name, outputs_of(midi)) is None:
                yield f'[midi] thru_matrix names "{name}", which is no single output of out_device: nothing goes there'


def _meant(name: str, devices: Sequence[str]) -> str | None:
    """The device of that name, or the only one with the name in its own."""
    matching = [device for device in devices if name == device] or [device for device in devices if name in device]
    return matching[0] if len(matching) == 1 else None
