"""An administrator changes corp tags in the console: events go to every application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.callbacks.xml import Field
from twin.life.errors import NotPossible
from twin.state import Tag, TagGroup
from twin.wecom.tags import remove_tag

if TYPE_CHECKING:
    from twin.world import World


def _emit(world: World, change: str, item_id: str, kind: str, at: int) -> None:
    fields: dict[str, Field] = {"Id": item_id, "TagType": kind}
    world.record("tag_changes", at=at, change=change, id=item_id, kind=kind)
    world.emit("change_external_tag", change, fields, at)


def create(world: World, group_name: str, name: str, *, at: int) -> str:
    """A new tag, and its group when there is none of that name."""
    state = world.state
    groups = [g for g in state.tag_groups.values() if g.name == group_name and not g.deleted]
    if not groups:
        group = TagGroup("et" + world.new_id("tag-group", length=30), group_name, 0, at)
        state.tag_groups[group.id] = group
        _emit(world, "create", group.id, "tag_group", at)
        groups = [group]
    rivals = [tag for tag in state.tags.values() if tag.group_id == groups[0].id]
    if any(tag.name == name and not tag.deleted for tag in rivals):
        raise NotPossible("taken", "标签名已存在")
    tag = Tag("et" + world.new_id("tag", length=30), groups[0].id, name, 0, at)
    state.tags[tag.id] = tag
    _emit(world, "create", tag.id, "tag", at)
    return tag.id


def change(world: World, item_id: str, *, name: str, delete: bool, at: int) -> None:
    """Rename or delete a tag or a group; a deleted group fires one event only."""
    state = world.state
    tag, group = state.tags.get(item_id), state.tag_groups.get(item_id)
    item = tag or group
    if item is None or item.deleted:
        raise NotPossible("unknown_tag", "没有这个标签")
    if not delete:
        item.name = name
        _emit(world, "update", item_id, "tag" if tag else "tag_group", at)
        return
    if tag is not None:
        remove_tag(state.tag_groups, state.tags, tag)
    elif group is not None:
        group.deleted = True
        for member in state.tags.values():
            member.deleted = member.deleted or member.group_id == group.id
    _emit(world, "delete", item_id, "tag" if tag else "tag_group", at)


def shuffle(world: World, group_id: str, *, at: int) -> None:
    """Turn the order of a group's tags round."""
    group = world.state.tag_groups.get(group_id)
    if group is None or group.deleted:
        raise NotPossible("unknown_tag", "没有这个标签组")
    tags = [tag for tag in world.state.tags.values() if tag.group_id == group_id]
    for tag, order in zip(tags, [tag.order for tag in reversed(tags)], strict=True):
        tag.order = order
    _emit(world, "shuffle", group_id, "tag", at)
