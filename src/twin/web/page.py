"""The page on which a person plays a customer or a clerk."""

from __future__ import annotations

import io
from pathlib import Path

import segno

from twin.web.messages import Request, Response
from twin.web.routes import problem

FILES = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'"


def answer(request: Request) -> Response:
    """The page itself or one of its files."""
    if request.path == "/favicon.ico":
        return _file(FILES / "icon.svg")
    if request.path.startswith("/qr/") and _wants_picture(request):
        return _code(request)
    if request.path == "/" or request.path.startswith("/qr/"):
        return _file(FILES / "index.html")
    if request.path.startswith("/static/"):
        wanted = FILES / request.path.removeprefix("/static/")
        if wanted.parent == FILES and wanted.is_file():
            return _file(wanted)
    if request.path.startswith("/media/"):
        return _file(FILES / "picture.svg")
    return problem(404, "not_found", "no such page")


def _wants_picture(request: Request) -> bool:
    """Whether an <img> asks: the real `qr_code` address is that of a picture."""
    accepted = request.headers.get("accept", "")
    return "image/" in accepted and "text/html" not in accepted


def _code(request: Request) -> Response:
    """The code as a picture; scanned with a phone it opens the page for playing a customer."""
    out = io.BytesIO()
    segno.make(request.base + request.path, error="m").save(out, kind="svg", scale=8, border=2)
    return Response(200, out.getvalue(), TYPES[".svg"])


def _file(path: Path) -> Response:
    return Response(
        200,
        path.read_bytes(),
        TYPES[path.suffix],
        {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"},
    )
