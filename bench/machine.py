"""What a figure depends on besides the program: machine, load, versions, the cycle collector."""

import gc
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydantic
import sqlalchemy


def description() -> dict[str, str]:
    """Return machine and versions, as the head of every run names them."""
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "pydantic": pydantic.VERSION,
        "sqlalchemy": sqlalchemy.__version__,
        "fdatasync of 4 KiB": f"{_fdatasync_ms():.2f} ms",
        "load before": " ".join(f"{each:.2f}" for each in os.getloadavg()),
    }


def rss_mb() -> float:
    """Return the memory that this process occupies, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def settle() -> None:
    """Let the cycle collector pass over what is loaded, and wake rarely, as a long run needs it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@contextmanager
def empty_folder() -> Iterator[Path]:
    """Give a folder below the temporary one, and remove it with all it holds."""
    with tempfile.TemporaryDirectory(prefix="hall-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def say(text: str) -> None:
    """Tell progress on standard error."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _fdatasync_ms(count: int = 50) -> float:
    """Return what one small durable write costs here: the floor below every single append."""
    with empty_folder() as folder, (folder / "probe").open("wb", buffering=0) as probe:
        begun = time.perf_counter()
        for _ in range(count):
            probe.write(b"\0" * 4096)
            os.fdatasync(probe.fileno())
        return (time.perf_counter() - begun) / count * 1e3
