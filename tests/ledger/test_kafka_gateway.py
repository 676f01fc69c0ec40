"""The way in through a topic: every message becomes a record or a dead letter, and counts once."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ledger import wire
from ledger.errors import RecordUnreadable
from tests.conftest import ROOT

if TYPE_CHECKING:
    from ledger.drivers.kafka_access import KafkaPlace
    from ledger.drivers.kafka_dead_letters import KafkaDeadLetters
    from ledger.drivers.kafka_gateway import KafkaGateway
    from ledger.drivers.kafka_log import KafkaLog
    from tests.services.kafka import KafkaAddress

pytestmark = pytest.mark.kafka
WAIT_S = 120.0
SOURCE = "/halls/430100/approval"
STRUCTURED = [("content-type", b"application/cloudevents+json")]


@dataclass
class Way:
    """The topics of a hall, and what reads and writes them."""

    kafka: "KafkaAddress"
    place: "KafkaPlace"
    log: "KafkaLog"
    letters: "KafkaDeadLetters"
    stack: ExitStack

    def gateway(self, member: str = "gateway-1") -> "KafkaGateway":
        """A member of the group."""
        from ledger.drivers.kafka_gateway import KafkaGateway
        from tests.ledger.kafka_ledgers import ACCESS

        made = KafkaGateway(
            self.place, ACCESS, self.log, self.letters, member=member, session_s=6.0
        )
        self.stack.callback(made.close)
        return made

    def send(self, *messages: dict[str, Any]) -> None:
        """Write messages to the intake topic, one partition after the other."""
        from kafka import KafkaProducer

        options = {"max_request_size": 9_000_000, "batch_size": 1_000}
        with closing(KafkaProducer(**self.kafka.client(), **options)) as producer:
            sent = [producer.send(self.place.intake, **message) for message in messages]
            for future in sent:
                future.get(WAIT_S)

    def take(self, gateway: "KafkaGateway", count: int) -> None:
        """Let a gateway take in so many messages."""
        until, taken = time.monotonic() + WAIT_S, 0
        while taken < count:
            assert time.monotonic() < until, f"{taken} of {count} messages came"
            taken += gateway.turn()
        assert taken == count

    def records(self) -> list[bytes]:
        """The ledger's records, one partition after the other."""
        from tests.ledger.kafka_ledgers import everything

        return [raw for raws in everything(self.log).values() for raw in raws]

    def ids(self) -> list[str]:
        return sorted(wire.decode(raw).id for raw in self.records())


@pytest.fixture
def way(kafka: "KafkaAddress", topic: str) -> Iterator[Way]:
    """A ledger of two partitions with an intake and dead letters."""
    from ledger.drivers.kafka_dead_letters import KafkaDeadLetters
    from ledger.drivers.kafka_topics import apply_topics, declared
    from tests.ledger.kafka_ledgers import ACCESS, delete_topics, opened, place_on

    place = place_on(kafka, f"{topic}.ledger")
    apply_topics(place, ACCESS, declared(place, partitions=2, replication=1))
    with ExitStack() as stack:
        log = stack.enter_context(opened(place, patience_s=WAIT_S))
        letters = stack.enter_context(closing(KafkaDeadLetters(place, ACCESS, patience_s=WAIT_S)))
        yield Way(kafka, place, log, letters, stack)
    delete_topics(kafka, place.topic, place.intake, place.dead_letters)


def event(case: str, id_: str, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "hall.case.urged.v1",
        "source": SOURCE,
        "id": id_,
        "subject": case,
        "time": "2026-11-24T11:00:00+08:00",
        "data": {"actor_ref": "officer-1", "text": "催办"},
        **changes,
    }


def message(case: str, id_: str, **changes: Any) -> dict[str, Any]:
    """A structured message, keyed by its case as sources should."""
    value = json.dumps(event(case, id_, **changes)).encode()
    return {"key": case.encode(), "value": value, "headers": STRUCTURED}


