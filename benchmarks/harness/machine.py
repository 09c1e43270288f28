"""Facts about the machine and what processes used of it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path
from typing import Any


def facts(state: Path) -> dict[str, Any]:
    """What somebody must know to compare figures."""
    model = ""
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_mb": int(memory) // 1024,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "free_disk_gb": shutil.disk_usage(state).free // 2**30,
    }


def load() -> float:
    """The load average of the last minute: over the number of cores, others were at work too."""
    return round(os.getloadavg()[0], 1)


def peak_mb(pid: int | str = "self") -> float:
    """The most memory a process ever had, in MB; 0 when it has gone."""
    for line in _lines(f"/proc/{pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, parents = [pid], dict[int, int]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = "".join(_lines(f"/proc/{entry.name}/stat")).rpartition(")")[2].split()
            if len(fields) > 1:
                parents[int(entry.name)] = int(fields[1])
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: list[int]) -> float:
    """Processor time these processes and their ended children have used, user and system."""
    total = 0
    for pid in pids:
        fields = "".join(_lines(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        if len(fields) > 14:
            total += sum(int(field) for field in fields[11:15])
    return total / TICKS
