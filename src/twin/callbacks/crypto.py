"""The callback cipher of WeCom: signature, AES-256-CBC envelope, padding to 32 bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class CryptoError(ValueError):
    """A message that is not what its sender claims; `code` as in WeCom's own library."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """Lower-case hex SHA-1 over the four texts, sorted and joined."""
    joined = "".join(sorted([token, timestamp, nonce, encrypted]))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def _key(aes_key: str) -> bytes:
    key = base64.b64decode(aes_key + "=")
    if len(key) != 32:
        raise CryptoError(-40004, "EncodingAESKey must be 43 letters and digits")
    return key


def encrypt(aes_key: str, receive_id: str, message: str, random16: bytes | None = None) -> str:
    """The message as base64 ciphertext for the receiver `receive_id`."""
    key = _key(aes_key)
    body = message.encode()
    plain = (random16 or os.urandom(16)) + struct.pack(">I", len(body)) + body
    plain += receive_id.encode()
    pad = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def decrypt(aes_key: str, receive_id: str, encrypted: str) -> str:
    """The message inside; refuses one made for another receiver (-40005)."""
    key = _key(aes_key)
    try:
        cipher = base64.b64decode(encrypted, validate=True)
        decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        plain = decryptor.update(cipher) + decryptor.finalize()
    except ValueError as error:
        raise CryptoError(-40007, "cannot decrypt") from error
    plain = plain[: -plain[-1]]
    (length,) = struct.unpack(">I", plain[16:20])
    if plain[20 + length :].decode() != receive_id:
        raise CryptoError(-40005, "made for another receiver")
    return plain[20 : 20 + length].decode()


def verify(token: str, timestamp: str, nonce: str, encrypted: str, given: str) -> bool:
    """Whether the signature is right, in constant time."""
    return hmac.compare_digest(signature(token, timestamp, nonce, encrypted), given)
