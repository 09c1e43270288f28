"""Corp tags and marking customers with them."""

from __future__ import annotations

from twin.state import Json, Tag, TagGroup
from twin.wecom.customers import EXTERNAL, USERID, live_follow
from twin.wecom.errors import WecomError
from twin.wecom.registry import Call, Param, Right, endpoint

MOST_TAGS = 10_000
MOST_PER_FOLLOW = 3_000
ORDER_MOST = 2**32 - 1
NAME = Param("name", longest=30, wrong=40072)


def _tag(tag: Tag, with_deleted: bool) -> Json:
    fields: Json = {
        "id": tag.id,
        "name": tag.name,
        "create_time": tag.create_time,
        "order": tag.order,
    }
    return {**fields, "deleted": tag.deleted} if with_deleted else fields


def _group(call: Call, group: TagGroup, tags: list[Tag], *, by_tag: bool, by_id: bool) -> Json:
    fields: Json = {
        "group_id": group.id,
        "group_name": group.name,
        "create_time": group.create_time,
        "order": group.order,
    }
    if by_tag:
        fields["deleted"] = group.deleted
    tags = sorted(tags, key=lambda tag: (-tag.order, tag.create_time))
    return {**fields, "tag": [_tag(tag, by_id) for tag in tags]}


def _tags_of(call: Call, group_id: str, deleted: bool = False) -> list[Tag]:
    tags = call.world.state.tags.values()
    return [tag for tag in tags if tag.group_id == group_id and (deleted or not tag.deleted)]


@endpoint(
    "externalcontact/get_corp_tag_list",
    Right.CUSTOMER,
    Param("tag_id", list),
    Param("group_id", list),
    empty={"tag_group": []},
    document=92117,
)
def get_corp_tag_list(call: Call) -> Json:
    """All tags, or those of given groups, or given tags (groups win when both are given)."""
    state = call.world.state
    group_ids, tag_ids = call.texts("group_id"), call.texts("tag_id")
    if group_ids:
        groups = [state.tag_groups[key] for key in group_ids if key in state.tag_groups]
        found = [(group, _tags_of(call, group.id, deleted=True)) for group in groups]
    elif tag_ids:
        tags = [state.tags[key] for key in tag_ids if key in state.tags]
        wanted = dict.fromkeys(tag.group_id for tag in tags)
        found = [(state.tag_groups[key], [tag for tag in tags if tag.group_id == key]) for key in wanted]
    else:
        groups = [group for group in state.tag_groups.values() if not group.deleted]
        found = [(group, _tags_of(call, group.id)) for group in groups]
    found.sort(key=lambda pair: (-pair[0].order, pair[0].create_time))
    by_tag, by_id = bool(tag_ids and not group_ids), bool(tag_ids or group_ids)
    return {"tag_group": [_group(call, group, tags, by_tag=by_tag, by_id=by_id) for group, tags in found]}


