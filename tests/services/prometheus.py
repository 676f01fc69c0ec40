"""Prometheus and Alertmanager of the system's packages, run with a folder of configuration."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.services.service_process import OwnService, ServiceFailed, free_port

READY_SECONDS_MAX = 60


@dataclass(frozen=True)
class Sample:
    """One series of an answer: its labels (`__name__` among them) and its value."""

    labels: dict[str, str]
    value: float


class _WebService(OwnService):
    """A server that has data in a temporary folder and says at `/-/ready` that it is ready."""

    def __init__(self, program: str, *options: str) -> None:
        self.port = free_port()
        folder = self.new_folder(program)
        self.url = f"http://127.0.0.1:{self.port}"
        address = f"--web.listen-address=127.0.0.1:{self.port}"
        storage = "--storage.path" if program.endswith("alertmanager") else "--storage.tsdb.path"
        command = [program, address, f"{storage}={folder / 'data'}", *options]
        super().__init__(command, folder)

    def start(self) -> None:
        """Start it and wait until it is ready."""
        super().start()
        self.wait_until(self._ready, "ready", READY_SECONDS_MAX)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", trust_env=False, timeout=5).is_success
        except httpx.TransportError:
            return False

    def get(self, path: str, **parameters: str) -> Any:
        """The JSON that a path answers; an answer of failure is an error of the test."""
        answer = httpx.get(self.url + path, params=parameters, trust_env=False, timeout=30)
        if not answer.is_success:
            raise ServiceFailed(f"{path} {parameters}: {answer.status_code} {answer.text}")
        return answer.json()


class PrometheusServer(_WebService):
    """Prometheus with the file `prometheus.yml` of a folder.

    Attributes:
        url: its address, `http://127.0.0.1:PORT`.
    """

    def __init__(self, configuration: Path) -> None:
        config = f"--config.file={configuration.resolve() / 'prometheus.yml'}"
        super().__init__("prometheus", config, "--web.enable-lifecycle")

    def reload(self) -> None:
        """Read the configuration again; one that is wrong is an error, and the old one stays."""
        answer = httpx.post(f"{self.url}/-/reload", trust_env=False, timeout=30)
        if not answer.is_success:
            raise ServiceFailed(f"reload: {answer.status_code} {answer.text}")

    def query(self, expression: str) -> list[Sample]:
        """The instant vector (or scalar) that an expression gives now.

        Raises:
            ServiceFailed: Prometheus refused the expression.
        """
        data = self.get("/api/v1/query", query=expression)["data"]
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        return [Sample(each["metric"], float(each["value"][1])) for each in data["result"]]

    def rules(self) -> list[dict[str, Any]]:
        """Every recording and alert rule with its state, health and last error."""
        groups = self.get("/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def targets(self) -> list[dict[str, Any]]:
        """What it scrapes, with health and last error."""
        active: list[dict[str, Any]] = self.get("/api/v1/targets")["data"]["activeTargets"]
        return active

    def wait_for(
        self,
        expression: str,
        wanted: Callable[[list[Sample]], bool] = bool,
        timeout_seconds: float = 60,
    ) -> list[Sample]:
        """Ask until the answer is what is wanted (without `wanted`: until there is one)."""
        deadline = time.monotonic() + timeout_seconds
        while not wanted(found := self.query(expression)):
            if time.monotonic() > deadline:
                raise ServiceFailed(self.said(f"answers {expression} with {found}"))
            time.sleep(0.2)
        return found


class AlertmanagerServer(_WebService):
    """Alertmanager with the file `alertmanager.yml` of a folder.

    Attributes:
        url: its address, `http://127.0.0.1:PORT`.
    """

    def __init__(self, configuration: Path) -> None:
        config = f"--config.file={configuration.resolve() / 'alertmanager.yml'}"
        super().__init__("prometheus-alertmanager", config, "--cluster.listen-address=")

    def alerts(self) -> list[dict[str, Any]]:
        """What it was told and has not forgotten."""
        found: list[dict[str, Any]] = self.get("/api/v2/alerts")
        return found
