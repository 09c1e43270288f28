"""Keep files encrypted on disk, one sealed frame per megabyte, and drop them when they expire."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from siyu.foundation.files.models import StoredFile
from siyu.foundation.secrets.api import seal, unseal
from siyu.kit.chunks import frames
from siyu.kit.errors import BadInput, NotFound
from siyu.kit.ids import new_token

FRAME = 1024 * 1024


@dataclass(frozen=True)
class FileView:
    """What is known of a stored file."""

    id: int
    name: str
    purpose: str
    size: int
    sha256: str


def _path(token: str) -> Path:
    return Path(settings.SIYU_DATA_DIR) / "files" / token[:2] / token


def store_file(
    chunks: Iterable[bytes],
    *,
    name: str,
    purpose: str,
    at: datetime,
    expires_at: datetime | None = None,
    max_bytes: int | None = None,
) -> FileView:
    """Store a stream. BadInput("file.too_large" | "file.empty") keeps nothing.

    The file is on disk before its row is committed; a crash in between leaves an orphan that
    ``purge_files`` removes.
    """
    token = new_token(32)
    path = _path(token)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            for frame in frames(chunks, FRAME):
                digest.update(frame)
                size += len(frame)
                if max_bytes is not None and size > max_bytes:
                    raise BadInput(
                        "file.too_large",
                        _("The file is larger than %(limit)s MB. Split it and upload the parts."),
                        limit=max_bytes // FRAME,
                    )
                sealed = seal(frame, "file")
                file.write(len(sealed).to_bytes(4) + sealed)
            file.flush()
            os.fsync(file.fileno())
        if not size:
            raise BadInput("file.empty", _("The file is empty. Choose another one."))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    row = StoredFile.objects.create(
        token=token,
        name=name[-255:],
        purpose=purpose,
        size=size,
        sha256=digest.hexdigest(),
        created_at=at,
        expires_at=expires_at,
    )
    return FileView(row.pk, row.name, row.purpose, row.size, row.sha256)


def file_info(file_id: int) -> FileView:
    """What is known of a file; NotFound when it is gone."""
    row = StoredFile.objects.filter(pk=file_id).first()
    if row is None:
        raise NotFound("file.not_found")
    return FileView(row.pk, row.name, row.purpose, row.size, row.sha256)


def read_file(file_id: int) -> Iterator[bytes]:
    """The content in frames of at most one megabyte; NotFound when row or file is gone."""
    row = StoredFile.objects.filter(pk=file_id).first()
    if row is None or not _path(row.token).exists():
        raise NotFound("file.not_found")
    with _path(row.token).open("rb") as file:
        while header := file.read(4):
            yield unseal(file.read(int.from_bytes(header)), "file")


def purge_files(*, wall: datetime) -> int:
    """Remove expired files; returns how many."""
    rows = list(StoredFile.objects.filter(expires_at__lt=wall)[:1000])
    for row in rows:
        _path(row.token).unlink(missing_ok=True)
    StoredFile.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
