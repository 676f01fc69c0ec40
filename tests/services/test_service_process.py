"""A test service ends with its test process, in whichever way that ends."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.service_process import ServiceFailed, ServiceProcess

ROOT = Path(__file__).resolve().parent.parent.parent
OWNER = """
import sys, threading, time
from pathlib import Path
from tests.services.service_process import ServiceProcess
service = ServiceProcess(["sleep", "600"], Path(sys.argv[1]))
maker = threading.Thread(target=service.start)
maker.start()
maker.join()
print(service.pid, flush=True)
time.sleep(600)
"""


def is_there(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 60
    while is_there(pid):
        assert time.monotonic() < deadline, f"{pid} was left behind"
        time.sleep(0.05)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[ServiceProcess]:
    service = ServiceProcess(["sleep", "600"], tmp_path / "log")
    yield service
    service.kill()


def test_it_does_not_outlive_a_killed_test_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert is_there(pid)
        owner.send_signal(signal.SIGKILL)
    wait_until_gone(pid)


def test_it_outlives_the_thread_that_started_it(sleeper: ServiceProcess) -> None:
    starter = threading.Thread(target=sleeper.start)
    starter.start()
    starter.join()
    time.sleep(0.2)
    assert sleeper.is_running()


def test_it_is_killed_also_while_it_is_paused(sleeper: ServiceProcess) -> None:
    sleeper.start()
    sleeper.pause()
    sleeper.kill()
    assert not sleeper.is_running()
    sleeper.start()
    assert sleeper.is_running()


def test_one_that_ends_by_itself_is_a_failure_with_its_log(tmp_path: Path) -> None:
    service = ServiceProcess(["sh", "-c", "echo no room; exit 3"], tmp_path / "log")
    service.start()
    with pytest.raises(ServiceFailed, match=r"ended before it was ready[^?]*no room"):
        service.wait_until(lambda: False, "ready", 60)
    assert service.ended() == 3
