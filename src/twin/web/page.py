"""The page on which a person plays a customer or a clerk."""

from __future__ import annotations

from pathlib import Path

from twin.web.messages import Request, Response
from twin.web.routes import problem

FILES = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# One page for all: its script reads from the address whether a code was scanned.
PAGES = ("/", "/qr/")
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'"


def answer(request: Request) -> Response:
    """The page itself or one of its files."""
    if request.path == "/favicon.ico":
        return _file(FILES / "icon.svg")
    if request.path == "/" or request.path.startswith("/qr/"):
        return _file(FILES / "index.html")
    if request.path.startswith("/static/"):
        wanted = FILES / request.path.removeprefix("/static/")
        if wanted.parent == FILES and wanted.is_file():
            return _file(wanted)
    if request.path.startswith("/media/"):
        return _file(FILES / "picture.svg")
    return problem(404, "not_found", "no such page")


def _file(path: Path) -> Response:
    return Response(
        200,
        path.read_bytes(),
        TYPES[path.suffix],
        {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"},
    )
