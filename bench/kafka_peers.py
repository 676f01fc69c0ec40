"""Other ways to do the like on the same brokers, each in a process of its own.

Raw reading with decoding, a plain Faust agent with a table, Quix Streams with its state, and a
plain producer. Quix Streams pins versions that ours exclude, so it lives in an environment of its
own, made from hashes at the first run; where that cannot be, the bench says so and goes on.
"""

import json
import os
import statistics
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench import Row
from bench.kafka_place import Place, append, run_apart
from bench.machine import say
from bench.peers.append import append_by_producer
from ledger.log import Entry

ROOT = Path(__file__).resolve().parent.parent
QUIX_HOME = ROOT / ".cache" / "peers"
_REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"
_MAKING_SECONDS_MAX = 600


class Rate(NamedTuple):
    """What a peer did: events a second, and its CPU µs an event."""

    per_second: float
    cpu_us: float


def peers(place: Place, entries: Sequence[Entry], rounds: int) -> dict[str, Rate]:
    """Let every peer read the same facts; return the median of each, by its name."""
    quix = quix_python()
    found: dict[str, list[Rate]] = {}
    for _ in range(rounds):
        with place.hall() as hall:
            append(hall, entries)
            asked = (place.brokers.bootstrap, hall.parts.place.topic, len(entries))
            found.setdefault("reader", []).append(_run(place, "raw_reader", *asked))
            found.setdefault("faust", []).append(_run(place, "faust_table", *asked))
            if quix is not None:
                peer = _run(place, "quix_state", *asked, python=quix)
                found.setdefault("quix", []).append(peer)
    medians = {
        name: Rate(*(statistics.median(each) for each in zip(*runs, strict=True)))
        for name, runs in found.items()
    }
    say("kafka: peers: " + ", ".join(f"{n} {r.per_second:,.0f}/s" for n, r in medians.items()))
    return medians


def appends(place: Place, entries: Sequence[Entry], rounds: int) -> list[Row]:
    """Append the same records by the log and by a plain producer, in turns; medians."""
    ours, theirs = [], []
    for _ in range(rounds):
        with place.hall() as hall:
            ours.append(len(entries) / append(hall, entries))
        with place.hall() as hall:
            seconds = append_by_producer(hall.parts.place, entries, hall.parts.log.partitions)
            theirs.append(len(entries) / seconds)
    mine, peer = statistics.median(ours), statistics.median(theirs)
    return [
        Row("durable appends to Kafka, 2,000 a call", mine, "1/s"),
        Row("… the same by a plain producer of kafka-python", peer, "1/s"),
        Row("… ours over the producer's", mine / peer, ""),
    ]


def quix_python() -> Path | None:
    """Return the interpreter of the peers' own environment, made on demand; None without one."""
    python = QUIX_HOME / "bin" / "python"
    ready = QUIX_HOME / f"ready-{_digest()}"
    if ready.exists():
        return python
    say("kafka: making an environment for Quix Streams …")
    commands = [
        [sys.executable, "-m", "venv", "--clear", str(QUIX_HOME)],
        [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install",
         "--require-hashes", "--only-binary", ":all:", "-r", str(_REQUIREMENTS)],
    ]  # fmt: skip
    try:
        for command in commands:
            subprocess.run(command, check=True, timeout=_MAKING_SECONDS_MAX)
    except (OSError, subprocess.SubprocessError) as error:
        say(f"kafka: Quix Streams is not measured, its environment cannot be made: {error}")
        return None
    ready.touch()
    return python


def _digest() -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, _REQUIREMENTS.read_text(encoding="utf-8")).hex[:12]


def _run(place: Place, name: str, *arguments: object, python: Path | None = None) -> Rate:
    """Run a peer; it prints one JSON value: events, seconds and CPU seconds between two of them."""
    script = str(ROOT / "bench" / "peers" / f"{name}.py")
    command = [str(python or sys.executable), script, *map(str, arguments)]
    folder = place.folder / f"peer-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PEER_FOLDER": str(folder)}
    told = run_apart(command, env, folder / "log").out
    value = json.loads(told[told.rindex("{") :])  # Faust has written to the terminal before it
    return Rate(
        per_second=value["events"] / value["seconds"],
        cpu_us=1e6 * value["cpu"] / value["events"],
    )
