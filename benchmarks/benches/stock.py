"""Ten units in stock, a thousand people at once from sixteen threads: exactly ten get one."""

from __future__ import annotations

import itertools
import threading
import time

from django.db import connection

from benchmarks.harness import brand
from benchmarks.harness.rows import Row, part
from benchmarks.harness.stage import Stage
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger

STOCK = 10
PEOPLE = 1_000
THREADS = 16


def run(stage: Stage) -> list[Row]:
    """The stock is a guarded account; each request is a transaction of its own."""
    at = clock.business_now()
    with foundation.transaction():
        facts.ensure_partitions(at=at)
        facts.install_cursors()
        [holder] = customers.identify(
            [customers.IdentityRef("phone", brand.phone(stage.stranger - 1))], at=at, source="bench"
        )
        assert holder.customer_id is not None
        stock, taken = ledger.customer_account(holder.customer_id), ledger.system_account("taken")
        issued = ledger.system_account("issued")
        ledger.post(
            [ledger.TransferSpec(f"{stage.mark}stock", "bench", ((issued, -STOCK), (stock, STOCK)), at)],
            at=at,
        )
    numbers, answers, spans = itertools.count(), list[ledger.PostStatus](), list[float]()

    def work() -> None:
        while (n := next(numbers)) < PEOPLE:
            with part(spans), foundation.transaction():
                spec = ledger.TransferSpec(f"{stage.mark}take:{n}", "bench", ((stock, -1), (taken, 1)), at)
                [answer] = ledger.post([spec], at=at)
            answers.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    meter, began = stage.meter(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, used = time.perf_counter() - began, meter.per(PEOPLE)
    got = answers.count(ledger.PostStatus.NEW)
    left = ledger.balance(holder.customer_id)
    exact = got == STOCK and len(answers) == PEOPLE and left == 0 and not ledger.check_balances()
    return [
        Row(
            "1,000 people take 10 in stock", PEOPLE / seconds, "/s", exact=exact,
            note=f"{got} got one, {answers.count(ledger.PostStatus.INSUFFICIENT)} refused, {left} left; {THREADS} threads",
            measures=used,
        ).timed(spans)
    ]  # fmt: skip
