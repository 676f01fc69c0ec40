"""A node of the Kafka edition as its users see it: HTTP, pages and commands over real services."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.consoles.commands import Server, serving, wait_until
from tests.faults.kafka_hall import KafkaHall, kafka_hall

pytestmark = pytest.mark.slow


@pytest.fixture
def hall(tmp_path: Path, kafka_cluster: Any, topic: str, database_url: str) -> Iterator[KafkaHall]:
    with kafka_hall(
        tmp_path,
        bootstrap=kafka_cluster.bootstrap,
        topic=f"{topic}.ledger",
        database_url=database_url,
    ) as made:
        for role in ("supervise", "project"):
            made.start("a", role)
        yield made


@pytest.fixture
def node(hall: KafkaHall) -> Iterator[Server]:
    with serving("serve", "--port", 0, env=hall.env) as server:
        yield server


def accepted(id_: str, subject: str) -> dict[str, Any]:
    """An acceptance whose limits have long passed: a card follows at once."""
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "/halls/430121/approval",
        "type": "hall.case.accepted.v1",
        "subject": subject,
        "time": "2025-11-24T09:00:00+08:00",
        "data": {
            "matter": "SCJ-072",
            "department": "SCJ",
            "hall": "430121",
            "promised_limit": {"amount": 7, "unit": "working_day"},
        },
    }


def post(node: Server, value: Any, **headers: str) -> tuple[int, dict[str, str], Any]:
    request = urllib.request.Request(
        f"{node.url}/api/v1/events",
        data=json.dumps(value).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), json.loads(error.read())


def test_what_is_sent_is_judged_and_shown_by_workers_elsewhere(
    hall: KafkaHall, node: Server
) -> None:
    status, _, said = post(node, accepted("a-1", "C-1"), Prefer="wait=30")
    assert status in (201, 202)
    assert said["position"]["offset"] >= 0
    wait_until(lambda: bool(node.json("/api/v1/cards")["items"]), "a card on the page")
    card = node.json("/api/v1/cards")["items"][0]
    assert (card["case"], card["level"]) == ("C-1", "red")
    assert node.json(f"/api/v1/cards/{card['card_id']}/explanation")["reproduced"]
    assert "C-1" in node.get("/warnings").decode()
    assert node.json("/readyz")["ready"]
    metrics = node.get("/metrics").decode()
    assert 'hall_cards{hall="430121",level="red"} 1.0' in metrics
    for command in (
        ("cards", "--json"),
        ("case", "C-1", "--json"),
        ("explain", card["card_id"], "--json"),
        ("check", "--json"),
        ("rebuild", "--check", "--json"),
    ):
        ran = hall.command(*command)
        assert ran.code == 0, f"hall {' '.join(command)}: {ran.out}{ran.err}"


def test_the_same_event_again_counts_once(hall: KafkaHall, node: Server) -> None:
    for _ in range(3):
        assert post(node, accepted("a-1", "C-1"))[0] == 201
    hall.settle()
    assert len(node.json("/api/v1/cards")["items"]) == 1
    assert node.json("/api/v1/cases/C-1")["state"]["anomalies"] == []


def test_while_the_brokers_are_away_nothing_is_taken_and_nothing_acknowledged_is_lost(
    hall: KafkaHall, node: Server, kafka_cluster: Any
) -> None:
    assert post(node, accepted("a-1", "C-1"))[0] == 201
    for broker in kafka_cluster.nodes[1:]:
        broker.kill()
    status, headers, problem = post(node, accepted("a-2", "C-2"))
    assert (status, problem["code"]) == (503, "ledger.unavailable")
    assert "Retry-After" in {name.title() for name in headers}
    kafka_cluster.heal()
    wait_until(lambda: post(node, accepted("a-2", "C-2"))[0] == 201, "taken again", 90)
    hall.settle()
    assert {card["case"] for card in node.json("/api/v1/cards")["items"]} == {"C-1", "C-2"}
    assert hall.command("rebuild", "--check").code == 0
