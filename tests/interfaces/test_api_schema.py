"""Every documented operation answers what its document says, whatever schemathesis sends.

In-process through WSGI, with a valid key, in one transaction that is thrown away. Half of the ids asked for are
ids that exist, so that answers with content are seen too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from siyu.config.wsgi import application
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from tests.insights.conftest import Brand, rule, trait

CHECKS: list[Any] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    schemathesis.checks.not_a_server_error,
]
OPERATIONS = (
    "POST /api/v1/events",
    "GET /api/v1/customers",
    "GET /api/v1/customers/{customer_id}",
    "POST /api/v1/customers/{customer_id}/tags",
    "GET /api/v1/customers/{customer_id}/points",
    "GET /api/v1/customers/{customer_id}/orders",
    "GET /api/v1/orders",
    "GET /api/v1/segments",
    "GET /api/v1/segments/{segment_id}/members",
)


@pytest.fixture
def ids(db: None) -> dict[str, int]:
    """One customer with orders and points, one segment."""
    brand = Brand()
    person = brand.person("王小美😀")
    number = brand.order(person, 12_300, number="A-1")
    brand.refund("A-1", 100)
    found = segments.create_segment(
        "买过", rule(trait("orders", "at_least", 1)), by=foundation.SYSTEM, at=brand.at
    )
    brand.drain()
    assert number
    return {"customer_id": person, "segment_id": found.id}


@pytest.fixture
def api_schema(ids: dict[str, int]) -> Iterator[Any]:
    """The document as the installation serves it; requests leave the test's connection open."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("label", OPERATIONS)
def test_an_operation_answers_as_documented(
    label: str, mode: GenerationMode, api_schema: Any, ids: dict[str, int], api_key: str
) -> None:
    found = next(one.ok() for one in api_schema.get_all_operations() if one.ok().label == label)

    @given(case=found.as_strategy(generation_mode=mode))
    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def probe(case: Any) -> None:
        for name, value in list(case.path_parameters.items()):
            if isinstance(value, int) and value % 2 and value > 0:
                case.path_parameters[name] = ids[name]
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {api_key}"}, checks=CHECKS)
        seen.add(answer.status_code)

    seen: set[int] = set()
    probe()
    assert mode is not GenerationMode.POSITIVE or 200 in seen


@pytest.fixture
def api_key(ids: dict[str, int]) -> str:
    """A key that may do everything."""
    brand = Brand()
    return foundation.create_api_key(
        name="schema",
        role=foundation.Role.OWNER,
        scopes=[foundation.SCOPE_ALL],
        at=brand.at,
        by=foundation.SYSTEM,
    )[1]


def test_the_document_names_every_route_and_its_errors(api_schema: Any) -> None:
    found = [operation.ok() for operation in api_schema.get_all_operations()]
    assert sorted(operation.label for operation in found) == sorted(OPERATIONS)
    for operation in found:
        answers = operation.definition.raw["responses"]
        assert {"200", "401", "403", "422"} <= {str(code) for code in answers}, operation.label
