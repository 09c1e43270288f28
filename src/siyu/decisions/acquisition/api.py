"""The front door of acquisition."""

from siyu.decisions.acquisition.contracts import (
    ChannelAttributed,
    CodeMade,
    CodePort,
    CodeSpec,
    CodeStats,
    CodeStatus,
    LiveCodeView,
)
from siyu.decisions.acquisition.operations import create_code, delete_code, retry_code, update_code
from siyu.decisions.acquisition.queries import code_stats, codes, get_code
from siyu.decisions.acquisition.registry import CODE_PORT

__all__ = [
    "CODE_PORT",
    "ChannelAttributed",
    "CodeMade",
    "CodePort",
    "CodeSpec",
    "CodeStats",
    "CodeStatus",
    "LiveCodeView",
    "code_stats",
    "codes",
    "create_code",
    "delete_code",
    "get_code",
    "retry_code",
    "update_code",
]
