"""Empty what facts tell about a person whose data is erased; that they happened stays."""

from __future__ import annotations

import json
from collections.abc import Sequence

from siyu.facts.events.contracts import CATALOGUE
from siyu.foundation.api import execute, fetch

_EMPTY = """
UPDATE facts_event SET payload = payload || %s::jsonb
WHERE subject_id = ANY(%s) AND name = %s AND NOT payload @> %s::jsonb
"""


def empty_facts(subject_ids: Sequence[int]) -> int:
    """Empty the personal fields of these subjects' facts, the only change a fact ever sees; returns how many."""
    fetch("SELECT set_config('siyu.erasing', 'on', true)")
    changed = 0
    for name, kind in CATALOGUE.items():
        if kind.personal:
            blank = json.dumps(dict.fromkeys(kind.personal, ""))
            changed += execute(_EMPTY, [blank, list(subject_ids), name, blank])
    fetch("SELECT set_config('siyu.erasing', 'off', true)")
    return changed
