"""What only the log in Kafka promises: the wire, the identity of a topic, holes, poison, crowds."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from ledger import wire
from ledger.errors import EventInvalid, LogMismatch, LogUnavailable, RecordUnreadable
from ledger.log import Entry, Position, ReaderPosition, check_position, digest, partitions_of
from ledger.reading import read_records

if TYPE_CHECKING:
    from ledger.drivers.kafka_access import KafkaPlace
    from ledger.drivers.kafka_log import KafkaLog
    from tests.services.kafka import KafkaAddress

pytestmark = pytest.mark.kafka
WAIT_S = 60.0


@pytest.fixture
def place(kafka: "KafkaAddress", topic: str) -> "Iterator[KafkaPlace]":
    """An empty ledger of one partition."""
    from tests.ledger.kafka_ledgers import delete_topics, make_ledger

    yield make_ledger(kafka, topic)
    delete_topics(kafka, topic)


@pytest.fixture
def log(place: "KafkaPlace") -> "Iterator[KafkaLog]":
    from tests.ledger.kafka_ledgers import opened

    with opened(place, patience_s=WAIT_S) as log:
        yield log


def entry(case: str, id_: str, text: str = "", **changes: Any) -> Entry:
    from tests.ledger.kafka_ledgers import entry

    return entry(case, id_, text, **changes)


def produce(kafka: "KafkaAddress", topic: str, **message: Any) -> int:
    """Write a message round the log; give its offset."""
    from kafka import KafkaProducer

    with closing(KafkaProducer(**kafka.client())) as producer:
        return int(producer.send(topic, partition=0, **message).get(WAIT_S).offset)


# --- on the wire -------------------------------------------------------------------------------


def test_a_record_on_the_wire_is_its_bytes_with_key_and_content_type(
    kafka: "KafkaAddress", place: "KafkaPlace", log: "KafkaLog"
) -> None:
    from kafka import KafkaConsumer, TopicPartition

    sent = entry("办件-1", "1")
    log.append([sent])
    with closing(KafkaConsumer(**kafka.client(), auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(place.topic, 0)])
        (records,) = consumer.poll(timeout_ms=WAIT_S * 1000).values()
    (record,) = records
    assert record.key == "办件-1".encode()
    assert record.headers == [("content-type", b"application/cloudevents+json")]
    assert record.value == log.read(0, 0, 1)[0][1] == wire.stamp(sent.raw, 1_795_492_800_000_000)


def test_our_partition_is_the_one_that_other_clients_would_choose(
    kafka: "KafkaAddress", topic: str
) -> None:
    from kafka import KafkaProducer

    from tests.ledger.kafka_ledgers import delete_topics, make_ledger

    make_ledger(kafka, topic, partitions=6)
    subjects = [f"430100-2026-{number:06}" for number in range(60)] + [
        "办件-1",
        "x",
        "unit:市住建局",
    ]
    with closing(KafkaProducer(**kafka.client())) as producer:
        sent = [producer.send(topic, b"x", key=subject.encode()) for subject in subjects]
        theirs = [future.get(WAIT_S).partition for future in sent]
    assert [list(partitions_of(subject, 6)) for subject in subjects] == [[n] for n in theirs]
    assert set(theirs) == set(range(6))
    delete_topics(kafka, topic)


def test_a_call_of_many_batches_stays_in_order(log: "KafkaLog") -> None:
    from ledger.drivers.kafka_sender import BATCH_BYTES

    entries = [entry("case-1", str(number), "文" * 4_000) for number in range(150)]
    assert sum(len(each.raw) for each in entries) > 3 * BATCH_BYTES
    answers = log.append(entries)
    assert [each.position for each in answers] == [Position(0, number) for number in range(150)]
    assert [wire.decode(raw).id for _, raw in log.read(0, 0, 150)] == [each.id for each in entries]


def test_a_record_up_to_the_bound_is_taken_and_one_beyond_it_is_refused_whole(
    log: "KafkaLog",
) -> None:
    from ledger.drivers.kafka_log import RECORD_BYTES_MAX, record_size

    empty = entry("case-1", "1")
    room = RECORD_BYTES_MAX - record_size(empty)
    fits = entry("case-1", "1", "x" * room)
    assert record_size(fits) == RECORD_BYTES_MAX
    assert len(log.append([fits])) == 1
    assert log.read(0, 0, 1)[0][1].startswith(fits.raw[:-1])
    with pytest.raises(EventInvalid) as refused:
        log.append([entry("case-2", "1"), entry("case-1", "2", "x" * (room + 1))])
    assert refused.value.reason == "too-large"
    assert log.ends() == {0: 1}


# --- which log it is ---------------------------------------------------------------------------


def test_a_topic_made_anew_is_another_log_to_whoever_remembers_the_old_one(
    kafka: "KafkaAddress", place: "KafkaPlace"
) -> None:
    from tests.ledger.kafka_ledgers import delete_topics, make_ledger, opened

    with opened(place, patience_s=2.0) as old:
        old.append([entry("case-1", str(number)) for number in range(3)])
        position = ReaderPosition(
            partition=0,
            next_offset=3,
            log_identity=old.identity,
            last_sha256=digest(old.read(0, 2, 1)[0][1]),
            epoch=1,
        )
        check_position(old, position)
        delete_topics(kafka, place.topic)
        make_ledger(kafka, place.topic)
        with opened(place) as new:
            assert new.identity != old.identity
            with pytest.raises(LogMismatch, match=new.identity):
                check_position(new, position)
        with pytest.raises(LogMismatch, match="ends at 0"):
            old.ends()
        with pytest.raises(LogMismatch, match="made anew"):
            old.append([entry("case-1", "4")])


def test_a_topic_that_is_not_there_is_told_with_what_makes_it(kafka: "KafkaAddress") -> None:
    from tests.ledger.kafka_ledgers import opened, place_on

    with (
        pytest.raises(LogUnavailable, match="no such topic") as missing,
        opened(place_on(kafka, "nowhere.ledger")),
    ):
        pass
    assert "hall topics apply" in missing.value.hint


def test_a_closed_log_says_so(place: "KafkaPlace") -> None:
    from tests.ledger.kafka_ledgers import opened

    with opened(place) as log:
        log.append([entry("case-1", "1")])
    log.close()
    for call in (lambda: log.append([entry("case-1", "2")]), log.ends, lambda: log.read(0, 0, 1)):
        with pytest.raises(LogUnavailable, match="closed"):
            call()


# --- what must never be passed over ------------------------------------------------------------


def test_a_log_whose_first_records_were_deleted_is_refused_there(
    kafka: "KafkaAddress", place: "KafkaPlace", log: "KafkaLog"
) -> None:
    from kafka import TopicPartition

    log.append([entry("case-1", str(number)) for number in range(5)])
    with closing(kafka.admin()) as admin:
        admin.delete_records({TopicPartition(place.topic, 0): 2})
    for offset in (0, 1):
        with pytest.raises(LogMismatch, match=f"record at {offset}, the next one lies at 2"):
            log.read(0, offset, 10)
    assert [at.offset for at, _ in log.read(0, 2, 10)] == [2, 3, 4]


def test_a_hole_ends_a_read_before_it_and_refuses_one_from_it(
    kafka: "KafkaAddress", place: "KafkaPlace", log: "KafkaLog"
) -> None:
    from kafka import KafkaProducer

    log.append([entry("case-1", "1")])
    with closing(KafkaProducer(**kafka.client(), transactional_id=place.topic)) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(place.topic, entry("case-1", "2").raw, key=b"case-1", partition=0)
        producer.commit_transaction()
    # The mark of its end takes an offset and holds no record; the brokers write it a little later.
    until = time.monotonic() + WAIT_S
    while log.ends() != {0: 3} and time.monotonic() < until:
        time.sleep(0.01)
    log.append([entry("case-1", "3")])
    assert log.ends() == {0: 4}
    assert [at.offset for at, _ in log.read(0, 0, 10)] == [0, 1]
    with pytest.raises(LogMismatch, match="record at 2, the next one lies at 3"):
        log.read(0, 2, 10)


@pytest.mark.parametrize(
    "message",
    [
        {"value": None, "key": b"case-1"},
        {"value": b"", "key": b"case-1"},
        {"value": b"{not json", "key": b"case-1"},
        {"value": b'{"specversion":"1.0"}', "key": b"\xff\xfe"},
        {"value": b"\xff" * 1_000_000},
        {"value": b"{}", "headers": [(f"h{number}", b"x" * 900) for number in range(1_000)]},
    ],
    ids=["null", "empty", "no-json", "no-utf8-key", "a-megabyte", "header-bomb"],
)
def test_what_others_put_there_stops_its_partition_until_it_is_skipped_by_name(
    kafka: "KafkaAddress", place: "KafkaPlace", log: "KafkaLog", message: dict[str, Any]
) -> None:
    log.append([entry("case-1", "1")])
    offset = produce(kafka, place.topic, **message)
    log.append([entry("case-1", "2")])
    assert [each.position.offset for each in read_records(log, 0, 0, 10)] == [0]
    with pytest.raises(RecordUnreadable) as stopped:
        read_records(log, 0, offset, 10)
    raw = message["value"] or b""
    assert stopped.value.details == {"partition": 0, "offset": 1, "sha256": digest(raw)}

    named = {**stopped.value.details, "actor_ref": "operator-1", "reason": "put there by others"}
    log.append([entry("partition:0", "skip", type="hall.log.skipped.v1", data=named)])
    read = read_records(log, 0, 0, 10)
    assert [each.record is None for each in read] == [False, True, False, False]
    assert read[1].raw == raw


# --- many at once ------------------------------------------------------------------------------


def test_readers_at_many_places_of_one_partition_each_see_all_in_order(log: "KafkaLog") -> None:
    entries = [entry("case-1", str(number), "文" * 300) for number in range(3_000)]
    log.append(entries)

    def follow(reader: int) -> list[str]:
        ids: list[str] = []
        while batch := log.read(0, len(ids), 1 + 97 * reader):
            assert [at.offset for at, _ in batch] == list(range(len(ids), len(ids) + len(batch)))
            ids += [wire.decode(raw).id for _, raw in batch]
        return ids

    with ThreadPoolExecutor(6) as pool:
        for ids in pool.map(follow, range(1, 7)):
            assert ids == [each.id for each in entries]


def test_a_reader_of_the_end_sees_what_is_appended_next(log: "KafkaLog") -> None:
    for number in range(20):
        assert log.read(0, number, 10) == []
        log.append([entry("case-1", str(number))])
        assert len(log.read(0, number, 10)) == 1


def test_appends_without_waiting_are_answered_in_the_order_of_their_calls(log: "KafkaLog") -> None:
    futures = [log.append_async([entry("case-1", str(number))]) for number in range(50)]
    offsets = [future.result(WAIT_S)[0].position.offset for future in futures]
    assert offsets == list(range(50))
    assert log.append_async([]).result(0) == []
    with pytest.raises(LogMismatch, match="partition:7"):
        log.append_async([entry("case-1", "1")._replace(subject="partition:7")]).result(WAIT_S)


def test_where_too_much_waits_an_append_without_waiting_is_refused_at_once(
    place: "KafkaPlace",
) -> None:
    from ledger.drivers.kafka_log import KafkaLog
    from tests.ledger.kafka_ledgers import ACCESS, NOON_US

    writing, go_on = threading.Event(), threading.Event()

    def now() -> int:
        writing.set()
        assert go_on.wait(WAIT_S)
        return NOON_US

    with closing(KafkaLog(place, ACCESS, now=now, waiting_max=2)) as log:
        first = log.append_async([entry("case-1", "1")])
        assert writing.wait(WAIT_S)
        waiting: list[Future[Any]] = [
            log.append_async([entry("case-1", str(number))]) for number in (2, 3)
        ]
        with pytest.raises(LogUnavailable, match="2 wait to be written"):
            log.append_async([entry("case-1", "4")]).result(0)
        assert waiting[1].cancel()
        go_on.set()
        assert first.result(WAIT_S)[0].position == Position(0, 0)
        assert waiting[0].result(WAIT_S)[0].position == Position(0, 1)
        assert [wire.decode(raw).id for _, raw in log.read(0, 0, 10)] == ["1", "2"]
