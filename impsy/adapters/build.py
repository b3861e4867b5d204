"""From a configuration to its ports; what is not configured is not even imported."""

from collections.abc import Callable, Iterator

from impsy.config.schema import Config, lines_of_numbers
from impsy.core.ports import Inbox, Port
from impsy.errors import PortError


def build_ports(config: Config, inbox: Inbox, controls: int) -> tuple[list[Port], list[str]]:
    """The ports, bound but not yet open, and the problems of those that could not be had."""
    ports: list[Port] = []
    problems: list[str] = []
    for make in _makers(config, inbox, controls):
        try:
            ports.append(make())
        except PortError as error:
            problems.append(str(error))
    return ports, problems


def _makers(config: Config, inbox: Inbox, controls: int) -> Iterator[Callable[[], Port]]:
    if (osc := config.osc) is not None:
        from impsy.adapters.osc import OscPort

        server, client = (osc.server_ip, osc.server_port), (osc.client_ip, osc.client_port)
        yield lambda: OscPort(inbox, server, client, osc.output_address, controls)
    if (web := config.websocket) is not None:
        from impsy.adapters.websocket import WebSocketPort

        yield lambda: WebSocketPort(
            inbox,
            (web.server_ip, web.server_port),
            controls,
            received=None if web.input is None else web.input[:controls],
            sent=None if web.output is None else web.output[:controls],
            origins=web.origins,
        )
    if (midi := config.midi) is not None:
        from impsy.adapters.midi import MidiPort

        yield lambda: MidiPort(inbox, midi, controls)
    if (line := lines_of_numbers(config)) is not None:
        from impsy.adapters.serial import SerialPort

        yield lambda: SerialPort(inbox, line.port, line.baudrate, controls)
    if (wire := config.serialmidi) is not None:
        from impsy.adapters.serial_midi import SerialMidiPort

        yield lambda: SerialMidiPort(
            inbox,
            wire.port,
            received=(wire.input or ())[:controls],
            sent=(wire.output or ())[:controls],
            panic=wire.panic,
        )