def test_events_of_both_modes_become_records_in_the_order_of_their_case(way: Way) -> None:
    attributes = event("case-1", "binary")
    data = json.dumps(attributes.pop("data")).encode()
    headers = [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
    structured = [message("case-1", str(number)) for number in range(5)]
    way.send(*structured, {"key": b"case-1", "value": data, "headers": headers})
    way.send(*(message(f"case-{number}", "1") for number in range(2, 30)))
    gateway = way.gateway()
    way.take(gateway, 34)
    records = [wire.decode(raw) for raw in way.records()]
    mine = [record.id for record in records if record.subject == "case-1"]
    assert mine == ["0", "1", "2", "3", "4", "binary"]
    assert len(records) == 34
    assert all(record.recordedtime is not None for record in records)
    assert gateway.counts == {"appended": 34}
    assert gateway.lag() == {0: 0, 1: 0}


GOOD = message("case-1", "good")
POISON: dict[str, tuple[dict[str, Any], str]] = {
    "bad-json": ({"value": b"{not json", "headers": STRUCTURED}, "malformed-json"),
    "no-utf8": ({"value": b"\xff\xfe{}"}, "malformed-json"),
    "null": ({"value": None, "key": b"case-1"}, "no-value"),
    "empty": ({"value": b""}, "malformed-json"),
    "other-form": ({"value": b"a,b\n", "headers": [("content-type", b"text/csv")]}, "content-type"),
    "unknown-type": (message("case-1", "1", type="hall.case.praised.v1"), "unknown-type"),
    "not-for-sources": (message("case-1", "1", type="hall.finding.card-issued.v1"), "unknown-type"),
    "own-attribute": (message("case-1", "1", recordedtime="2026-11-24T11:00:00Z"), "shape"),
    "wrong-shape": (message("case-1", "1", data={"text": "nobody"}), "missing-field"),
    "float": (message("case-1", "1", data={"actor_ref": "a", "text": 1.5}), "float"),
    "a-megabyte": (
        message("case-1", "1", data={"actor_ref": "a", "text": "文" * 400_000}),
        "too-large",
    ),
    "five-megabytes": ({"value": b'"' + b"x" * 5_000_000 + b'"'}, "shape"),
    "no-utf8-key": ({"value": b"{}", "key": b"\xff\xfe"}, "shape"),
    "header-bomb": (
        {"value": b"[]", "headers": [(f"h{number}", b"x" * 900) for number in range(1_000)]},
        "shape",
    ),
    "attribute-bomb": (
        {
            "value": b"{}",
            "headers": [("ce_specversion", b"1.0")]
            + [(f"ce_x{number}", b"x") for number in range(1_000)],
        },
        "too-many-attributes",
    ),
}


def test_what_is_no_event_becomes_a_dead_letter_with_its_bytes_and_holds_nothing_up(
    way: Way,
) -> None:
    from kafka import KafkaConsumer, TopicPartition

    poison = [{**each, "partition": 0} for each, _ in POISON.values()]
    way.send({**GOOD, "partition": 0}, *poison, {**message("case-1", "last"), "partition": 0})
    gateway = way.gateway()
    way.take(gateway, len(poison) + 2)
    assert way.ids() == ["good", "last"]
    assert gateway.counts == {"appended": 2, "refused": len(poison)}

    letters = way.letters.list()
    assert [each.reason for each in letters] == [reason for _, reason in POISON.values()]
    assert [each.raw for each in letters] == [each["value"] or b"" for each in poison]
    assert Counter(way.letters.counts()) == Counter(reason for _, reason in POISON.values())
    places = dict(zip(POISON, range(1, len(poison) + 1), strict=True))
    with closing(
        KafkaConsumer(**way.kafka.client(), auto_offset_reset="earliest", max_poll_records=10_000)
    ) as consumer:
        consumer.assign([TopicPartition(way.place.dead_letters, 0)])
        found: list[Any] = []
        while len(found) < len(poison):
            found += next(iter(consumer.poll(timeout_ms=WAIT_S * 1_000).values()), [])
    for name, record in zip(POISON, found, strict=True):
        sent = POISON[name][0]
        headers = dict(record.headers)
        assert record.key == sent.get("key")
        assert record.headers[: len(sent.get("headers", []))] == sent.get("headers", [])
        assert headers["dlq.topic"] == way.place.intake.encode()
        assert (headers["dlq.partition"], headers["dlq.offset"]) == (b"0", b"%d" % places[name])
        assert headers["dlq.group"] == f"{way.place.topic}.intake".encode()


def test_a_key_that_is_no_text_or_many_headers_do_not_make_a_good_event_bad(way: Way) -> None:
    bomb = [*STRUCTURED, *((f"h{number}", b"x" * 900) for number in range(1_000))]
    way.send(
        {**message("case-1", "1"), "key": b"\xff\xfe"}, {**message("case-1", "2"), "headers": bomb}
    )
    gateway = way.gateway()
    way.take(gateway, 2)
    assert way.ids() == ["1", "2"]
    assert way.letters.list() == []


class NoText(str):
    """A header's name that goes out as bytes that are no UTF-8, as a client in C can send it."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        return b"\xff\xfe"


def test_a_message_that_cannot_be_taken_apart_stops_its_partition_and_is_named(way: Way) -> None:
    poison = message("case-1", "2") | {"headers": [*STRUCTURED, (NoText("no text"), b"x")]}
    sent = (message("case-1", "1"), poison, message("case-1", "3"))
    way.send(*({**each, "partition": 0} for each in sent))
    gateway = way.gateway()
    way.take(gateway, 1)
    with pytest.raises(RecordUnreadable) as stopped:
        way.take(gateway, 1)
    assert "{0: 1" in str(stopped.value)
    assert f"{way.place.topic}.intake" in str(stopped.value)
    assert (way.ids(), way.letters.list()) == (["1"], [])


def test_what_is_sent_again_counts_once(way: Way) -> None:
    from tests.ledger.kafka_ledgers import first_ids

    facts = [message("case-1", str(number)) for number in range(5)]
    way.send(*facts, *facts, facts[2])
    way.take(way.gateway(), 11)
    assert first_ids(way.records()) == {"case-1": ["0", "1", "2", "3", "4"]}


def test_a_source_that_takes_a_transaction_back_has_said_nothing(way: Way) -> None:
    from kafka import KafkaProducer

    options = {**way.kafka.client(), "transactional_id": way.place.intake}
    with closing(KafkaProducer(**options)) as producer:
        producer.init_transactions()
        for case, end in (
            ("case-1", producer.commit_transaction),
            ("case-2", producer.abort_transaction),
            ("case-3", producer.commit_transaction),
        ):
            producer.begin_transaction()
            producer.send(way.place.intake, partition=0, **message(case, "1"))
            producer.flush()
            end()
    gateway = way.gateway()
    way.take(gateway, 2)
    assert sorted(wire.decode(raw).subject for raw in way.records()) == ["case-1", "case-3"]
    assert gateway.counts == {"appended": 2}


def test_what_the_topic_forgot_unread_is_told_by_a_dead_letter(way: Way) -> None:
    from kafka import TopicPartition

    facts = [{**message("case-1", str(number)), "partition": 0} for number in range(8)]
    way.send(*facts[:2])
    first = way.gateway()
    way.take(first, 2)
    first.close()
    way.send(*facts[2:])
    with closing(way.kafka.admin()) as admin:
        admin.delete_records({TopicPartition(way.place.intake, 0): 5})
    gateway = way.gateway()
    way.take(gateway, 3)
    assert way.ids() == ["0", "1", "5", "6", "7"]
    (letter,) = way.letters.list()
    assert letter.reason == "expired"
    assert "messages from 2 to 4 were forgotten" in letter.detail
    assert gateway.counts == {"appended": 3, "expired": 3}


def test_two_members_share_the_partitions_and_one_takes_over_what_the_other_left(way: Way) -> None:
    stop = threading.Event()
    members = [way.gateway(f"gateway-{number}") for number in (1, 2)]
    threads = [threading.Thread(target=member.run, args=(stop,)) for member in members]
    for thread in threads:
        thread.start()

    def send_and_wait(numbers: range) -> None:
        way.send(*(message(f"case-{number % 20}", str(number)) for number in numbers))
        wanted = [str(number) for number in range(numbers.stop)]
        until = time.monotonic() + WAIT_S
        while len(found := set(way.ids())) < len(wanted):
            assert time.monotonic() < until, sorted(set(wanted) - found)
            time.sleep(0.1)

    send_and_wait(range(100))
    stop.set()
    for thread in threads:
        thread.join()
    members[0].close()
    left, stop = members[1], threading.Event()
    thread = threading.Thread(target=left.run, args=(stop,))
    thread.start()
    send_and_wait(range(100, 200))
    stop.set()
    thread.join()
    assert sorted(map(int, set(way.ids()))) == list(range(200))


DYING = """
import os, sys
from ledger.drivers import kafka_gateway
from ledger.drivers.kafka_access import KafkaAccess, parse_kafka_url
from ledger.drivers.kafka_dead_letters import KafkaDeadLetters
from ledger.drivers.kafka_log import KafkaLog

url, lives, when, wanted = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
kafka_gateway.BATCH_MAX = 20
place, access = parse_kafka_url(url), KafkaAccess()

class Dying(KafkaLog):
    lives = lives
    def append(self, entries):
        Dying.lives -= 1
        if Dying.lives == 0 and when == "before":
            os._exit(70)
        answers = super().append(entries)
        if Dying.lives == 0:
            os._exit(70)
        return answers

log = Dying(place, access, now=lambda: 1_795_492_800_000_000)
letters = KafkaDeadLetters(place, access)
gateway = kafka_gateway.KafkaGateway(place, access, log, letters, member="gateway-1")
while sum(gateway.lag().values()) or not gateway.counts:
    gateway.turn()
os._exit(0)
"""


@pytest.mark.slow
def test_a_gateway_killed_between_append_and_commit_loses_nothing_and_nothing_counts_twice(
    way: Way,
) -> None:
    from tests.ledger.kafka_ledgers import first_ids

    sent = [message(f"case-{number % 7}", str(number)) for number in range(200)]
    sent.insert(50, {"value": b"{not json", "key": b"case-3"})
    way.send(*sent)
    ended = []
    for lives, when in ((1, "after"), (2, "after"), (1, "before"), (3, "after"), (99, "never")):
        command = [sys.executable, "-c", DYING, str(way.place), str(lives), when, "200"]
        ran = subprocess.run(command, cwd=ROOT, check=False, timeout=WAIT_S)
        ended.append(ran.returncode)
    assert ended == [70, 70, 70, 70, 0]
    records = way.records()
    assert first_ids(records) == {
        f"case-{case}": [str(number) for number in range(200) if number % 7 == case]
        for case in range(7)
    }
    assert len(records) > 200, "what was appended before a kill came again"
    assert {each.raw for each in way.letters.list()} == {b"{not json"}


def test_without_brokers_a_gateway_ends_with_an_error(way: Way) -> None:
    from ledger.drivers.kafka_access import KafkaPlace
    from ledger.drivers.kafka_gateway import KafkaGateway
    from ledger.errors import LogUnavailable
    from tests.ledger.kafka_ledgers import ACCESS

    away = KafkaPlace(servers=("127.0.0.1:9",), topic=way.place.topic)
    make: Callable[[], object] = lambda: KafkaGateway(  # noqa: E731
        away, ACCESS, way.log, way.letters, member="gateway-1", patience_s=0.5
    )
    with pytest.raises(LogUnavailable, match="intake"):
        make()
