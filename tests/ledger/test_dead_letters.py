"""Dead letters of all kinds: what could not be accepted is kept, listed and counted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.drivers.memory_log import MemoryDeadLetters
from ledger.drivers.sqlite_log import SqliteDeadLetters, SqliteLog
from ledger.errors import LogUnavailable
from ledger.log import DeadLetter, DeadLetters

if TYPE_CHECKING:
    from ledger.drivers.kafka_dead_letters import KafkaDeadLetters
    from tests.services.kafka import KafkaAddress

NOON_US = 1_795_492_800_000_000
WAIT_S = 60.0


@pytest.fixture(params=["memory", "sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def letters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeadLetters]:
    if request.param == "memory":
        yield MemoryDeadLetters(now=lambda: NOON_US)
        return
    if request.param == "kafka":
        yield request.getfixturevalue("kafka_letters")
        return
    with closing(SqliteLog(tmp_path / "log.sqlite", now=lambda: NOON_US)) as log:
        yield SqliteDeadLetters(log)


@pytest.fixture
def kafka_letters(kafka: "KafkaAddress", topic: str) -> "Iterator[KafkaDeadLetters]":
    """Letters in a topic of their own."""
    from ledger.drivers.kafka_dead_letters import KafkaDeadLetters
    from tests.ledger.kafka_ledgers import ACCESS, delete_topics, make_dead_letters

    place = make_dead_letters(kafka, topic)
    with closing(KafkaDeadLetters(place, ACCESS, version="0.3", patience_s=WAIT_S)) as letters:
        yield letters
    delete_topics(kafka, place.dead_letters)


def put(letters: DeadLetters, number: int) -> None:
    reason = "float" if number % 3 == 0 else "unknown-type"
    letters.put(b"\x00%d" % number, source="/halls/1", reason=reason, detail=f"field {number}")


def test_a_letter_keeps_the_bytes_as_they_came_and_why(letters: DeadLetters) -> None:
    letters.put(b'{"a": \xff', source="10.0.0.7", reason="malformed-json", detail="line 1")
    (letter,) = letters.list()
    assert letter == DeadLetter(
        number=1,
        received_us=letter.received_us,
        source="10.0.0.7",
        reason="malformed-json",
        detail="line 1",
        sha256=sha256(b'{"a": \xff').hexdigest(),
        raw=b'{"a": \xff',
    )
    # In Kafka the brokers' clock says when it came, elsewhere ours.
    assert letter.received_us == NOON_US or type(letters).__name__ == "KafkaDeadLetters"


def test_of_an_oversized_body_only_the_digest_is_kept(letters: DeadLetters) -> None:
    letters.put(b"", source="/halls/1", reason="too-large", detail="10 MB", sha256="ab" * 32)
    assert [(each.sha256, each.raw) for each in letters.list()] == [("ab" * 32, b"")]


def test_letters_are_listed_page_by_page_in_order_of_arrival(letters: DeadLetters) -> None:
    for number in range(1, 8):
        put(letters, number)
    pages = [letters.list(after, 3) for after in (0, 3, 6, 7)]
    assert [[each.number for each in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7], []]
    assert [each.raw for each in pages[1]] == [b"\x004", b"\x005", b"\x006"]


def test_letters_are_counted_by_reason(letters: DeadLetters) -> None:
    assert dict(letters.counts()) == {}
    for number in range(7):
        put(letters, number)
    assert dict(letters.counts()) == {"float": 3, "unknown-type": 4}


def test_letters_in_a_file_survive_and_can_be_neither_changed_nor_removed(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog(path, now=lambda: NOON_US)) as log:
        put(SqliteDeadLetters(log), 5)
    with closing(sqlite3.connect(path)) as connection:
        for statement in (
            "UPDATE dead_letters SET reason = 'none'",
            "DELETE FROM dead_letters",
            "REPLACE INTO dead_letters SELECT * FROM dead_letters",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
    with closing(SqliteLog(path, now=lambda: NOON_US, read_only=True)) as log:
        letters = SqliteDeadLetters(log)
        assert [each.raw for each in letters.list()] == [b"\x005"]
        with pytest.raises(LogUnavailable, match="reading only"):
            put(letters, 6)


# --- in Kafka ----------------------------------------------------------------------------------


@pytest.mark.kafka
def test_a_message_that_is_buried_keeps_key_value_and_headers_and_says_where_it_was(
    kafka: "KafkaAddress", topic: str, kafka_letters: "KafkaDeadLetters"
) -> None:
    from kafka import KafkaConsumer, TopicPartition

    from ledger.drivers.kafka_dead_letters import Letter, Origin
    from ledger.drivers.kafka_sender import Message

    headers = (("content-type", b"text/plain"), ("dlq.reason", b"from an earlier time"))
    message = Message(b"\xff\xfe", None, headers)
    origin = Origin("hall.intake", 3, 17, 1_795_492_800_123, "hall.intake-gateway")
    kafka_letters.bury([Letter(message, origin, "/halls/1", "no-value", "null")])
    with closing(KafkaConsumer(**kafka.client(), auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(f"{topic}.dead-letters", 0)])
        ((record,),) = consumer.poll(timeout_ms=WAIT_S * 1_000).values()
    assert (record.key, record.value) == (b"\xff\xfe", None)
    assert record.headers[:2] == list(headers)
    assert dict(record.headers[2:]) == {
        "dlq.source": b"/halls/1",
        "dlq.sha256": sha256(b"").hexdigest().encode(),
        "dlq.topic": b"hall.intake",
        "dlq.partition": b"3",
        "dlq.offset": b"17",
        "dlq.timestamp": b"1795492800123",
        "dlq.group": b"hall.intake-gateway",
        "dlq.attempts": b"1",
        "dlq.reason": b"no-value",
        "dlq.error": b"null",
        "dlq.processor_version": b"0.3",
    }
    (letter,) = kafka_letters.list()
    assert (letter.reason, letter.detail, letter.raw) == ("no-value", "null", b"")


@pytest.mark.kafka
def test_of_a_letter_that_no_topic_takes_the_digest_is_kept(
    kafka_letters: "KafkaDeadLetters",
) -> None:
    from ledger.drivers.kafka_dead_letters import LETTER_BYTES_MAX

    fits, too_long = b"x" * (8 * 1024 * 1024), b"x" * LETTER_BYTES_MAX
    for raw in (fits, too_long):
        kafka_letters.put(raw, source="/halls/1", reason="malformed-json", detail="")
    digests = [sha256(fits).hexdigest(), sha256(too_long).hexdigest()]
    assert [each.sha256 for each in kafka_letters.list()] == digests
    assert [each.raw for each in kafka_letters.list()] == [fits, b""]


@pytest.mark.kafka
def test_letters_that_the_topic_has_forgotten_are_not_missed(
    kafka: "KafkaAddress", topic: str, kafka_letters: "KafkaDeadLetters"
) -> None:
    from kafka import TopicPartition

    for number in range(1, 6):
        put(kafka_letters, number)
    with closing(kafka.admin()) as admin:
        admin.delete_records({TopicPartition(f"{topic}.dead-letters", 0): 3})
    assert [each.number for each in kafka_letters.list()] == [4, 5]
    assert [each.number for each in kafka_letters.list(after=4)] == [5]
    assert dict(kafka_letters.counts()) == {"unknown-type": 2}
    put(kafka_letters, 6)
    assert dict(kafka_letters.counts()) == {"float": 1, "unknown-type": 2}
