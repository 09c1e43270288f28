"""Brings up the brand that is filled with the real CDNOW history, through the ordinary import."""

from __future__ import annotations

from siyu.config.demo.people import create_head_office
from siyu.connectors.commerce import api as imports
from siyu.foundation import api as foundation
from siyu.foundation.api import SYSTEM
from siyu.insights.segments import api as segments
from siyu.kit import clock

DATA_SET = "cdnow"


def prepare() -> None:
    """Accounts, segments, and the import as a job that the worker does; pages show its progress."""
    with foundation.transaction():
        at = clock.business_now()
        if foundation.get_setting("brand.name", at=at) == "CDNOW":
            return
        foundation.set_setting("brand.name", "CDNOW", at=at, by=SYSTEM)
        foundation.set_setting("brand.currency", "USD", at=at, by=SYSTEM)
        foundation.set_setting(
            "brand.notice", "真实公开数据 CDNOW(1997–1998),日期整体平移一个固定天数", at=at, by=SYSTEM
        )
        create_head_office()
        segments.install_defaults(at=at)
        path = imports.cdnow_path()
        file_id = imports.upload([path.read_bytes()], name=path.name, at=at)
        imports.start_import(file_id, preset="cdnow", data_set=DATA_SET, by=SYSTEM, at=at)
