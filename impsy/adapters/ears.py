"""Ears: all that arrives on any port, as it is, for commands that do not play (`impsy monitor`, `impsy learn`).

Threads of the ports hear; what they hear goes to a `Tell`, which must not wait. What is not configured is not even
imported.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from impsy.adapters.heard import Heard, Packet, Tell
from impsy.adapters.udp import UdpServer
from impsy.config.schema import Config, lines_of_numbers
from impsy.core.actions import Status
from impsy.core.modes import Turn
from impsy.errors import PortError


class Ears(Protocol):
    """A port that is heard."""

    name: str  # what people call it

    def open(self) -> None:
        """Begin."""
        ...

    def close(self) -> None:
        """End within a moment."""
        ...


class OscEars(UdpServer):
    """Hears every packet that is sent to one address of ours."""

    def __init__(self, server: tuple[str, int], tell: Tell) -> None:
        self.name = f"OSC {server[0]}:{server[1]}"
        super().__init__(server, lambda packet, _: tell(Heard("osc", self.name, Packet(packet))))


def build_ears(
    config: Config, controls: int | None, tell: Tell, *, any_midi: str | None = None
) -> tuple[list[Ears], list[PortError]]:
    """Ears for all that a configuration opens, and the problems of those that could not be had.

    With `any_midi` every MIDI input is heard that has this in its name, and not those that the configuration names.
    """
    made: list[Ears] = []
    problems: list[PortError] = []
    for make in _makers(config, _status(config, controls), tell, any_midi):
        try:
            made.append(make())
        except PortError as error:
            problems.append(error)
    return made, problems


def _makers(config: Config, status: Status, tell: Tell, any_midi: str | None) -> Iterator[Callable[[], Ears]]:
    if (ours := config.osc) is not None:
        yield lambda: OscEars((ours.server_ip, ours.server_port), tell)
    if (web := config.websocket) is not None:
        from impsy.adapters.web_ears import WebSocketEars

        yield lambda: WebSocketEars(web, status, tell)
    if (line := lines_of_numbers(config)) is not None:
        from impsy.adapters.serial_ears import Lines, SerialEars

        yield lambda: SerialEars("serial", line.port, line.baudrate, Lines, status, tell)
    if (wire := config.serialmidi) is not None:
        from impsy.adapters.serial_ears import MidiBytes, SerialEars
        from impsy.wire.midi_bytes import BAUDRATE

        yield lambda: SerialEars("serialmidi", wire.port, BAUDRATE, MidiBytes, status, tell)
    if (midi := config.midi) is not None:
        from impsy.adapters.midi_ears import MidiEars

        yield lambda: MidiEars(midi, tell, any_midi)


def _status(config: Config, controls: int | None) -> Status:
    """What a page is told when it connects."""
    return Status(
        mode=config.interaction.mode,
        turn=Turn.CALL,
        sigma_temperature=config.model.sigmatemp,
        pi_temperature=config.model.pitemp,
        timescale=config.model.timescale,
        threshold=config.interaction.threshold,
        paused=False,
        dimension=(controls or 0) + 1,
        model="impsy monitor",
        vector=(0.5,) * (controls or 0),
    )