def _order(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ORDER_MOST:
        raise WecomError(40058, "order invalid")
    return value


def _wanted_tags(call: Call) -> dict[str, int]:
    """Names and orders of the tags to make; equal names collapse into one."""
    wanted: dict[str, int] = {}
    for item in call.args.get("tag") or []:
        name = str(item.get("name") or "") if isinstance(item, dict) else ""
        if not name:
            raise WecomError(41018)
        if len(name) > 30:
            raise WecomError(40072, "name exceed max utf8 words 30")
        wanted.setdefault(name, _order(item.get("order")))
    if not wanted:
        raise WecomError(41018)
    return wanted


def _group_for(call: Call) -> TagGroup:
    """The existing group meant, or a new one not yet stored."""
    state = call.world.state
    group_id, group_name = call.text("group_id"), call.text("group_name")
    if group_id:
        group = state.tag_groups.get(group_id)
        if group is None or group.deleted:
            raise WecomError(40068)
        return group
    if not group_name:
        raise WecomError(40063)
    for group in state.tag_groups.values():
        if group.name == group_name and not group.deleted:
            return group
    order = _order(call.args.get("order"))
    new_id = "et" + call.world.new_id("tag-group", length=30)
    return TagGroup(new_id, group_name, order, call.at, app=call.app.key)


@endpoint(
    "externalcontact/add_corp_tag",
    Right.CUSTOMER,
    Param("group_id"),
    Param("group_name", longest=30, wrong=40072),
    Param("order", int),
    Param("tag", list, required=True, missing=41018),
    Param("agentid", int),
    empty={"tag_group": {}},
    document=92117,
)
def add_corp_tag(call: Call) -> Json:
    """Make tags in an old or a new group; the answer holds only the new ones."""
    state = call.world.state
    wanted = _wanted_tags(call)
    group = _group_for(call)
    taken = {tag.name for tag in _tags_of(call, group.id)}
    if taken & wanted.keys():
        raise WecomError(40071)
    alive = sum(not tag.deleted for tag in state.tags.values())
    if alive + len(wanted) > MOST_TAGS:
        raise WecomError(40126)
    state.tag_groups[group.id] = group
    made = []
    for name, order in wanted.items():
        tag_id = "et" + call.world.new_id("tag", length=30)
        state.tags[tag_id] = Tag(tag_id, group.id, name, order, call.at)
        made.append(state.tags[tag_id])
    return {"tag_group": _group(call, group, made, by_tag=False, by_id=False)}


def _own(call: Call, group: TagGroup) -> None:
    """An application may change only what it made itself."""
    if group.app != call.app.key:
        raise WecomError(81011)


@endpoint(
    "externalcontact/edit_corp_tag",
    Right.CUSTOMER,
    Param("id", required=True, missing=41017),
    NAME,
    Param("order", int),
    Param("agentid", int),
    document=92117,
)
def edit_corp_tag(call: Call) -> Json:
    """Rename or reorder a tag or a group."""
    state = call.world.state
    item = state.tags.get(call.text("id")) or state.tag_groups.get(call.text("id"))
    if item is None or item.deleted:
        raise WecomError(40068)
    if isinstance(item, Tag):
        _own(call, state.tag_groups[item.group_id])
        rivals: list[Tag] | list[TagGroup] = _tags_of(call, item.group_id)
    else:
        _own(call, item)
        rivals = [group for group in state.tag_groups.values() if not group.deleted]
    name = call.text("name")
    if name and any(rival.name == name and rival is not item for rival in rivals):
        raise WecomError(40071)
    item.name = name or item.name
    if call.args.get("order") is not None:
        item.order = _order(call.args["order"])
    return {}


@endpoint(
    "externalcontact/del_corp_tag",
    Right.CUSTOMER,
    Param("tag_id", list),
    Param("group_id", list),
    Param("agentid", int),
    document=92117,
)
def del_corp_tag(call: Call) -> Json:
    """Delete tags and groups; a group without tags disappears."""
    state = call.world.state
    tag_ids, group_ids = call.texts("tag_id"), call.texts("group_id")
    if not tag_ids and not group_ids:
        raise WecomError(41017)
    tags = [state.tags.get(key) for key in tag_ids]
    groups = [state.tag_groups.get(key) for key in group_ids]
    doomed = [tag for tag in tags if tag is not None and not tag.deleted]
    dead_groups = [group for group in groups if group is not None and not group.deleted]
    if len(doomed) < len(tag_ids) or len(dead_groups) < len(group_ids):
        raise WecomError(40068)
    for group in dead_groups:
        doomed += _tags_of(call, group.id)
    for group_id in {tag.group_id for tag in doomed} | {group.id for group in dead_groups}:
        _own(call, state.tag_groups[group_id])
    for tag in doomed:
        remove_tag(call.world.state.tag_groups, state.tags, tag)
    for group in dead_groups:
        group.deleted = True
    return {}


def remove_tag(groups: dict[str, TagGroup], tags: dict[str, Tag], tag: Tag) -> None:
    """Mark a tag deleted, and its group when it was the last."""
    tag.deleted = True
    if all(item.deleted for item in tags.values() if item.group_id == tag.group_id):
        groups[tag.group_id].deleted = True


@endpoint(
    "externalcontact/mark_tag",
    Right.CUSTOMER,
    USERID,
    EXTERNAL,
    Param("add_tag", list),
    Param("remove_tag", list),
    document=92118,
)
def mark_tag(call: Call) -> Json:
    """Put tags on a customer of a member, or take them off."""
    world = call.world
    follow = live_follow(world, call.app, call.text("userid"), call.text("external_userid"))
    add, remove = call.texts("add_tag"), call.texts("remove_tag")
    if not add and not remove:
        raise WecomError(41017)
    for tag_id in add + remove:
        tag = world.state.tags.get(tag_id)
        if tag is None or tag.deleted:
            raise WecomError(40068)
    kept = [key for key in follow.tag_ids if key not in remove]
    fresh = [key for key in dict.fromkeys(add) if key not in kept]
    if len(kept) + len(fresh) > MOST_PER_FOLLOW:
        raise WecomError(40126)
    follow.tag_ids = kept + fresh
    world.record(
        "api_tags", at=call.at, userid=follow.userid, external_userid=follow.external_userid,
        added=fresh, removed=remove,
    )  # fmt: skip
    return {}
