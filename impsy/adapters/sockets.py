"""Sockets of our own, opened before a concert rather than in it, and the names that people reach them by."""

import errno
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress

from impsy.errors import PortError

_NO_SUCH_ADDRESS = "this machine has no such address; 127.0.0.1 is itself, 0.0.0.0 all its networks"
_SIOCGIFADDR = 0x8915  # linux/sockios.h: the address of an interface
_WAITING = 128  # connections that the system keeps until they are accepted
_HELD = 65_536  # bytes that the system holds for a client; megabytes of the past are no use to anyone
_KEEPALIVE = {  # a phone that left the room would keep its place for two hours: 10 s of silence, then 4 questions
    "TCP_KEEPIDLE": 10,  # Linux, Windows, macOS since Python 3.13
    "TCP_KEEPALIVE": 10,  # macOS
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 4,
}


def bound_socket(host: str, port: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    """A socket of ours on that address, listening when it is a stream; `PortError` says why not."""
    name = f"{'UDP' if kind is socket.SOCK_DGRAM else 'TCP'} {host}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host or "0.0.0.0", port, type=kind, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError):
        raise PortError(name, _NO_SUCH_ADDRESS) from None
    made = socket.socket(family, kind)
    try:
        if kind is socket.SOCK_STREAM and hasattr(socket, "SO_REUSEPORT"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not on Windows, where it means «steal»
        made.bind(address)
        if kind is socket.SOCK_STREAM:
            made.listen(_WAITING)
    except OSError as error:
        made.close()
        raise PortError(name, _why(error)) from None
    return made


def tune(client: socket.socket) -> None:
    """Make a TCP connection send at once, hold little of the past, and notice that the other end has vanished."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _HELD)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            client.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "in use by another program (another impsy?): end it, or choose another port"
    if error.errno == errno.EACCES:
        return "not allowed for you: choose a port above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return _NO_SUCH_ADDRESS
    return str(error.strerror)


def everywhere(host: str) -> bool:
    """Whether listening on `host` means to be open to every network."""
    return host in ("", "0.0.0.0", "::")


def sent_to(host: str) -> str:
    """Where packets for `host` go: an address that means «any» to a server means this machine to a client."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def lan_address() -> str | None:
    """The address by which others on the network reach this machine, if it is on one; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): only the route is looked up
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address


def own_addresses() -> list[tuple[str, str]]:
    """Every address (IPv4) of this machine that others may reach, the likeliest first, with its interface if known."""
    likeliest = lan_address()
    found = dict(_interface_addresses())
    try:
        named = [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:  # a machine that does not know its own name
        named = []
    every = dict.fromkeys([*filter(None, [likeliest]), *found, *named])
    return [(address, found.get(address, "")) for address in every if not address.startswith("127.")]


def _interface_addresses() -> Iterator[tuple[str, str]]:
    """The first address of each network interface, where the system (Linux) tells."""
    if sys.platform != "linux":
        return
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # an interface without an address
                asked = struct.pack("256s", name.encode()[:15])
                yield socket.inet_ntoa(fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, asked)[20:24]), name
