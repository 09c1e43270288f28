"""Take the README's pictures from a running demonstration.

    make demo                                   # in one terminal
    .venv/bin/python scripts/screenshots.py     # in another; --url when the port is another one

Writes docs/images/*.png. Nothing but the demonstration's own pages is opened.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESK, PHONE = (1440, 900), (390, 844)


@dataclass(frozen=True)
class Shot:
    """One picture: who looks, at which address, through how large a window, after which clicks."""

    name: str
    who: str
    path: str
    size: tuple[int, int] = DESK
    clicks: tuple[str, ...] = ()


SHOTS = (
    Shot("console-today", "owner", "/"),
    Shot("console-customers", "owner", "/customers/?sort=-net_total&col=stage&col=rfm&col=steward&col=tags&col=channel&col=orders&col=spent&col=last_order"),
    Shot("console-customer", "owner", "/customers/?friend=yes&sort=-orders", clicks=("tbody tr td .siyu-person-name",)),
    Shot("console-why", "operator", "/segments/", clicks=("tbody tr:nth-child(2) a", "tbody button")),
    Shot("console-journey", "operator", "/journeys/", clicks=("tbody tr a",)),
    Shot("console-deliveries", "operator", "/deliveries/"),
    Shot("workbench-today", "clerk", "/w/", PHONE),
)  # fmt: skip


def take(browser: Any, url: str, shot: Shot) -> None:
    """Sign in as the person, go there, click, and keep what is in the window."""
    width, height = shot.size
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{url}/demo/{shot.who}/")
    answer = page.goto(url + shot.path)
    if answer is None or answer.status != 200:
        raise SystemExit(f"{shot.path} answered {answer.status if answer else 'nothing'}")
    for selector in shot.clicks:
        page.locator(selector).first.click()
        page.wait_for_load_state("networkidle")
    page.wait_for_timeout(700)
    target = IMAGES / f"{shot.name}.png"
    page.screenshot(path=str(target))
    context.close()
    with Image.open(target) as picture:  # 128 colours are enough for flat pages and keep the files small
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)


def main() -> int:
    """Take all pictures, or those named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these pictures")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the demonstration")
    options = parser.parse_args()
    chromium = (
        shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome-stable")
    )
    if chromium is None:
        print("Install Debian's chromium and fonts-noto-cjk first.", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for shot in SHOTS:
            if not options.names or shot.name in options.names:
                take(browser, options.url, shot)
                print(f"docs/images/{shot.name}.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
