"""`impsy ports`: what this machine can be played with, by the names that a configuration takes."""

from typing import TypeAlias

import click

Row: TypeAlias = tuple[str, str, str]  # what it is, the name to write, a remark

BACKENDS = "auto", "alsa", "jack", "coremidi", "winmm"
HINT = (
    "names go under [midi] in_device and out_device, and [serial] or [serialmidi] port; "
    "others reach impsy at the network address if it runs with --host 0.0.0.0"
)


@click.command()
@click.option(
    "--backend", type=click.Choice(BACKENDS), default="auto", show_default=True, help="The MIDI system to ask."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")
def command(backend: str, as_json: bool) -> None:
    """List MIDI inputs and outputs, serial ports, and the network addresses of this machine."""
    import msgspec

    from impsy.adapters.serial_system import found_ports
    from impsy.adapters.sockets import own_addresses

    midi = _midi(backend)
    serial = [{"port": port.device, "description": port.description} for port in found_ports()]
    network = [{"address": address, "interface": interface} for address, interface in own_addresses()]
    if as_json:
        click.echo(msgspec.json.encode({"midi": midi, "serial": serial, "network": network}).decode())
        return
    rows: list[Row] = [("MIDI", "none", str(midi["why"]))] if midi["why"] else []
    rows += [("MIDI in", f'"{name}"', "") for name in midi["inputs"]]
    rows += [("MIDI out", f'"{name}"', "") for name in midi["outputs"]]
    rows += [("serial", f'"{port["port"]}"', port["description"]) for port in serial] or [("serial", "none", "")]
    rows += [("network", one["address"], one["interface"]) for one in network] or [("network", "none", "")]
    width = max(len(name) for _, name, _ in rows)
    for kind, name, remark in rows:
        click.echo(f"{kind:<10} {name:<{width}}  {remark}".rstrip())
    click.echo(f"use        {HINT}", err=True)


def _midi(backend: str) -> dict[str, str | list[str]]:
    """The system that answers with its ports, or why there is none."""
    from impsy.adapters.midi_system import MidiSystem
    from impsy.errors import PortError

    try:
        system = MidiSystem(backend)
    except PortError as error:
        return {"system": "", "why": error.what, "inputs": [], "outputs": []}
    inputs, outputs = ([port.name for port in ports] for ports in (system.inputs(), system.outputs()))
    system.close()
    none = "" if inputs or outputs else f"{system.backend} has no ports: plug something in"
    return {"system": system.backend, "why": none, "inputs": inputs, "outputs": outputs}
