"""The embedded edition runs without the Kafka client libraries, and importing it does nothing.

One interpreter of its own imports every module of the five packages, except those that need an
extra (Kafka's, Grafana's), while an import hook refuses the client libraries and an audit hook
notes effects.
"""

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

IMPORT_EVERYTHING = """
import importlib, json, pathlib, sys

PACKAGES = ("ledger", "processors", "projections", "alerts", "consoles")
LEFT_OUT = {"faust_worker", "grafana_http", "__main__"}
NEEDS_NO_LIBRARY = {"kafka_access"}
KAFKA_LIBRARIES = {"faust", "mode", "kafka", "aiokafka"}
WATCHED = ("socket.", "sqlite3.", "subprocess.", "os.system", "os.mkdir", "os.remove", "shutil.")
QUIET = {"socket.__new__"}  # asyncio and anyio ask for a socket's type, not for a connection
refused, effects, failed, importing = [], [], {}, ""


class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in KAFKA_LIBRARIES:
            refused.append([importing, name])
            raise ModuleNotFoundError(f"{name} is not part of the embedded edition", name=name)
        return None


def note(event, arguments):
    if event.startswith(WATCHED) and event not in QUIET:
        effects.append([importing, event])
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        effects.append([importing, f"open {arguments[0]} for writing"])


def modules():
    for path in sorted(path for name in PACKAGES for path in pathlib.Path(name).rglob("*.py")):
        parts = path.with_suffix("").parts
        hosts_kafka = parts[-1].startswith("kafka_") and parts[-1] not in NEEDS_NO_LIBRARY
        if parts[-1] not in LEFT_OUT and not hosts_kafka:
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


sys.meta_path.insert(0, Refuse())
sys.addaudithook(note)
for importing in modules():
    try:
        importlib.import_module(importing)
    except Exception as error:
        failed[importing] = repr(error)
print(json.dumps({
    "imported": sorted(name for name in sys.modules if name.partition(".")[0] in PACKAGES),
    "failed": failed,
    "refused": refused,
    "loaded": sorted(KAFKA_LIBRARIES & set(sys.modules)),
    "effects": effects,
}))
"""


@functools.cache
def imported_everything() -> dict[str, Any]:
    """What one interpreter saw while it imported every module of the embedded edition."""
    run = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_EVERYTHING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    seen: dict[str, Any] = json.loads(run.stdout)
    return seen


def test_every_module_of_the_embedded_edition_can_be_imported() -> None:
    seen = imported_everything()
    assert not seen["failed"], "\n".join(f"{k}: {v}" for k, v in seen["failed"].items())
    assert {"ledger", "processors", "projections", "alerts", "consoles"} <= set(seen["imported"])


def test_no_module_of_the_embedded_edition_asks_for_a_kafka_library() -> None:
    seen = imported_everything()
    assert seen["refused"] == []
    assert seen["loaded"] == []


def test_importing_a_module_opens_no_socket_no_database_and_writes_no_file() -> None:
    effects = imported_everything()["effects"]
    assert not effects, "\n".join(f"{module}: {effect}" for module, effect in effects)
