"""Where the fetched front-end files lie under the static root, named once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zlib import crc32

OWN = Path(__file__).parent / "static" / "ui"

VENDOR = {
    "tabler.css": "tabler/css/tabler.min.css",
    "tabler.js": "tabler/js/tabler.min.js",
    "icons.css": "icons/tabler-icons.min.css",
    "htmx.js": "htmx/htmx.min.js",
    "echarts.js": "echarts/echarts.min.js",
    "weui.css": "weui/style/weui.min.css",
}


@cache
def version(name: str) -> str:
    """A mark of one of our own files' content, so that browsers fetch it anew after an upgrade."""
    content = Path(f"{OWN}/{name}").read_bytes()  # a template's text is no plain str, which / refuses
    return f"{crc32(content):08x}"
