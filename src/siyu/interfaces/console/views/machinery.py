"""死信 and 后台任务: what could not be handled, with replay, and the work queue."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.interfaces.console import words
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import ADMINS, OPERATIONS, rule, see_other, visit

KEEPERS = ADMINS | OPERATIONS


@rule(roles=KEEPERS)
@require_GET
def dead(request: HttpRequest) -> HttpResponse:
    """Facts no subscriber could handle and callbacks nobody could read."""
    context = {
        "facts": facts.list_dead(),
        "total": facts.count_dead(),
        "inbox": facts.list_inbox_dead(),
    }
    return render(request, "console/dead.html", context)


@rule(roles=KEEPERS)
@require_POST
def replay(request: HttpRequest, dead_id: int) -> HttpResponse:
    """Deliver a dead fact once more."""
    seen = visit(request)
    through = facts.replay_dead(dead_id, at=seen.at)
    foundation.audit(
        seen.principal, "dead_letter.replayed", "dead_letter", dead_id, {"through": through}, at=seen.at
    )
    if through:
        messages.success(request, _("It went through."))
    else:
        messages.error(request, _("It failed again; the newest error is shown in its row."))
    return see_other(request, reverse("console:dead-letters"))


@rule(roles=KEEPERS)
@require_POST
def replay_inbox(request: HttpRequest, message_id: int) -> HttpResponse:
    """Put a callback that could not be read back in line."""
    seen = visit(request)
    facts.replay_inbox(message_id)
    foundation.audit(seen.principal, "inbox.replayed", "inbox", message_id, at=seen.at)
    messages.success(request, _("It is in line again."))
    return see_other(request, reverse("console:dead-letters"))


@rule(roles=KEEPERS)
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    """The work queue, the workers, and how far each subscription is behind."""
    states = words.STATES["job"]
    state = params.one_of(request.GET.get("state"), states)
    lag = sorted(((name, count) for name, count in facts.lag().items() if count), key=lambda one: -one[1])
    context = {
        "jobs": foundation.list_jobs(states=[state] if state else None, limit=50),
        "workers": foundation.workers_seen(),
        "lag": lag,
        "state": state,
        "states": words.choices("job"),
    }
    part = "console/parts/jobs.html" if request.headers.get("HX-Request") else "console/jobs.html"
    return render(request, part, context)


@rule(roles=KEEPERS)
@require_POST
def job_act(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ask a job to stop, or put a stopped or dead one back in line."""
    seen = visit(request)
    if request.POST.get("act") == "stop":
        foundation.request_stop(job_id)
        verb, text = "job.stopped", _("It will stop at its next safe place.")
    else:
        foundation.retry_job(job_id, due_at=seen.at)
        verb, text = "job.retried", _("It is in line again.")
    foundation.audit(seen.principal, verb, "job", job_id, at=seen.at)
    messages.success(request, text)
    return see_other(request, reverse("console:jobs"))
