"""Seal and unseal, keyed hashes, signed values."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core import signing

from siyu.foundation.secrets.keys import derive, installation_key, key_path
from siyu.kit.errors import BadInput
from siyu.kit.ids import random_bytes

__all__ = ["forget_keys", "key_file", "keyed_hash", "seal", "sign", "unseal", "unsign"]

_VERSION = b"\x01"


@lru_cache(maxsize=16)
def _cipher(purpose: str) -> AESGCM:
    return AESGCM(derive(settings.SIYU_DATA_DIR, f"seal:{purpose}"))


def seal(value: bytes | str, purpose: str = "default") -> bytes:
    """Encrypt for storage (AES-256-GCM, 12-byte random nonce, version byte first)."""
    plain = value.encode() if isinstance(value, str) else value
    nonce = random_bytes(12)
    return _VERSION + nonce + _cipher(purpose).encrypt(nonce, plain, purpose.encode())


def unseal(sealed: bytes | memoryview, purpose: str = "default") -> bytes:
    """Decrypt what ``seal`` made for the same purpose; ValueError when altered or of another key."""
    raw = bytes(sealed)
    if raw[:1] != _VERSION:
        raise ValueError("sealed value of an unknown version")
    try:
        return _cipher(purpose).decrypt(raw[1:13], raw[13:], purpose.encode())
    except InvalidTag as error:
        raise ValueError("sealed value does not open with this installation's key") from error


@lru_cache(maxsize=16)
def _hash_key(purpose: str) -> bytes:
    return derive(settings.SIYU_DATA_DIR, f"hash:{purpose}")


def keyed_hash(value: str, purpose: str) -> bytes:
    """A 16-byte keyed hash (HMAC-SHA256, cut) by which a secret value can be looked up but not read."""
    return hmac.digest(_hash_key(purpose), value.encode(), hashlib.sha256)[:16]


def sign(value: Any, purpose: str) -> str:
    """A URL-safe signed and dated token that carries a JSON-able ``value``."""
    return signing.dumps(value, salt=f"siyu:{purpose}", compress=True)


def unsign(token: str, purpose: str, max_age: timedelta | None = None) -> Any:
    """The value of a token; BadInput("link.invalid" | "link.expired") when altered or too old."""
    try:
        return signing.loads(token, salt=f"siyu:{purpose}", max_age=max_age)
    except signing.SignatureExpired as error:
        raise BadInput("link.expired") from error
    except signing.BadSignature as error:
        raise BadInput("link.invalid") from error


def key_file() -> Path:
    """Where the installation key lies; for backup and restore only."""
    return key_path(settings.SIYU_DATA_DIR)


def forget_keys() -> None:
    """Read the installation key anew at the next use: a restore has put another one in its place."""
    for remembered in (installation_key, derive, _cipher, _hash_key):
        remembered.cache_clear()
