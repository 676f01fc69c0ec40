"""CPU time and memory of other processes, as Linux counts them in /proc."""

import os
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, of its ended children and of all below it that live."""
    fields = _stat(pid)
    own = sum(int(each) for each in fields[11:15]) / _TICKS
    return own + sum(cpu_seconds(child) for child in _children(pid))


def rss_mb(pid: int) -> float:
    """Return the memory that a process occupies, in MB."""
    pages = int((_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE / 1e6


def _stat(pid: int) -> list[str]:
    """Return the fields of a process from its state on; zeros where it has ended."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 50
    return text.rpartition(")")[2].split()


def _children(pid: int) -> list[int]:
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and _stat(int(entry.name))[1] == str(pid):
            found.append(int(entry.name))
    return found
