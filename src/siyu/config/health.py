"""Signs of life for supervisors and load balancers."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, JsonResponse

from siyu.interfaces.ui.api import rule


@rule(open_because="supervisors and load balancers have no account")
@non_atomic_requests
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@rule(open_because="supervisors and load balancers have no account")
@non_atomic_requests
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers and has all migrations; else 503 with what is missing."""
    try:
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        return JsonResponse({"status": "no database", "detail": str(error)[:200]}, status=503)
    if pending:
        return JsonResponse({"status": "migrations pending", "pending": pending}, status=503)
    return JsonResponse({"status": "ok"})
