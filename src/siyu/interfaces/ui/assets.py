"""Where the fetched front-end files lie under the static root, named once."""

from __future__ import annotations

VENDOR = {
    "tabler.css": "tabler/css/tabler.min.css",
    "tabler.js": "tabler/js/tabler.min.js",
    "icons.css": "icons/tabler-icons.min.css",
    "htmx.js": "htmx/htmx.min.js",
    "echarts.js": "echarts/echarts.min.js",
    "weui.css": "weui/style/weui.min.css",
    "alpine.js": "alpine/cdn.min.js",
}
