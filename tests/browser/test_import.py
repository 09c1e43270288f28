"""A large file through the console: progress, stop, go on, exact counts at the end, the bad rows to take home."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from siyu.config.cli import processes
from tests.browser.fixtures import ROOT, Site, environment, running_site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROWS = 24_000
BAD = {4, 9_000, 23_990}
LONG = 120_000


@pytest.fixture(scope="module")
def alone() -> Iterator[Site]:
    """A site of its own: thousands of orders would change what other tests count."""
    with running_site(environment("import_browser")) as found:
        yield found


@contextmanager
def worker() -> Iterator[None]:
    """A worker beside the site for as long as the block runs."""
    words = list(processes.worker("import worker", {}).command)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, cwd=ROOT, env=environment("import_browser"), **quiet) as process:  # type: ignore[call-overload]
        try:
            yield
        finally:
            process.terminate()


def amount(number: int) -> int:
    """What order ``number`` cost, in 分."""
    return (number % 977) * 100 + 50


def write(path: Path) -> int:
    """The file; returns what its good rows cost."""
    lines = ["订单号,付款时间,手机号,商品编码,商品名称,数量,实付金额,订单状态"]
    for number in range(ROWS):
        paid = "不是金额" if number in BAD else f"{amount(number) / 100:.2f}"
        lines.append(
            f"BIG{number:06d},2026-0{1 + number % 9}-11 10:05,139{number % 900:08d},R-{number % 50},手链,1,{paid},交易成功"
        )
    path.write_text("\n".join(lines) + "\n")
    return sum(amount(number) for number in range(ROWS) if number not in BAD)


def figures(page: Any) -> dict[str, str]:
    """The figures of the import's page by their labels."""
    texts = page.locator("#import-status .datagrid-item").all_inner_texts()
    return {label: value for label, _line, value in (text.strip().partition("\n") for text in texts)}


def test_a_large_file_is_watched_stopped_and_finished(chromium: Any, alone: Site, tmp_path: Path) -> None:
    total = write(tmp_path / "双十一订单.csv")
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    context.add_cookies([{"name": alone.cookie, "value": alone.sessions["operator"], "url": alone.url}])
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)

    page.goto(f"{alone.url}/imports/new/")
    page.set_input_files("input[type=file]", tmp_path / "双十一订单.csv")
    page.get_by_role("button", name="先预览").click()
    page.get_by_text("前 200 行中 199 行正常,1 行有问题").wait_for()
    assert "“不是金额”不是金额" in page.locator("tr.table-warning").inner_text()
    page.get_by_role("button", name="全部导入").click()
    page.locator("#confirm.show").get_by_role("button", name="确定").click()
    status = page.locator("#import-status")
    status.get_by_text("等待中").wait_for()
    assert figures(page)["已写行数"] == "0"

    with worker():
        status.get_by_text("写入中").wait_for(timeout=LONG)  # the page follows by itself
        status.get_by_role("button", name="停止").click()
        status.get_by_text("已停止").wait_for(timeout=LONG)
        left = figures(page)
        written = int(left["已写行数"].replace(",", ""))
        assert left["已读行数"] == f"{ROWS:,}"
        assert 0 < written < ROWS - len(BAD)
        page.goto(f"{alone.url}/imports/")  # it can be left and found again
        page.get_by_role("link", name="双十一订单.csv").click()
        assert int(figures(page)["已写行数"].replace(",", "")) == written
        status.get_by_role("button", name="继续").click()
        status.get_by_text("已完成").wait_for(timeout=LONG)

    good = f"{ROWS - len(BAD):,}"
    done = figures(page)
    assert (done["已读行数"], done["已写行数"], done["新订单"], done["问题行"]) == (
        f"{ROWS:,}",
        good,
        good,
        "3",
    )
    assert (done["已存在"], done["被拒订单"]) == ("0", "0")
    assert done["新订单金额"] == f"¥{total / 100:,.2f}"
    assert "100.0%" in status.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载问题行").click()
    assert download.value.suggested_filename == "问题行-双十一订单.csv"
    rows = list(csv.reader(Path(download.value.path()).read_text("utf-8-sig").splitlines()))
    assert [(row[0], row[2]) for row in rows[1:]] == [
        (str(number + 2), f"BIG{number:06d}") for number in sorted(BAD)
    ]
    assert {row[1] for row in rows[1:]} == {"“不是金额”不是金额,或小数位多于该币种。"}
    assert troubles == []
    context.close()
