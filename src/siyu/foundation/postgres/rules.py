"""The server's settings, worked out from the machine; pure functions."""

from __future__ import annotations

from .contracts import Profile

MB = 2**20


def shared_buffers_mb(memory_bytes: int) -> int:
    """An eighth of the memory, from 64 MB to 512 MB: web and worker processes live on the same machine."""
    return max(64, min(512, memory_bytes // 8 // MB))


def server_settings(
    profile: Profile, *, memory_bytes: int, socket_dir: str, roomy_shm: bool
) -> dict[str, str]:
    """Everything written to ``siyu.conf``; values are as PostgreSQL reads them.

    ``roomy_shm`` is false where /dev/shm is small, as in a container: parallel queries then use files.
    """
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": socket_dir,
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{shared_buffers_mb(memory_bytes)}MB",
        "effective_cache_size": f"{max(128, memory_bytes // 2 // MB)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{max(32, min(256, memory_bytes // 32 // MB))}MB",
        "dynamic_shared_memory_type": "posix" if roomy_shm else "mmap",
        "max_parallel_workers_per_gather": "1",
        "jit": "off",
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "password_encryption": "scram-sha-256",
        "autovacuum_naptime": "20s",
        "idle_in_transaction_session_timeout": "10min",
    }
    if profile is Profile.TESTS:
        return settings | {
            "shared_buffers": "128MB",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            "max_wal_size": "1GB",
            "logging_collector": "off",
            "max_connections": "60",
        }
    return settings | {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "wal_compression": "on",
        "wal_buffers": "16MB",
        "max_wal_size": "2GB",
        "min_wal_size": "128MB",
        "checkpoint_timeout": "10min",
        "log_min_duration_statement": "2s",
        "log_checkpoints": "off",
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgres-%a.log",
        "log_rotation_age": "1d",
        "log_truncate_on_rotation": "on",
    }


def settings_file(settings: dict[str, str]) -> str:
    """The text of ``siyu.conf``."""
    lines = ["# Written by siyu at every start; put settings of your own into local.conf beside this file."]
    for name, value in settings.items():
        quoted = value.replace("'", "''")
        lines.append(f"{name} = '{quoted}'")
    lines.append("include_if_exists = 'local.conf'")
    return "\n".join(lines) + "\n"
