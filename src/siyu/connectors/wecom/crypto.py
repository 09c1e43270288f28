"""The callback cipher of WeCom: signature, AES-256-CBC envelope, receiveid check.

Source: WeCom documents 90930, 90968 and 90307 (also used by Official Accounts in secure mode).

Envelope before encryption: 16 random bytes, the message length as 4 bytes big-endian, the message,
the receiveid; padded by PKCS#7 to a multiple of 32 (pad value 1 to 32). The IV is the first half
of the key. Pure functions and one small class; no Django, no clock.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct
import threading
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
RANDOM_PREFIX = 16
KEY_CHARS = 43


class CryptoError(Exception):
    """The envelope cannot be trusted. `code` is the library code of document 90307."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class BadSignature(CryptoError):
    """The signature does not fit token, time, nonce and text (-40001)."""

    def __init__(self) -> None:
        super().__init__(-40001, "signature does not match")


class BadKey(CryptoError):
    """The EncodingAESKey is not 43 base64 characters (-40004)."""

    def __init__(self) -> None:
        super().__init__(-40004, "EncodingAESKey must be 43 base64 characters")


class WrongReceiver(CryptoError):
    """Decrypted well, but addressed to another company or application (-40005)."""

    def __init__(self) -> None:
        super().__init__(-40005, "receiveid is not ours")


class BadEnvelope(CryptoError):
    """The ciphertext does not decrypt to a well-formed envelope (-40007)."""

    def __init__(self, text: str = "cannot decrypt") -> None:
        super().__init__(-40007, text)


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """Lower-case hex SHA-1 of the four texts, sorted as strings and joined (document 90968)."""
    joined = "".join(sorted((token, timestamp, nonce, encrypted)))
    return hashlib.sha1(joined.encode()).hexdigest()


def decode_key(encoding_aes_key: str) -> bytes:
    """The 32 key bytes of a 43-character EncodingAESKey; raises BadKey.

    The 43 characters carry 258 bits, two of which are unused; lenient decoding as WeCom does it.
    """
    if len(encoding_aes_key) != KEY_CHARS:
        raise BadKey
    try:
        key = base64.b64decode(encoding_aes_key + "=", validate=True)
    except (binascii.Error, ValueError):
        raise BadKey from None
    if len(key) != BLOCK:
        raise BadKey
    return key


class _Stream(threading.local):
    """One decryptor for each thread, kept, because making one costs more than the decryption.

    In CBC a block is read with nothing but the encrypted one before it. So whoever puts the IV before each message
    reads it right wherever the stream stands; what comes out for the IV itself is to be thrown away.
    """

    def __init__(self, cipher: Cipher[modes.CBC]) -> None:
        self.decryptor = cipher.decryptor()


class Envelope:
    """Seals and opens callback bodies of one receiver (token, EncodingAESKey, receiveid).

    Immutable after construction and safe to share between threads.
    """

    def __init__(
        self,
        token: str,
        encoding_aes_key: str,
        receiveid: str,
        *,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._token = token
        self._key = decode_key(encoding_aes_key)
        self._receiveid = receiveid.encode()
        self._random = random
        self._cipher: Cipher[modes.CBC] = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
        self._stream = _Stream(self._cipher)

    def verify(self, msg_signature: str, timestamp: str, nonce: str, encrypted: str) -> None:
        """Raise BadSignature unless the signature fits; compares in constant time."""
        expected = signature(self._token, timestamp, nonce, encrypted)
        if not hmac.compare_digest(expected.encode(), msg_signature.encode()):
            raise BadSignature

    def decrypt(self, encrypted: str) -> bytes:
        """The message inside `encrypted` (base64); raises BadEnvelope or WrongReceiver.

        Call `verify` first: decrypting unsigned text would make a padding oracle of us.
        """
        try:
            sealed = binascii.a2b_base64(encrypted, strict_mode=True)
        except (binascii.Error, ValueError):
            raise BadEnvelope("not base64") from None
        if not sealed or len(sealed) % 16:
            raise BadEnvelope("not a whole number of blocks")
        padded = self._stream.decryptor.update(self._key[:16] + sealed)[16:]
        pad = padded[-1]
        if not 1 <= pad <= BLOCK or pad > len(padded) or padded[-pad:] != bytes([pad]) * pad:
            raise BadEnvelope("bad padding")
        plain = padded[:-pad]
        start = RANDOM_PREFIX + 4
        if len(plain) < start:
            raise BadEnvelope("too short")
        (length,) = struct.unpack(">I", plain[RANDOM_PREFIX:start])
        if length > len(plain) - start:
            raise BadEnvelope("length beyond the end")
        message, receiveid = plain[start : start + length], plain[start + length :]
        if not hmac.compare_digest(receiveid, self._receiveid):
            raise WrongReceiver
        return message

    def encrypt(self, message: bytes) -> str:
        """Base64 ciphertext of `message` for this receiver."""
        plain = self._random(RANDOM_PREFIX) + struct.pack(">I", len(message)) + message + self._receiveid
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, msg_signature: str, timestamp: str, nonce: str, encrypted: str) -> bytes:
        """Verify, then decrypt: the one door the callback view uses."""
        self.verify(msg_signature, timestamp, nonce, encrypted)
        return self.decrypt(encrypted)

    def sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """The signature this receiver would accept; used by tests and passive replies."""
        return signature(self._token, timestamp, nonce, encrypted)
