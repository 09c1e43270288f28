"""siyu backup and restore: whole or not at all, in an empty installation, with erasures done again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.config.backup.container import BadBackup, Reader, Writer
from siyu.foundation.postgres import api as postgres
from tests.places import open_folder

ROOT = Path(__file__).resolve().parents[2]
SIYU = [sys.executable, "-c", "import sys; from siyu.config.cli import main; sys.exit(main())"]

FILL = """
from datetime import timedelta
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.foundation.api import SYSTEM, Role
from siyu.kit import clock
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
at = clock.business_now()
with foundation.transaction():
    facts.ensure_partitions(at=at)
    facts.install_cursors()
for part in range(3):
    with foundation.transaction():
        refs = [customers.IdentityRef("phone", f"1380000{part}{n:03d}", "") for n in range(40)]
        people = customers.identify(refs, at=at, source="test")
        ledger.post([ledger.TransferSpec(key=f"gift:{p.customer_id}", kind="gift", at=at, memo="",
            legs=((ledger.system_account("test"), -7), (ledger.customer_account(p.customer_id), 7)))
            for p in people], at=at)
with foundation.transaction():
    foundation.set_setting("brand.name", "星榆", at=at, by=SYSTEM)
    foundation.create_account(username="owner", display_name="老板", role=Role.OWNER, password="geheim-123",
        at=at, by=SYSTEM)
    foundation.store_file([b"receipt" * 1000], name="a.txt", purpose="test", at=at)
facts.drain(at=at)
with foundation.transaction():
    customers.identify([customers.IdentityRef("phone", "13911112222", "")], at=at, source="test")
"""
LOOK = """
import json
from siyu.config.backup import tables
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
rows = foundation.fetch("SELECT id FROM foundation_files_storedfile")
print(json.dumps({
    "sums": {t: tables.checksum(t) for t in ("records_customers_customer", "records_customers_identity",
        "records_ledger_entry", "records_ledger_balance", "facts_event", "foundation_settings_settingvalue")},
    "lag": facts.lag(),
    "file": b"".join(foundation.read_file(rows[0][0])).decode()[:14] if rows else "",
    "known": customers.identify([customers.IdentityRef("phone", "13911112222", "")],
        at=clock.business_now(), source="test")[0].customer_id,
    "books": len(ledger.check_balances()),
}))
"""
ERASE = """
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.foundation.api import SYSTEM
from siyu.kit import clock
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
at = clock.business_now()
with foundation.transaction():
    customers.merge(7, 8, at=at, by=SYSTEM)
    customers.set_consent(8, "*", "promotional", False, at=at, evidence="a call")
    customers.erase_customer(7, scope=staff.EVERYTHING, at=at, by=SYSTEM)
facts.drain(at=at)
"""


WRITE = """
import itertools
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.ledger import api as ledger
print("writing", flush=True)
for number in itertools.count():
    with foundation.transaction():
        ledger.post([ledger.TransferSpec(key=f"live:{number}:{n}", kind="gift", at=clock.business_now(), memo="",
            legs=((ledger.system_account("test"), -1), (ledger.customer_account(n), 1))) for n in range(1, 30)],
            at=clock.business_now())
"""
BOOKS = """
from siyu.foundation import api as foundation
from siyu.records.ledger import api as ledger
told = foundation.fetch("SELECT count(*) FROM facts_log WHERE name = 'points.posted'")[0][0]
kept = foundation.fetch("SELECT count(*) FROM records_ledger_transfer")[0][0]
print(len(ledger.check_balances()), told - kept, kept)
"""
DIES = """
import os
from siyu.actions.messaging import api as messaging
from siyu.foundation import api as foundation
from siyu.kit import clock
at = clock.business_now()
with foundation.transaction():
    messaging.queue([messaging.DeliverySpec(key="k", customer_id=1, channel="wecom.app", kind="service",
        content=messaging.Content("你好"), due_at=at, purpose_key="test")], at=at)
messaging.CHANNELS.get("wecom.app").send = lambda items, at: os._exit(0)
messaging.send_due(at=at)
"""
RESUMES = """
from siyu.actions.messaging import api as messaging
from siyu.foundation import api as foundation
from siyu.kit import clock
foundation.execute("UPDATE actions_messaging_delivery SET lease_until = %s", [clock.wall_now()])
with foundation.transaction():
    messaging.resolve_unclear(at=clock.business_now())
print([(state.value, number) for state, number in messaging.counts_by_state().items() if number])
"""


def environment(state: Path, url: str = "", brand: str = "main") -> dict[str, str]:
    """Of a process that uses the installation in this folder, with its embedded database or the one at ``url``."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SIYU_", "DJANGO_"))}
    env |= {"SIYU_DATA_DIR": str(state), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT / "src")}
    env["SIYU_BRAND"] = brand
    return env | ({"SIYU_DATABASE_URL": url} if url else {})


