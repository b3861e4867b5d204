"""What the WebSocket port answers to plain HTTP: the play page; and who may connect at all (formats §9)."""

import socket
from collections.abc import Collection
from functools import cache
from pathlib import Path

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response

PAGE = Path(__file__).parent / "page"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_REASONS = {200: "OK", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}
_POLICY = "default-src 'self'; connect-src *; frame-ancestors 'none'"  # any server may be played from the page


def page(path: str) -> Response:
    """A file of the play page, `/` being its first; anything else is not found."""
    body = _files().get(path.partition("?")[0].removeprefix("/") or "index.html")
    if body is None:
        return answer(404, "Nothing here. The play page is at /, OSC over WebSocket at /osc.\n")
    kind = _TYPES[Path(path.partition("?")[0].removeprefix("/") or "index.html").suffix]
    return _response(200, kind, body)


def answer(status: int, text: str) -> Response:
    """A short answer in words."""
    return _response(status, "text/plain; charset=utf-8", text.encode(errors="replace"))  # a header may be no text


def refusal(request: Request, origins: Collection[str]) -> str:
    """Why this request is not served, or nothing.

    A page of somebody else, open in the same browser, must not play here: the name that it was reached by has to be
    this machine's (else it is a DNS rebinding), and the page that asks must come from here or be listed.
    """
    try:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    except MultipleValuesError:
        return "A request names one Host, and one Origin at most.\n"
    if not _is_ours(host):
        return f"This machine is not called {host[:200]!r}: use its IP address, localhost or a name ending in .local.\n"
    same = origin is None or origin in (f"http://{host}", f"https://{host}")
    if not same and origin not in origins and "*" not in origins:
        return (
            f"Pages from {str(origin)[:200]} may not connect. To let them, add to [websocket] in the config:\n"
            f'origins = ["{str(origin)[:200]}"]\n'
        )
    return ""


def wants_websocket(request: Request) -> bool:
    """Whether the request asks for more than a file."""
    return "websocket" in (value.lower() for value in request.headers.get_all("Upgrade"))


@cache
def _files() -> dict[str, bytes]:
    """The page, read once, when it is first wanted."""
    return {path.name: path.read_bytes() for path in PAGE.iterdir() if path.suffix in _TYPES}


def _response(status: int, kind: str, body: bytes) -> Response:
    headers = Headers(
        {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-cache",
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
    )
    return Response(status, _REASONS[status], headers, body)


def _is_ours(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    name = name.lower().rstrip(".")
    machine = socket.gethostname().lower()
    return name in ("localhost", machine, machine.partition(".")[0]) or name.endswith(".local") or _is_address(name)


def _is_address(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except (OSError, ValueError):
            continue
        return True
    return False
