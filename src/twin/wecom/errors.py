"""WeCom error codes the twin answers with, and their usual English text."""

from __future__ import annotations

from typing import Any

TEXTS = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid userid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40009: "invalid image size",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40031: "invalid userid list",
    40032: "invalid userid list size",
    40033: "invalid request charset, \\uXXXX escapes are not allowed",
    40035: "invalid parameter",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    40063: "some parameters are empty",
    40066: "invalid department list",
    40068: "invalid tagid",
    40071: "UserTag Name Already Exist",
    40072: "invalid tag name length",
    40094: "invalid url",
    40096: "invalid external userid",
    40126: "corp tag number limit exceeded",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "corpsecret missing",
    41006: "media_id missing",
    41009: "userid missing",
    41011: "agentid missing",
    41017: "missing tagid",
    41018: "missing tagname",
    41035: "missing external userid",
    41037: "missing contact way type",
    41038: "missing contact way scene",
    41039: "invalid contact way type",
    41040: "invalid contact way scene",
    41041: "contact way user number exceeds limit",
    41042: "invalid contact way style",
    41043: "missing contact way config_id",
    41044: "invalid contact way config_id",
    41045: "contact way number limit exceeded",
    41046: "missing group msg id",
    41047: "invalid group msg id",
    41048: "no customer to send",
    41049: "missing welcome code",
    41050: "invalid welcome code",
    41051: "externaluser has started chatting",
    41054: "user not activated",
    41063: "group msg is being dispatched",
    41064: "attachments number exceeds limit",
    41065: "invalid attachments msgtype",
    41088: "attachments is empty",
    41089: "text and attachments can not be both empty",
    41093: "group msg has been cancelled",
    41094: "remind too frequently",
    41096: "welcome msg is being distributed",
    42001: "access_token expired",
    43004: "require subscribe",
    44001: "empty media data",
    44004: "content is empty",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    47001: "data format error",
    48002: "api forbidden",
    60003: "department not found",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60021: "user not in app visible range",
    60111: "userid not found",
    60123: "invalid party id",
    81013: "user & party & tag all invalid",
    81011: "no privilege to modify the tag",
    84061: "not external contact",
    600018: "invalid start time",
    600019: "invalid end time",
}


class WecomError(Exception):
    """A refusal; `payload` adds keys to the answer."""

    def __init__(self, code: int, text: str = "", **payload: Any) -> None:
        self.code = code
        self.text = text or TEXTS.get(code, "error")
        self.payload = payload
        super().__init__(f"{code} {self.text}")