def run(
    state: Path, *words: str, good: bool = True, url: str = "", brand: str = "main"
) -> subprocess.CompletedProcess[str]:
    """``siyu WORDS`` on the installation in this folder."""
    done = subprocess.run(
        [*SIYU, *words],
        env=environment(state, url, brand),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode == 0) is good, done.stdout + done.stderr
    return done


def python(state: Path, program: str, url: str = "", brand: str = "main") -> str:
    return run(state, "shell", "--no-imports", "-c", program, url=url, brand=brand).stdout


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with open_folder("siyu-backup-") as folder:
        yield folder


@pytest.fixture(scope="module")
def old(place: Path) -> Path:
    """An installation with people, points, a file and facts that are not delivered yet."""
    state = place / "old"
    run(state, "migrate", "-v", "0")
    python(state, FILL)
    return state


@pytest.fixture(scope="module")
def saved(old: Path, place: Path) -> Path:
    path = place / "saved.backup"
    run(old, "backup", str(path))
    return path


def test_everything_is_there_in_an_empty_installation(old: Path, saved: Path, place: Path) -> None:
    before = json.loads(python(old, LOOK))
    fresh = place / "fresh"
    told = run(fresh, "restore", str(saved)).stdout
    assert "all checksums agree" in told
    after = json.loads(python(fresh, LOOK))
    assert after == before, "identities are found by the same key, files open, cursors stand where they stood"
    assert sum(before["lag"].values()) > 0
    assert before["books"] == 0
    again = python(
        fresh,
        "from siyu.facts import api as facts; from siyu.kit import clock\n"
        "facts.drain(at=clock.business_now()); print(sum(facts.lag().values()))",
    )
    assert again.strip() == "0"
    assert "in use" in run(fresh, "restore", str(saved), good=False).stderr


