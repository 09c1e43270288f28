"""Tags of siyu shown in WeCom: corp tags are made as needed and marked at each friend's member."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from siyu.connectors.wecom import connections
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import Connection, Relation, TagMirror
from siyu.connectors.wecom.receivers import SOURCE
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import Permanent, RetryLater
from siyu.records.customers import api as customers

JOB = "wecom.tags"
TURNS = 3
GROUP = "siyu"
NAME_LENGTH = 30
NAME_TAKEN, UNKNOWN_TAG, NO_RELATION = 40071, 40068, 84061


def heard(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Ask for the tags of customers to be shown; what came from WeCom itself is there already."""
    ids = {fact.payload.customer_id for fact in batch if not fact.source.startswith(SOURCE)}
    if not ids:
        return
    subjects = customers.subjects_of(set(customers.current_ids(ids).values()))
    owned = [subject for group in subjects.values() for subject in group]
    pairs = Relation.objects.filter(open=True, subject_id__in=owned).order_by("id")
    last = max(fact.id for fact in batch)
    for row in pairs:
        foundation.enqueue(JOB, {"relation": row.pk}, due_at=context.at, key=f"{row.pk}:{last}")


def push(payload: dict[str, Any], run: foundation.JobRun) -> None:
    """Make WeCom's marks of one friendship equal to the customer's tags, as far as they are ours.

    Repeating it is harmless, so an unclear answer is simply tried again. Where the tags changed during the
    call, the job that was asked for by that may have been quicker, and this older call undid it: once more.
    """
    row = Relation.objects.filter(pk=int(payload["relation"]), open=True).first()
    if row is None:
        return
    owner = customers.customers_of([row.subject_id]).get(row.subject_id)
    if owner is None:
        return
    connection = connections.by_id(row.connection_id)
    client = connections.client_for(connection, Purpose.CONTACT)
    for _turn in range(TURNS):
        names = _names(owner)
        if not _mark(connection, client, row, names):
            return
        connections.note_ok(connection)
        if _names(owner) == names:
            return
    raise RetryLater("wecom.tags_change", after_seconds=5)


def _names(customer_id: int) -> set[str]:
    return {name[:NAME_LENGTH] for name in customers.tags_of([customer_id]).get(customer_id, [])}


def _mark(connection: Connection, client: Client, row: Relation, names: set[str]) -> bool:
    """Mark one friendship with these tags; False when there is nothing to mark, or no friendship any more."""
    mirrors = ensure(connection, client, names)
    wanted = [mirrors[name] for name in sorted(names) if name in mirrors]
    ours = TagMirror.objects.filter(connection_id=connection.pk, ours=True)
    unwanted = [mirror.tag_id for mirror in ours.order_by("id") if mirror.name not in names]
    body: dict[str, Any] = {"userid": row.userid, "external_userid": row.external_userid}
    if wanted:
        body["add_tag"] = wanted
    if unwanted:
        body["remove_tag"] = unwanted
    if not wanted and not unwanted:
        return False
    try:
        client.write("externalcontact/mark_tag", body)
    except Permanent as error:
        if error.params.get("errcode") == NO_RELATION:
            return False
        if error.params.get("errcode") == UNKNOWN_TAG:
            TagMirror.objects.filter(connection_id=connection.pk).delete()  # read them anew next time
        raise
    return True


def ensure(connection: Connection, client: Client, names: set[str]) -> dict[str, str]:
    """Tag name → tag id at WeCom, made where missing. Raises as any call."""
    known = _known(connection)
    if names <= known.keys():
        return known
    names_by_id(connection, client)
    known = _known(connection)
    missing = sorted(names - known.keys())
    if missing:
        try:
            answer = client.write(
                "externalcontact/add_corp_tag",
                {"group_name": GROUP, "tag": [{"name": name} for name in missing]},
            )
        except Permanent as error:
            if error.params.get("errcode") != NAME_TAKEN:
                raise
            names_by_id(connection, client)  # somebody made one of them meanwhile
        else:
            _keep(connection, [answer.get("tag_group") or {}], ours=True)
        known = _known(connection)
    return known


def names_by_id(connection: Connection, client: Client) -> dict[str, str]:
    """Tag id → name of all corp tags, read anew. Raises as any call."""
    answer = client.read("externalcontact/get_corp_tag_list", {})
    groups = answer.get("tag_group") or ()
    _keep(connection, groups, ours=False)
    return {
        str(tag["id"]): str(tag.get("name", ""))
        for group in groups
        for tag in group.get("tag") or ()
        if not tag.get("deleted")
    }


def _known(connection: Connection) -> dict[str, str]:
    rows = TagMirror.objects.filter(connection_id=connection.pk)
    return dict(rows.values_list("name", "tag_id"))


def _keep(connection: Connection, groups: Sequence[dict[str, Any]], *, ours: bool) -> None:
    """Remember tags; where two groups have a tag of one name, ours is the one that counts."""
    rows: dict[str, TagMirror] = {}
    for group in groups:
        own = ours or group.get("group_name") == GROUP
        for tag in group.get("tag") or ():
            name = str(tag.get("name", ""))
            if not tag.get("deleted") and (name not in rows or own):
                rows[name] = TagMirror(
                    connection_id=connection.pk, name=name, tag_id=str(tag["id"]),
                    group_id=str(group.get("group_id", "")), ours=own,
                )  # fmt: skip
    TagMirror.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["connection_id", "name"],
        update_fields=["tag_id", "group_id", "ours"],
    )
