"""Writing event XML as WeCom does: texts as CDATA, numbers plain."""

from __future__ import annotations

Field = str | int


def _element(name: str, value: Field) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    safe = value.replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{safe}]]></{name}>"


def document(fields: dict[str, Field]) -> str:
    """`<xml>` with one element a field, in the order given."""
    return "<xml>" + "".join(_element(key, value) for key, value in fields.items()) + "</xml>"


def event(corpid: str, at: int, name: str, change: str, fields: dict[str, Field]) -> str:
    """The plaintext of a change event of a self-built application."""
    return document(
        {
            "ToUserName": corpid,
            "FromUserName": "sys",
            "CreateTime": at,
            "MsgType": "event",
            "Event": name,
            "ChangeType": change,
            **fields,
        }
    )


def envelope(corpid: str, agentid: int, encrypted: str) -> str:
    """What is posted to the receiver."""
    return document({"ToUserName": corpid, "AgentID": str(agentid), "Encrypt": encrypted})
