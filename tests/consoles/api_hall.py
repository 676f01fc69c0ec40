"""A small hall for the tests of the HTTP surface: real drivers in a folder, no supervision.

What supervision would find is appended by the test; what is read is what the drivers hold.
"""

import contextlib
import http.client
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from consoles.api.app import create_app
from consoles.api.serve import Running, running
from ledger import wire
from ledger.drivers.sql_engine import open_engine
from ledger.drivers.sqlite_log import SqliteDeadLetters, SqliteLog
from ledger.record import AnyRecord, micros
from projections.drivers.projector import Projector
from projections.drivers.readers import Readers
from projections.drivers.sql_store import SqlStore
from projections.registry import all_projections
from tests.projections.records import ZONE, at, entry

T = TypeVar("T")
NOW_US = micros(at(hours=3))


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallSettings:
    zone: ZoneInfo = ZONE
    hall_name: str = "测试大厅"
    generated: bool = True
    max_body_bytes: int = 8 * 1024 * 1024
    max_batch_events: int = 10_000
    max_in_flight: int = 256
    max_live_clients: int = 4


@dataclass(kw_only=True)
class SmallHall:
    """Satisfies HallPort; `add` appends findings and facts and brings the read models up."""

    settings: SmallSettings
    log: SqliteLog
    dead_letters: SqliteDeadLetters
    readers: Readers
    projector: Projector
    ready: bool = True
    clock_us: int = NOW_US

    def now_us(self) -> int:
        return self.clock_us

    def explain(self, card_id: str) -> Mapping[str, Any] | None:
        card = self.readers.card(card_id)
        return None if card is None else {"card_id": card_id, "intervals": []}

    def explain_case(self, case_id: str, as_of_us: int | None = None) -> Mapping[str, Any] | None:
        known = self.case_history(case_id, as_of_us)
        return None if known is None else {"case": case_id, "as_of": as_of_us, "clocks": []}

    def case_history(
        self, case_id: str, as_of_us: int | None = None, known_at_us: int | None = None
    ) -> Mapping[str, Any] | None:
        places = self.readers.case_positions(case_id)
        records = [wire.decode(self.log.read(*place, 1)[0][1]) for place in places]
        shown = [r for r in records if as_of_us is None or micros(r.time) <= as_of_us]
        if known_at_us is not None:
            shown = [r for r in shown if r.recordedtime and micros(r.recordedtime) <= known_at_us]
        return {"case": case_id, "timeline": [r.type for r in shown]} if shown else None

    def status(self) -> Mapping[str, Any]:
        lag = self.readers.lag(self.log.ends())
        return {"ready": self.ready, "reasons": [], "projection_lag": lag}

    def metrics(self) -> bytes:
        return b"# TYPE hall_build_info gauge\nhall_build_info 1\n"

    def add(self, *records: AnyRecord) -> None:
        self.log.append([entry(each) for each in records])
        self.projector.catch_up()

    def records(self, partition: int = 0) -> list[AnyRecord]:
        return [wire.decode(raw) for _, raw in self.log.read(partition, 0, 100_000)]

    def close(self) -> None:
        self.log.close()
        self.readers._engine.dispose()


def open_small(folder: Path, settings: SmallSettings | None = None, **log: Any) -> SmallHall:
    settings = settings or SmallSettings()
    sqlite_log = SqliteLog(folder / "log.db", now=lambda: NOW_US, **log)
    engine = open_engine(f"sqlite:///{folder / 'read.db'}")
    store = SqlStore(engine, all_projections(settings.zone), settings.zone)
    store.prepare()
    projector = Projector(sqlite_log, store)
    projector.claim(range(sqlite_log.partitions))
    return SmallHall(
        settings=settings,
        log=sqlite_log,
        dead_letters=SqliteDeadLetters(sqlite_log),
        readers=Readers(engine, settings.zone),
        projector=projector,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A hall and a server of it on a free port."""

    hall: SmallHall
    server: Running

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; `_` in the name of a header stands for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        try:
            sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(self, value: Any, path: str = "/api/v1/events", **headers: str) -> Answer:
        """Send JSON, or the bytes given as they are."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.ask("POST", path, body, {"Content_Type": "application/json", **headers})


@contextlib.contextmanager
def served(hall: SmallHall) -> Iterator[Served]:
    """Serve a hall for as long as the block lasts, then close it."""
    try:
        with running(create_app(hall, pages=False)) as server:
            yield Served(hall=hall, server=server)
    finally:
        hall.close()


def accepted_event(id_: str = "a-1", subject: str = "case-1", **changes: Any) -> dict[str, Any]:
    """An acceptance as a source system sends it."""
    event = {
        "specversion": "1.0",
        "type": "hall.case.accepted.v1",
        "source": "/halls/430100/approval",
        "id": id_,
        "subject": subject,
        "time": "2026-11-23T09:00:00+08:00",
        "data": {"matter": "M1", "department": "D1", "hall": "H1"},
    }
    return {**event, **changes}


class Stream:
    """A client of the live stream that reads one event at a time."""

    def __init__(self, port: int, path: str = "/live", **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", path, headers=sent)
        self.response = self._connection.getresponse()

    def event(self) -> dict[str, str]:
        """The fields of the next event; comments and bare `retry` lines are passed over."""
        fields: dict[str, str] = {}
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if not line:
                if "event" in fields:
                    return fields
                fields.clear()
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value

    def wait_for(self, name: str, within_s: float = 8.0) -> dict[str, str]:
        """The next event of that name."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            fields = self.event()
            if fields["event"] == name:
                return fields
        raise AssertionError(f"no event {name!r} within {within_s} s")

    def rest(self) -> bytes:
        """What is left until the server ends the stream."""
        return self.response.read()

    def close(self) -> None:
        self.response.close()
        self._connection.close()
