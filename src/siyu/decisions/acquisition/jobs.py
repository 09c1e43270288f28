"""Background work of acquisition."""

from __future__ import annotations

from siyu.decisions.acquisition.operations import JOB
from siyu.decisions.acquisition.platform import sync_code
from siyu.foundation import api as foundation

JOBS = (foundation.JobType(JOB, sync_code, max_attempts=20, transactional=False),)
