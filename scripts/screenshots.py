"""Take the README's pictures from a running demonstration.

    make demo                                   # in one terminal, best after some simulated days
    .venv/bin/python scripts/screenshots.py     # in another; --url, --twin when the ports are others

Writes docs/images/*.png. Nothing but the demonstration's own pages is opened; for the pictures of the two phones
a customer is played who scans and buys.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
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
RICHEST = "/customers/?sort=-points_balance"
NAME = "tbody tr td .siyu-person-name"


@dataclass(frozen=True)
class Demo:
    """Where the demonstration is."""

    url: str
    twin: str


def click(page: Any, *selectors: str) -> None:
    """Click one after the other, each on the page the last one led to."""
    for selector in selectors:
        page.locator(selector).first.click()
        page.wait_for_load_state("networkidle")


def console(who: str, path: str, *selectors: str) -> Callable[[Any, Demo], None]:
    """Sign in with one click, go there, click."""

    def show(page: Any, demo: Demo) -> None:
        page.goto(f"{demo.url}/demo/{who}/")
        answer = page.goto(demo.url + path)
        if answer is None or answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status if answer else 'nothing'}")
        click(page, *selectors)

    return show


def member_page(page: Any, demo: Demo) -> None:
    """The own page of a customer with points, by the link a store manager would send."""
    console("manager", RICHEST, NAME)(page, demo)
    number = page.url.split("/customers/")[1].split("/")[0]
    page.goto(f"{demo.url}/w/people/{number}/")
    link = page.locator("[data-copy]").first.get_attribute("data-copy")
    page.goto(link)


def simulated_phone(page: Any, demo: Demo) -> None:
    """Somebody scans, is welcomed and buys."""
    page.goto(demo.twin)
    page.get_by_label("称呼").fill("小林")
    page.get_by_role("button", name="新建一位客户").click()
    page.get_by_role("button", name="扫码添加").first.click()
    page.locator(".when", has_text="欢迎语").wait_for()
    page.get_by_label("商品").select_option(index=4)
    page.get_by_role("button", name="购买").click()
    page.get_by_role("button", name="退款").wait_for()
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(3_000)  # until the note about the payment is gone


SHOTS: dict[str, tuple[Callable[[Any, Demo], None], tuple[int, int]]] = {
    "console-today": (console("owner", "/"), DESK),
    "console-customer": (console("manager", RICHEST, NAME), DESK),
    "console-segment": (console("operator", "/segments/", "tbody tr:has-text('有好友未购买') a", "a[href$='/edit/']"), DESK),
    "console-journey": (console("operator", "/journeys/", "tbody tr a"), DESK),
    "workbench-today": (console("clerk", "/w/"), PHONE),
    "member-page": (member_page, PHONE),
    "simulated-phone": (simulated_phone, PHONE),
}  # fmt: skip


def take(browser: Any, demo: Demo, name: str) -> None:
    """Show it and keep what is in the window, in 128 colours: enough for flat pages, and small."""
    show, (width, height) = SHOTS[name]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    show(page, demo)
    page.wait_for_timeout(700)
    target = IMAGES / f"{name}.png"
    page.screenshot(path=str(target))
    context.close()
    with Image.open(target) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)


def main() -> int:
    """Take all pictures, or those named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"only these: {', '.join(SHOTS)}")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the first brand")
    parser.add_argument("--twin", default="http://127.0.0.1:8002", help="address of the simulated company")
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
        for name in options.names or SHOTS:
            take(browser, Demo(options.url, options.twin), name)
            print(f"docs/images/{name}.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
