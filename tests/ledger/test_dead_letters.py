"""Dead letters of both kinds: what could not be accepted is kept, listed and counted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.drivers.memory_log import MemoryDeadLetters
from ledger.drivers.sqlite_log import SqliteDeadLetters, SqliteLog
from ledger.errors import LogUnavailable
from ledger.log import DeadLetter, DeadLetters

NOON_US = 1_795_492_800_000_000


@pytest.fixture(params=["memory", "sqlite"])
def letters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeadLetters]:
    if request.param == "memory":
        yield MemoryDeadLetters(now=lambda: NOON_US)
        return
    with closing(SqliteLog(tmp_path / "log.sqlite", now=lambda: NOON_US)) as log:
        yield SqliteDeadLetters(log)


def put(letters: DeadLetters, number: int) -> None:
    reason = "float" if number % 3 == 0 else "unknown-type"
    letters.put(b"\x00%d" % number, source="/halls/1", reason=reason, detail=f"field {number}")


def test_a_letter_keeps_the_bytes_as_they_came_and_why(letters: DeadLetters) -> None:
    letters.put(b'{"a": \xff', source="10.0.0.7", reason="malformed-json", detail="line 1")
    assert letters.list() == [
        DeadLetter(
            number=1,
            received_us=NOON_US,
            source="10.0.0.7",
            reason="malformed-json",
            detail="line 1",
            sha256=sha256(b'{"a": \xff').hexdigest(),
            raw=b'{"a": \xff',
        )
    ]


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
