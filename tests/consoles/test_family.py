"""The processes of all roles on one machine: started again when they end, ended in order."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.consoles.commands import environment, wait_until

CHILD = """
import sys, time, pathlib
noted = pathlib.Path(sys.argv[1]) / sys.argv[3]
first = not noted.exists()
with noted.open("a") as file:
    file.write(" ".join(sys.argv[2:]) + "\\n")
if first and sys.argv[3] == "project":
    sys.exit(70)
time.sleep(600)
"""
PARENT = """
import sys
from consoles.family import Family
Family([sys.executable, "-c", sys.argv[1], sys.argv[2]], 9464).run()
"""


def lines(folder: Path, role: str) -> list[str]:
    path = folder / role
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_each_role_has_a_process_and_a_port_and_one_that_ends_is_started_again(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", PARENT, CHILD, str(tmp_path)]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as family:
        try:
            wait_until(lambda: len(lines(tmp_path, "project")) == 2, "it is started again")
            family.send_signal(signal.SIGTERM)
            assert family.wait(60) == 0
        finally:
            family.kill()
    assert lines(tmp_path, "supervise") == ["--role supervise --port 9464"]
    assert lines(tmp_path, "project") == ["--role project --port 9465"] * 2
    assert lines(tmp_path, "intake") == ["--role intake --port 9466"]
