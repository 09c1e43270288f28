"""The file: members of frames, a table of contents with checksums, and an end mark.

    magic │ header (JSON line) │ member … member │ contents (JSON) │ length and SHA-256 of the contents │ end mark

Each member is a sequence of frames of at most one megabyte, compressed, and sealed where there is a passphrase
(AES-256-GCM, key by scrypt; a frame's place is part of what is authenticated, so frames cannot be exchanged).
A file that was cut off lacks the end mark; a changed byte breaks a checksum. Both are found by ``verify``
before anybody acts on the content.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from siyu.kit.chunks import frames

MAGIC = b"siyu-backup-1\n"
END = b"\nsiyu-backup-end\n"
FRAME = 1024 * 1024
COST = {"n": 2**15, "r": 8, "p": 1}


class BadBackup(Exception):
    """The file cannot be used; ``code`` says why: cut, altered, passphrase, format."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Member:
    """One part of a backup."""

    name: str
    offset: int
    length: int
    sha256: str


@dataclass
class Contents:
    """What a backup holds."""

    about: dict[str, Any]
    members: dict[str, Member] = field(default_factory=dict)


def _key(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, **COST).derive(passphrase.encode()))


class Writer:
    """Writes a backup to ``<path>.part`` and gives it its name when it is whole and on disk."""

    def __init__(self, path: Path, passphrase: str = "") -> None:
        self._path = path
        self._draft = path.with_name(path.name + ".part")
        handle = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file: IO[bytes] = os.fdopen(handle, "wb")
        salt = os.urandom(16) if passphrase else b""
        self._cipher = _key(passphrase, salt) if passphrase else None
        self._members: list[Member] = []
        self._file.write(MAGIC + json.dumps({"salt": salt.hex()}).encode() + b"\n")

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Add a member."""
        begin, digest = self._file.tell(), hashlib.sha256()
        for number, frame in enumerate(frames(chunks, FRAME)):
            body = zlib.compress(frame, 3)
            if self._cipher is not None:
                nonce = os.urandom(12)
                body = nonce + self._cipher.encrypt(nonce, body, _place(name, number))
            part = len(body).to_bytes(4) + body
            digest.update(part)
            self._file.write(part)
        length = self._file.tell() - begin
        self._members.append(Member(name, begin, length, digest.hexdigest()))

    def finish(self, about: dict[str, Any]) -> None:
        """Write contents and end mark; only now does the file exist under its name."""
        plain = json.dumps({"about": about, "members": [vars(member) for member in self._members]}).encode()
        body = plain
        if self._cipher is not None:
            nonce = os.urandom(12)
            body = nonce + self._cipher.encrypt(nonce, plain, b"contents")
        self._file.write(body + len(body).to_bytes(8) + hashlib.sha256(body).digest() + END)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._draft.unlink(missing_ok=True)


class Reader:
    """Reads a backup; every access is checked."""

    def __init__(self, path: Path, passphrase: str = "") -> None:
        self._file = path.open("rb")
        try:
            self.contents = self._open(passphrase)
        except BaseException:
            self._file.close()
            raise

    def _open(self, passphrase: str) -> Contents:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise BadBackup("format")
        try:
            salt = bytes.fromhex(json.loads(self._file.readline(1000))["salt"])
        except (ValueError, KeyError, TypeError):
            raise BadBackup("altered") from None
        if bool(salt) != bool(passphrase):
            raise BadBackup("passphrase")
        self._cipher = _key(passphrase, salt) if salt else None
        size = self._file.seek(0, os.SEEK_END)
        tail = 8 + 32 + len(END)
        self._file.seek(max(0, size - tail))
        ending = self._file.read()
        if len(ending) < tail or not ending.endswith(END):
            raise BadBackup("cut")
        length, digest = int.from_bytes(ending[:8]), ending[8:40]
        if length > size - tail:
            raise BadBackup("altered")
        self._file.seek(size - tail - length)
        body = self._file.read(length)
        if hashlib.sha256(body).digest() != digest:
            raise BadBackup("altered")
        if self._cipher is not None:
            try:
                body = self._cipher.decrypt(body[:12], body[12:], b"contents")
            except InvalidTag:
                raise BadBackup("passphrase") from None
        found = json.loads(body)
        return Contents(found["about"], {row["name"]: Member(**row) for row in found["members"]})

    def verify(self) -> None:
        """Read everything once; BadBackup when a byte is not as it was written."""
        for member in self.contents.members.values():
            digest, left = hashlib.sha256(), member.length
            self._file.seek(member.offset)
            while left:
                part = self._file.read(min(left, FRAME))
                if not part:
                    raise BadBackup("cut")
                digest.update(part)
                left -= len(part)
            if digest.hexdigest() != member.sha256:
                raise BadBackup("altered")

    def read(self, name: str) -> Iterator[bytes]:
        """The content of a member, frame by frame."""
        member = self.contents.members[name]
        place, end, number = member.offset, member.offset + member.length, 0
        while place < end:
            self._file.seek(place)
            length = int.from_bytes(self._file.read(4))
            body = self._file.read(length)
            place += 4 + length
            if self._cipher is not None:
                try:
                    body = self._cipher.decrypt(body[:12], body[12:], _place(name, number))
                except InvalidTag:
                    raise BadBackup("altered") from None
            yield zlib.decompress(body)
            number += 1

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _place(name: str, number: int) -> bytes:
    return f"{name}\0{number}".encode()
