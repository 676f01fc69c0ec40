"""The demo's source against a real HTTP server that answers as an intake may."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from consoles.demo.facts import Event
from consoles.demo.intake_client import IntakeClient
from consoles.demo.source import BATCH_MAX, DemoSource
from consoles.demo.town import ZONE, start_instant
from consoles.demo.workday import hall_time
from ledger.drivers.calendar_files import load_calendar
from ledger.work_calendar import WorkCalendar

SECOND = 1_000_000
MINUTE = 60 * SECOND
START = start_instant(1)

Answer = tuple[int, dict[str, str], Any]


@dataclass
class Desk:
    """What the server was sent, and how it is to answer; `answer` sees the batch and its number."""

    answer: Callable[[list[Any], int], Answer | None]
    cards: list[dict[str, Any]] = field(default_factory=list)
    batches: list[list[Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    @property
    def events(self) -> list[Any]:
        return [event for batch in self.batches for event in batch]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    desk: ClassVar[Desk]

    def do_POST(self) -> None:
        batch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.desk.connections.add(self.client_address)
        self.desk.batches.append(batch)
        self.desk.headers.append(dict(self.headers))
        found = self.desk.answer(batch, len(self.desk.batches))
        if found is None:
            self.close_connection = True
        else:
            self._send(*found)

    def do_GET(self) -> None:
        self._send(200, {}, {"items": self.desk.cards})

    def log_message(self, *args: object) -> None:
        pass

    def _send(self, status: int, headers: dict[str, str], value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def taken(batch: list[Any], _: int = 0) -> Answer:
    return 200, {}, {"appended": len(batch), "repeated": 0, "refused": 0, "results": []}


@pytest.fixture
def serve() -> Iterator[Callable[[Desk], str]]:
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(desk: Desk) -> str:
        handler = type("DeskHandler", (Handler,), {"desk": desk})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


HOURS = hall_time(WorkCalendar(load_calendar("cn")))


class Clock:
    """Virtual time that passes only in sleep, and stops the run at its end."""

    def __init__(self, until: int) -> None:
        self.instant = START
        self.until = until
        self.stop = threading.Event()

    def now(self) -> int:
        return self.instant

    def sleep_until(self, us: int) -> None:
        self.instant = max(self.instant + 1, us)
        if self.instant >= self.until:
            self.stop.set()


def demo() -> DemoSource:
    return DemoSource(seed=1, hours=HOURS, start_us=START)


def event(name: str) -> Event:
    return {"id": name}


def test_what_is_due_is_sent_once_in_batches_over_one_kept_connection(
    serve: Callable[[Desk], str],
) -> None:
    desk, clock = Desk(answer=taken), Clock(START + 60 * MINUTE)
    counts = demo().run(serve(desk), clock.now, clock.sleep_until, clock.stop)
    assert counts.accepted == len(desk.events) > 400
    assert (counts.rejected, counts.given_up, counts.retries) == (0, 0, 0)
    assert len(desk.connections) == 1
    assert max(map(len, desk.batches)) <= BATCH_MAX
    assert {h["Content-Type"] for h in desk.headers} == {"application/cloudevents-batch+json"}
    sent = [(e["subject"], e["source"], e["id"]) for e in desk.events]
    assert len(sent) - len(set(sent)) < 0.01 * len(sent)


def test_no_fact_is_sent_before_the_virtual_clock_has_reached_it(
    serve: Callable[[Desk], str],
) -> None:
    clock = Clock(START + 20 * MINUTE)
    early: list[str] = []

    def check(batch: list[Any], number: int) -> Answer:
        now = datetime.fromtimestamp(clock.instant // SECOND, tz=ZONE)
        early.extend(e["id"] for e in batch if datetime.fromisoformat(e["time"]) > now)
        return taken(batch, number)

    desk = Desk(answer=check)
    demo().run(serve(desk), clock.now, clock.sleep_until, clock.stop)
    assert len(desk.batches) > 20
    assert early == []


def test_a_busy_server_is_asked_again_with_the_same_batch_after_the_time_it_names(
    serve: Callable[[Desk], str],
) -> None:
    def busy_at_first(batch: list[Any], number: int) -> Answer:
        if number <= 3:
            return (503, 429, 503)[number - 1], {"Retry-After": "0"}, {"code": "busy"}
        return taken(batch, number)

    desk = Desk(answer=busy_at_first)
    client = IntakeClient(serve(desk), threading.Event())
    client.post([event("a"), event("b")])
    client.close()
    assert desk.batches == [[event("a"), event("b")]] * 4
    assert (client.counts.accepted, client.counts.retries) == (2, 3)


def test_a_connection_that_breaks_is_opened_again_and_the_batch_repeated(
    serve: Callable[[Desk], str],
) -> None:
    desk = Desk(answer=lambda batch, number: None if number == 1 else taken(batch))
    client = IntakeClient(serve(desk), threading.Event())
    client.post([event("a")])
    client.close()
    assert desk.batches == [[event("a")], [event("a")]]
    assert len(desk.connections) == 2
    assert client.counts.accepted == 1


def test_repeats_and_refusals_are_counted_as_the_answer_counts_them(
    serve: Callable[[Desk], str],
) -> None:
    answer: Answer = (207, {}, {"appended": 1, "repeated": 1, "refused": 1, "results": []})
    client = IntakeClient(serve(Desk(answer=lambda *_: answer)), threading.Event())
    client.post([event("a"), event("b"), event("c")])
    client.close()
    counts = client.counts
    assert (counts.accepted, counts.duplicate, counts.rejected) == (1, 1, 1)


def test_one_bad_event_costs_no_good_one_even_if_the_answer_says_nothing_of_each(
    serve: Callable[[Desk], str],
) -> None:
    def strict(batch: list[Any], number: int) -> Answer:
        if event("bad") in batch:
            return 400, {}, {"code": "events.invalid"}
        return taken(batch, number)

    desk = Desk(answer=strict)
    client = IntakeClient(serve(desk), threading.Event())
    client.post([event("a"), event("b"), event("bad"), event("c"), event("d")])
    client.close()
    assert (client.counts.accepted, client.counts.rejected) == (4, 1)


def test_a_stop_ends_the_wait_for_a_server_that_is_not_there() -> None:
    stop = threading.Event()
    client = IntakeClient("http://127.0.0.1:9", stop)
    threading.Timer(0.2, stop.set).start()
    client.post([event("a")])
    assert client.counts.given_up == 1
    assert client.counts.retries >= 1


def test_people_act_once_on_each_card_that_the_api_shows(serve: Callable[[Desk], str]) -> None:
    desk, clock = Desk(answer=taken), Clock(START + 5 * 60 * MINUTE)
    desk.cards = [
        {"card_id": "card-1", "case": "C1", "level": "red", "department": "SCJ"},
        {"card_id": "card-2", "case": "C2", "level": 2, "department": None},
        {"surprise": True},
    ]
    demo().run(serve(desk), clock.now, clock.sleep_until, clock.stop)
    acts = [e for e in desk.events if e["type"].startswith("hall.card.")]
    red = [e["type"].split(".")[2] for e in acts if e["data"]["card_id"] == "card-1"]
    assert red[:3] == ["signed", "explained", "rectification-ordered"]
    assert {e["subject"] for e in acts} == {"C1", "C2"}
    assert len({e["id"] for e in acts}) == len(acts)
    assert {e["source"] for e in acts} == {"/halls/430121/officers"}


def test_a_restarted_source_repeats_itself_and_its_acts_with_the_same_names(
    serve: Callable[[Desk], str],
) -> None:
    since = "2026-11-24T09:06:30.123456+08:00"
    card = {"card_id": "k", "case": "C1", "level": "red", "department": "SCJ", "detected_at": since}
    first, again = Desk(answer=taken, cards=[card]), Desk(answer=taken, cards=[card])
    for desk, begin in ((first, START), (again, START + 100 * MINUTE)):
        clock = Clock(START + 150 * MINUTE)
        clock.instant = begin
        demo().run(serve(desk), clock.now, clock.sleep_until, clock.stop)

    def by_name(desk: Desk) -> dict[tuple[str, str], Any]:
        return {(e["source"], e["id"]): e for e in desk.events}

    acts = [e for e in first.events if e["type"].startswith("hall.card.")]
    assert len(acts) >= 2
    assert by_name(first) == by_name(again)
