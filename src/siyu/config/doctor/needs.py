"""What the tests need besides: a browser and Chinese fonts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

from siyu.config.cli_language import _

from .contracts import Finding, good, wrong

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def look() -> Iterator[Finding]:
    """Chromium and fonts-noto-cjk."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found:
        yield good(f"Chromium: {found}")
    else:
        yield wrong(_("Chromium is missing; browser tests need it."), "sudo apt-get install chromium")
    if _chinese_font():
        yield good(_("A Chinese font is there"))
    else:
        yield wrong(_("No Chinese font; pages would show boxes."), "sudo apt-get install fonts-noto-cjk")


def _chinese_font() -> bool:
    listing = shutil.which("fc-list")
    if listing is None:
        return False
    result = subprocess.run([listing, ":lang=zh", "family"], capture_output=True, text=True, check=False)
    return bool(result.stdout.strip())
