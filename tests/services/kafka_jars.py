"""The jars of Apache Kafka, fetched by Maven once for a checkout.

`python -m tests.services.kafka_jars` fetches them before the tests do and prints their folder. With
the folder there, neither network nor Maven is needed.
"""

import fcntl
import re
import shutil
import subprocess
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
CACHE = POM.parent.parent.parent / ".cache"
FETCH_SECONDS_MAX = 600


class JarsMissing(Exception):
    """The jars are not there and could not be fetched; the message says why."""


def kafka_version() -> str:
    """The version that `pom.xml` names."""
    (version,) = re.findall("<kafka.version>(.+)</kafka.version>", POM.read_text("utf-8"))
    return str(version)


def kafka_jars(cache: Path = CACHE) -> Path:
    """Folder of the jars; of several processes that lack them one fetches and the others wait.

    Raises:
        JarsMissing: they are not there, and `mvn` is missing, failed, or took too long.
    """
    folder = cache / f"kafka-{kafka_version()}"
    if folder.is_dir():
        return folder
    cache.mkdir(exist_ok=True)
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsMissing(f"no jars in {folder} and no mvn on PATH (Debian: apt-get install maven)")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={part}"]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        raise JarsMissing(f"mvn fetched no jars in {FETCH_SECONDS_MAX} s") from None
    if run.returncode != 0:
        raise JarsMissing(f"mvn could not fetch the jars: {(run.stdout + run.stderr)[:500]}")
    part.rename(folder)


if __name__ == "__main__":
    print(kafka_jars())