def test_a_backup_taken_while_points_are_posted_is_of_one_moment(old: Path, place: Path) -> None:
    path, target = place / "live.backup", place / "live"
    words = [*SIYU, "shell", "--no-imports", "-c", WRITE]
    with subprocess.Popen(words, env=environment(old), stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        run(old, "backup", str(path))
        assert writer.poll() is None
        writer.kill()
    run(target, "restore", str(path))
    wrong, difference, kept = (int(word) for word in python(target, BOOKS).split())
    assert (wrong, difference) == (0, 0)
    assert kept > 120


def test_a_cut_or_altered_file_is_refused_before_anything_changes(saved: Path, place: Path) -> None:
    body = saved.read_bytes()
    damaged = place / "damaged.backup"
    target = place / "target"
    for number, (content, words) in enumerate(
        (
            (body[: len(body) // 2], "cut off"),
            (body[:-1], "cut off"),
            (
                body[: len(body) // 3] + bytes([body[len(body) // 3] ^ 1]) + body[len(body) // 3 + 1 :],
                "altered",
            ),
            (b"no backup at all", "no backup"),
        )
    ):
        damaged.write_bytes(content)
        refused = run(target, "restore", str(damaged), good=False)
        assert words in refused.stderr, (number, refused.stderr)
        assert "Nothing was changed" in refused.stderr
    tables = "from django.db import connection; print(len(connection.introspection.table_names()))"
    assert python(target, tables).strip() == "0"


def test_who_was_erased_since_is_erased_again(old: Path, saved: Path, place: Path) -> None:
    python(old, ERASE)
    register = old / "registers" / "erasures.jsonl"
    # Both of them, since in the backup they are two; and the refusal, which the backup does not know.
    assert [json.loads(line)["customer_id"] for line in register.read_text().splitlines()] == [7, 8]
    target = place / "again"
    (target / "registers").mkdir(parents=True)
    (target / "registers" / "erasures.jsonl").write_text(register.read_text())
    assert "Erased again since then: 2 people" in run(target, "restore", str(saved)).stdout
    asked = (
        "from siyu.foundation import api as f\n"
        "from siyu.kit import clock\n"
        "from siyu.records.customers import api as c\n"
        "print(f.fetch('SELECT count(*) FROM records_customers_customer WHERE erased_at IS NOT NULL')[0][0],"
        " f.fetch('SELECT count(*) FROM records_customers_identity')[0][0])\n"
        "for number in ('13800000006', '13800000007'):\n"
        "    back = c.identify([c.IdentityRef('phone', number)], at=clock.business_now(), source='test')[0].customer_id\n"
        "    print(c.reach([(back, None)], channel='wecom', purpose='promotional')[0].consent.value)"
    )
    assert python(target, asked).split() == ["2", "119", "refused", "refused"]


def test_what_was_being_sent_is_not_sent_by_the_restored_installation(old: Path, place: Path) -> None:
    path, target = place / "sending.backup", place / "sending"
    python(old, DIES)
    run(old, "backup", str(path))  # from here on the old installation may have sent it
    run(target, "restore", str(path))
    assert python(target, RESUMES).strip() == "[('unknown', 1)]"


def test_a_sealed_backup_fills_a_database_of_ones_own(old: Path, place: Path) -> None:
    """Saved with a passphrase, restored into a PostgreSQL that siyu did not start."""
    path, words, other = place / "sealed.backup", place / "words", place / "other words"
    words.write_text("correct horse battery\n")
    other.write_text("correct horse\n")
    run(old, "backup", str(path), "--passphrase-file", str(words))
    assert "星榆".encode() not in path.read_bytes()
    before = json.loads(python(old, LOOK))
    elsewhere, state = place / "elsewhere", place / "own"
    server = postgres.ensure_running(elsewhere, profile=postgres.Profile.TESTS)
    try:
        postgres.create_database(elsewhere, "brand")
        url = f"postgresql://{server.user}@/brand?host={server.host}"
        for more in ((), ("--passphrase-file", str(other))):
            refused = run(state, "restore", str(path), *more, good=False, url=url)
            assert "passphrase" in refused.stderr and "Nothing was changed" in refused.stderr
        run(state, "restore", str(path), "--passphrase-file", str(words), url=url)
        assert json.loads(python(state, LOOK, url)) == before
        assert not (state / "postgres").exists()
    finally:
        postgres.stop(elsewhere)


def test_a_passphrase_seals_everything(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    writer = Writer(path, "correct horse")
    writer.add("key", [b"very secret" * 10])
    writer.finish({"taken_at": "now"})
    assert b"very secret" not in path.read_bytes() and b"taken_at" not in path.read_bytes()
    assert oct(path.stat().st_mode)[-3:] == "600"
    for wrong in ("", "other"):
        with pytest.raises(BadBackup, match="passphrase"):
            Reader(path, wrong)
    reader = Reader(path, "correct horse")
    reader.verify()
    assert b"".join(reader.read("key")) == b"very secret" * 10


def test_a_backup_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "half")
    writer.add("a", [b"x"])
    writer.discard()
    assert list(tmp_path.iterdir()) == []


BUSY = """
from siyu.foundation import api as foundation
# What workers side by side leave: neighbours in the log by transaction have ids far apart. All of it was heard.
foundation.execute("INSERT INTO facts_event (id, tx, name, version, payload, occurred_at, recorded_at, origin, source,"
    " external_id, correlation_id, hops) SELECT 900000 - n, 100 + n, 'x', 1, '{}', now(), now(), 'live', 's', n::text, '', 0"
    " FROM generate_series(1, 20000) n")
foundation.execute("UPDATE facts_events_cursor SET tx = 30000, fact_id = 9223372036854775807")
"""


def test_what_a_restore_itself_records_is_heard(old: Path, place: Path) -> None:
    """Also where the old log was written by more transactions than the new server has had."""
    path, target = place / "busy.backup", place / "busy"
    python(old, BUSY)
    run(old, "backup", str(path))
    register = target / "registers" / "erasures.jsonl"
    register.parent.mkdir(parents=True)
    register.write_text(json.dumps({"customer_id": 9, "noted_at": "2999-01-01T00:00:00+00:00"}) + "\n")
    assert "Erased again since then: 1 people" in run(target, "restore", str(path)).stdout
    waiting = "from siyu.facts import api as facts; print(facts.lag()['records_customers.erasures'])"
    assert python(target, waiting).strip() == "1"
    hear = "from siyu.facts import api as f; from siyu.kit import clock; f.drain(at=clock.business_now())"
    python(target, hear)
    assert [json.loads(line)["customer_id"] for line in register.read_text().splitlines()] == [9, 9]


SMALL = """
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.customers import api as customers
at = clock.business_now()
with foundation.transaction():
    facts.install_cursors()
    customers.identify([customers.IdentityRef("phone", f"1380000{n:04d}") for n in range(20)], at=at, source="test")
"""


def test_brands_of_one_folder_do_not_touch_each_other(saved: Path, place: Path) -> None:
    """They have one key, and each its own register of erasures."""
    shared, path = place / "shared", place / "second.backup"
    for brand in ("first", "second"):
        run(shared, "migrate", "-v", "0", brand=brand)
        python(shared, SMALL, brand=brand)
    key = (shared / "keys" / "installation.key").read_bytes()
    refused = run(shared, "restore", str(saved), good=False, brand="third")
    assert "another brand" in refused.stderr
    assert (shared / "keys" / "installation.key").read_bytes() == key
    run(shared, "backup", str(path), brand="second")
    python(shared, ERASE, brand="first")
    assert "Erased again since then: 0 people" in run(shared, "restore", str(path), brand="third").stdout
    python(shared, ERASE, brand="third")
    assert "Erased again since then: 0 people" in run(shared, "restore", str(path), brand="fourth").stdout
