"""What is worth saying about a configuration that can be used: one line each, and the playing goes on."""

from collections.abc import Iterator

from impsy.config.routing import routing_notes
from impsy.config.schema import Config, mappings

CHANNELS = "osc", "websocket", "midi", "serial", "serialmidi"
LOOPBACK = "localhost", "::1"


def notes_on(config: Config, controls: int | None) -> tuple[str, ...]:
    """The notes on a final configuration; `controls` is how many the model plays, where that is known."""
    return (*_nobody(config), *_open_doors(config), *_unneeded(config), *_lengths(config, controls), *_devices(config))


def is_open(server_ip: str) -> bool:
    """Whether others on the network can reach a server at this address."""
    return not (server_ip.startswith("127.") or server_ip in LOOPBACK)


def _nobody(config: Config) -> Iterator[str]:
    if all(getattr(config, name) is None for name in CHANNELS):
        yield "no channel is on, so nothing can be heard: add [osc], [websocket], [midi], [serial] or [serialmidi]"


def _open_doors(config: Config) -> Iterator[str]:
    for name, channel in (("osc", config.osc), ("websocket", config.websocket)):
        if channel is not None and is_open(channel.server_ip):
            yield f'[{name}] server_ip = "{channel.server_ip}": open to your network'


def _unneeded(config: Config) -> Iterator[str]:
    if config.webui is not None:
        yield "[webui] is not needed: ignored"


def _lengths(config: Config, controls: int | None) -> Iterator[str]:
    if controls is None:
        return
    for words, mapping in mappings(config):
        counted = f"{words} has {len(mapping)} entries for {controls} controls"
        if len(mapping) > controls:
            yield f"{counted}: the last {len(mapping) - controls} ignored"
        elif len(mapping) < controls:
            yield f"{counted}: the last {controls - len(mapping)} unset"


def _devices(config: Config) -> Iterator[str]:
    if config.serial is not None and config.serialmidi is not None and config.serial.port == config.serialmidi.port:
        yield f'[serial] and [serialmidi] both name "{config.serial.port}": [serialmidi] gets it'
    if config.midi is not None:
        yield from routing_notes(config.midi)
