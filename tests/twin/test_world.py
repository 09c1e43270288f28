"""Clock, population, determinism, and stopping and starting again."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.twin.twin_process import START, Platform, Receiver, Twin, run_twin, wait_for

DAY = 86_400


def _live(twin: Twin, days: float, codes: int = 12) -> dict[str, Any]:
    """A busy world: codes for some clerks, one mass message, people moving for some days."""
    for userid in twin.clerks()[:codes]:
        twin.code_for(userid, state=f"s-{userid}"[:30])
    twin.post("/twin/population", running=True)
    tag = next(
        group
        for group in twin.call("~get_corp_tag_list", {})["tag_group"]
        if group["group_name"] == "客户等级"
    )["tag"][0]["id"]
    filtered = {"group_list": [{"tag_list": [tag]}]}
    twin.call("~add_msg_template", {"tag_filter": filtered, "text": {"content": "上新"}})
    start = datetime.fromisoformat(START).timestamp()
    twin.post("/twin/clock", advance_to=start + days * DAY)
    record = twin.record()
    record.pop("at")
    return record


def test_a_week_is_lively(twin: Twin) -> None:
    record = _live(twin, 7, codes=60)
    assert 250 <= record["scans"]["total"] <= 400
    assert record["orders"]["generated"] >= 200
    assert record["refunds"]["generated"] >= 20
    assert record["blocks"]["total"] >= 15
    assert record["mass"]["confirmed"] > 3 * record["mass"]["forgotten"] > 0
    assert record["remarks"]["total"] > 20
    assert record["tags"]["total"] > 20
    hours = [datetime.fromtimestamp(row["at"]).astimezone().hour for row in twin.rows("scans")]
    assert len(set(hours)) > 15
    assert sum((row["at"] + 8 * 3600) % DAY == 5400 for row in twin.rows("scans")) >= 4, "at 01:30"
    refunded = {}
    for row in twin.rows("refunds"):
        refunded[row["order_no"]] = refunded.get(row["order_no"], 0) + row["amount"]
    paid = {row["order_no"]: row["amount"] for row in twin.rows("orders")}
    assert all(0 < amount <= paid[key] for key, amount in refunded.items())
    assert any(amount < paid[key] for key, amount in refunded.items())


def test_the_same_seed_lives_the_same_life() -> None:
    records, rows = [], []
    for seed in (7, 7, 8):
        twin = Twin(seed=seed)
        try:
            records.append(_live(twin, 3))
            kinds = ("scans", "adds", "orders", "refunds", "blocks", "remarks", "tags", "mass_tasks", "sends")
            rows.append({kind: twin.rows(kind) for kind in kinds})
        finally:
            twin.kill()
    assert records[0] == records[1]
    assert rows[0] == rows[1]
    assert records[0] != records[2]


def test_jumping_from_action_to_action_is_the_same_as_one_leap(twin: Twin) -> None:
    whole = Twin()
    try:
        leap = _live(whole, 1)
        leap_rows = whole.rows("orders") + whole.rows("scans")
    finally:
        whole.kill()
    _live(twin, 0)
    end = datetime.fromisoformat(START).timestamp() + DAY
    jumps, seen = 0, []
    while True:
        clock = twin.get("/twin/clock")
        if clock["next_action_seconds"] > end:
            break
        seen.append(clock["next_action_seconds"])
        assert twin.post("/twin/clock", advance_to=clock["next_action_at"])["actions"] > 0
        jumps += 1
    twin.post("/twin/clock", advance_to=end)
    record = twin.record()
    record.pop("at")
    assert record == leap
    assert twin.rows("orders") + twin.rows("scans") == leap_rows
    assert seen == sorted(set(seen))
    assert 10 < jumps <= 144
    assert all(moment % 600 == 0 for moment in seen)


def test_the_clock_never_goes_back(twin: Twin) -> None:
    before = twin.get("/twin/clock")
    assert before["next_action_at"] is None
    assert before["idle"] is True
    same = twin.post("/twin/clock", advance_to=START.replace("16T", "15T"))
    assert abs(same["offset_seconds"] - before["offset_seconds"]) < 0.01
    assert twin.post("/twin/clock", status=409, advance_seconds=-1)["error"] == "backward"
    assert twin.post("/twin/clock", status=422)["error"] == "bad_request"
    assert twin.post("/twin/clock", status=422, advance_to="soon")["error"] == "bad_request"
    after = twin.advance(100)
    assert 100 <= after["now_seconds"] - before["now_seconds"] < 105


def test_what_passes_while_the_population_stands_still_is_not_made_up_for(twin: Twin) -> None:
    _live(twin, 1)
    before = twin.record()["scans"]["total"]
    twin.post("/twin/population", running=False)
    twin.advance(3 * DAY)
    twin.post("/twin/population", running=True)
    assert twin.record()["scans"]["total"] == before
    twin.advance(1200)
    assert twin.record()["scans"]["total"] - before < 10


def test_stop_and_start_again(tmp_path: Path) -> None:
    kept = str(tmp_path / "twin.json")
    twin = Twin("--state", kept)
    receiver, platform = Receiver(twin), Platform()
    receiver.connect()
    twin.post("/twin/shop", url=platform.url, api_key="k")
    _live(twin, 2)
    twin.quiet()
    twin.post("/twin/faults", lose=0.5)
    twin.post("/twin/population", running=False)
    views = ("/twin/record", "/twin/callback", "/twin/shop", "/twin/faults", "/twin/settings")
    lists = ("/twin/tasks", "/twin/codes", "/twin/people", "/twin/messages", "/twin/members")
    before = {path: twin.get(path) for path in views + lists}
    token = twin.gettoken()["access_token"]
    offset = twin.get("/twin/clock")["offset_seconds"]
    assert twin.stop() == 0
    again = Twin("--state", kept, start=None)
    try:
        after = {path: again.get(path) for path in views + lists}
        for document in (before, after):
            document["/twin/record"].pop("at")
        assert after == before
        assert abs(again.get("/twin/clock")["offset_seconds"] - offset) < 0.01
        again._tokens["siyu"] = token
        again.call("~get_follow_user_list")
        twin_codes = again.get("/twin/codes")["codes"]
        again.post("/twin/faults", reset=True)
        known = len(receiver.pushes)
        again.post("/twin/scan", config_id=twin_codes[0]["config_id"])
        receiver.wait(known + 1)
    finally:
        again.kill()
        receiver.close()
        platform.close()
    assert Path(kept).stat().st_size > 100_000


def test_killed_and_started_again(tmp_path: Path) -> None:
    """What was saved survives kill -9; a callback that had not gone out goes out then."""
    kept = tmp_path / "twin.json"
    twin = Twin("--state", str(kept))
    receiver = Receiver(twin)
    receiver.connect()
    twin.post("/twin/faults", delay_ms=600_000)
    twin.post("/twin/scan", config_id=twin.code_for(twin.clerks()[0]))
    wait_for(lambda: kept.exists() and '"status":"pending"' in kept.read_text())
    twin.kill()
    again = Twin("--state", str(kept), start=None)
    try:
        assert receiver.wait(1)[0].fields["ChangeType"] == "add_external_contact"
    finally:
        again.kill()
        receiver.close()


def test_another_seed_refuses_the_file(tmp_path: Path) -> None:
    kept = str(tmp_path / "twin.json")
    Twin("--state", kept).stop()
    process = run_twin("serve", "--port", "0", "--seed", "8", "--state", kept)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "--seed 7" in output


def test_port_in_use_is_said(twin: Twin) -> None:
    process = run_twin("serve", "--port", twin.url.rpartition(":")[2])
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "cannot listen" in output


def test_config_is_the_same_everywhere(twin: Twin) -> None:
    process = run_twin("config", "--seed", "7")
    output, _ = process.communicate(timeout=10)
    assert json.loads(output) == twin.config
    assert len(twin.config["members"]) == 63
    assert len(twin.config["stores"]) == 12
    assert [len(app["encoding_aes_key"]) for app in twin.config["apps"]] == [43, 43, 43]


def test_siyu_is_not_imported() -> None:
    process = run_twin("config")
    process.communicate(timeout=10)
    root = Path(__file__).resolve().parents[2] / "src" / "twin"
    found = subprocess.run(
        ["grep", "-rnE", r"^\s*(from|import) +siyu", str(root)], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
