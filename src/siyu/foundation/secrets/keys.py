"""The installation key: one file of 32 random bytes, from which every other key is derived.

Plain Python, so that settings can derive Django's secret key before Django is up.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_FILE = "installation.key"


def key_path(data_dir: Path) -> Path:
    """Where the installation key of a data directory lies."""
    return data_dir / "keys" / KEY_FILE


@lru_cache(maxsize=8)
def installation_key(data_dir: Path) -> bytes:
    """Read the installation key, making it at first use (mode 0600; two starters agree on one key).

    Raises RuntimeError with what to do when the file is damaged.
    """
    path = key_path(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    key = path.read_bytes()
    if len(key) != 32:
        raise RuntimeError(
            f"{path} 已损坏(应为 32 字节),请从备份恢复 / is damaged (32 bytes expected): restore it from a backup"
        )
    return key


@lru_cache(maxsize=64)
def derive(data_dir: Path, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(
        installation_key(data_dir)
    )
