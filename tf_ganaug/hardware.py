"""What this machine has; nothing is imported for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def memory() -> float:
    """Bytes that the machine has, or the container may use."""
    total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, float(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError):  # no container, or "max"
            continue
    return total


def free_disk(folder: Path) -> float:
    """Bytes free where a folder is, or will be."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    return float(shutil.disk_usage(there).free)


def gpu_memory() -> list[float]:
    """Bytes of each NVIDIA GPU, as nvidia-smi tells; none where it does not."""
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        return [float(line) * 2**20 for line in told.split()]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []
