"""The small HTTP surface of a worker, over real connections."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from alerts.drivers.metrics_server import ANSWERS_MAX, MetricsServer, serve_metrics
from alerts.drivers.prometheus import Exporter
from alerts.figures import Build, Figures
from alerts.readiness import Readiness
from ledger.errors import LogUnavailable, SettingInvalid

BUILD = Build("0.2.0", "kafka", "1", "hunan 1")


@contextmanager
def served(
    ready: Callable[[], Readiness] = Readiness, source: Callable[[], Figures] = dict
) -> Iterator[MetricsServer]:
    exporter = Exporter(BUILD)
    exporter.read(source)
    server = serve_metrics(exporter, "127.0.0.1", 0, ready)
    try:
        yield server
    finally:
        server.close()


def get(server: MetricsServer, path: str) -> tuple[int, Any, bytes]:
    """Status, headers and body of an answer."""
    try:
        with urllib.request.urlopen(server.url + path, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_metrics_are_text_that_prometheus_reads() -> None:
    with served(source=lambda: {"hall_log_records": {("0",): 5}}) as server:
        status, headers, body = get(server, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b'hall_log_records{partition="0"} 5.0' in body
    assert b'hall_build_info{edition="kafka"' in body


def test_it_lives_while_it_answers() -> None:
    with served(ready=lambda: Readiness(reasons=("not yet",))) as server:
        status, _, body = get(server, "/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok"})


def test_a_ready_worker_answers_200_with_what_it_says_besides() -> None:
    with served(ready=lambda: Readiness(details={"lags": {"0": 3}})) as server:
        status, headers, body = get(server, "/readyz")
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"ready": True, "reasons": [], "lags": {"0": 3}}


def test_a_worker_that_is_not_ready_answers_503_with_its_reasons() -> None:
    reasons = ("分区 3 has no position", "the database is away")
    with served(ready=lambda: Readiness(reasons=reasons)) as server:
        status, headers, body = get(server, "/readyz?verbose")
    assert (status, headers["retry-after"]) == (503, "1")
    assert json.loads(body) == {"ready": False, "reasons": list(reasons)}


def test_what_asking_for_readiness_raises_is_the_reason() -> None:
    def away() -> Readiness:
        raise LogUnavailable("No broker answers.")

    with served(ready=away) as server:
        status, _, body = get(server, "/readyz")
    assert (status, json.loads(body)["reasons"]) == (503, ["No broker answers."])


def test_figures_that_cannot_be_read_are_an_error_and_the_next_scrape_may_succeed() -> None:
    answers: list[Figures] = []

    def source() -> Figures:
        return answers.pop()

    with served(source=source) as server:
        assert get(server, "/metrics")[0] == 500
        answers.append({"hall_log_records": {("0",): 1}})
        assert get(server, "/metrics")[0] == 200


def test_any_other_path_is_not_found() -> None:
    with served() as server:
        status, _, body = get(server, "/")
    assert (status, json.loads(body)["code"]) == (404, "request.not-found")


def test_an_address_in_use_is_named() -> None:
    with served() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(SettingInvalid, match=f"127.0.0.1:{port}"):
            serve_metrics(Exporter(BUILD), "127.0.0.1", port, Readiness)


def test_silent_connections_up_to_the_bound_are_kept_and_one_beyond_it_is_closed() -> None:
    with served() as server, ExitStack() as held:
        host, port = server.url.removeprefix("http://").split(":")
        for _ in range(ANSWERS_MAX):
            held.enter_context(socket.create_connection((host, int(port))))
        beyond = held.enter_context(socket.create_connection((host, int(port)), timeout=20))
        assert beyond.recv(1) == b""


def test_it_answers_no_more_once_it_is_closed() -> None:
    with served() as server:
        pass
    with pytest.raises(OSError, match="refused"):
        get(server, "/healthz")
