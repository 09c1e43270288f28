"""Fill an empty brand and note on its database that it is whole; in a process of its own, as a bench."""

from __future__ import annotations

import json

from django.db import connection

from benchmarks.harness.rows import Row
from benchmarks.harness.stage import Stage
from siyu.config.generate.main import generate
from siyu.config.generate.people import COMPANY
from siyu.config.generate.plan import Plan
from siyu.foundation import api as foundation
from siyu.kit import clock

FACTS_EACH = 20

# What a brand of this age also has and `siyu generate` does not make: callbacks handled long ago (of each the key
# stays for ever) and points of every buyer, all spent again, so that cards say 0 as the books do.
INBOX = f"""
INSERT INTO facts_inbox_rawmessage (source, key, body, headers, received_at, due_at, state, attempts, correlation_id, last_error, done_at)
SELECT 'wecom:generate', md5(id::text) || md5(subject_id::text), NULL, '{{}}', since, since, 'done', 0, 'generate', '', since
FROM records_customers_contact WHERE connection = '{COMPANY}'
"""
BOOKS = (
    "SET session_replication_role = replica",  # the books' triggers would look at each row
    "INSERT INTO records_ledger_account (owner_kind, owner_id, kind, unit) VALUES ('system', 0, 'issued', 'points')",
    """WITH opened AS (INSERT INTO records_ledger_account (owner_kind, owner_id, kind, unit)
         SELECT 'customer', customer_id, 'main', 'points' FROM insights_cards_card WHERE orders > 0 ORDER BY customer_id RETURNING id)
       INSERT INTO records_ledger_balance (account_id, posted, held) SELECT id, 0, 0 FROM opened""",
    """INSERT INTO records_ledger_transfer (key, kind, unit, state, at, memo, amount, reversed_amount, content_hash)
       SELECT 'generate:' || way || ':' || account_id, 'generate', 'points', 'posted', now() - interval '100 days', '', 10, 0, '\\x00'
       FROM records_ledger_balance, (VALUES ('in'), ('out')) w(way) ORDER BY way, account_id""",
    """INSERT INTO records_ledger_entry (transfer_id, account_id, unit, amount)
       SELECT t.id, l.account_id, 'points', CASE split_part(t.key, ':', 2) WHEN 'in' THEN l.sign * 10 ELSE l.sign * -10 END
       FROM records_ledger_transfer t, LATERAL (VALUES (split_part(t.key, ':', 3)::bigint, 1),
         ((SELECT id FROM records_ledger_account WHERE owner_kind = 'system' AND kind = 'issued'), -1)) l(account_id, sign)
       WHERE t.kind = 'generate' ORDER BY t.id""",
    "RESET session_replication_role",
)


def run(stage: Stage) -> list[Row]:
    """Generate, add what only use brings, let the planner know; the note comes last, so that a half is made anew."""
    size = stage.customers or 0

    def say(text: str, seconds: float) -> None:
        print(f"    {seconds:6.0f} s {text}", flush=True)

    spent = generate(Plan(size, size * FACTS_EACH), at=clock.business_now(), say=say)
    with foundation.transaction():
        foundation.execute(INBOX)
        for statement in BOOKS:
            foundation.execute(statement)
    name = connection.settings_dict["NAME"]
    note = json.dumps(
        {"customers": size, "seconds": {name: round(value, 1) for name, value in spent.items()}}
    )
    with connection.cursor() as cursor:  # outside of any transaction, without parameters
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute(f"COMMENT ON DATABASE \"{name}\" IS '{note}'")
    return []
