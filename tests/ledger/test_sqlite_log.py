"""What only the SQLite log promises: the file and its guards, its statements, a full disk."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from ledger import wire
from ledger.admission import Row
from ledger.drivers import sqlite_rows
from ledger.drivers.sqlite_file import CHECKPOINT_PAGES, SqliteFile, transaction
from ledger.drivers.sqlite_log import CHECKPOINT_COMMITS, SqliteLog
from ledger.errors import LogMismatch, LogUnavailable
from ledger.log import Appended, Entry, Position

NOON_US = 1_795_492_800_000_000
WAIT_S = 30.0


def entry(case: str, id_: str, text: str = "") -> Entry:
    event = {
        "specversion": "1.0",
        "type": "hall.case.urged.v1",
        "source": "/halls/430100/approval",
        "id": id_,
        "subject": case,
        "time": "2026-11-24T11:00:00+08:00",
        "data": {"actor_ref": "officer-1", "text": text},
    }
    return Entry(case, "/halls/430100/approval", id_, wire.accept(event)[1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    made = open_log(path)
    yield made
    made.close()


def open_log(path: Path, patience_s: float = WAIT_S) -> SqliteLog:
    return SqliteLog(path, now=lambda: NOON_US, patience_s=patience_s)


def ids(log: SqliteLog) -> list[str]:
    end = log.ends()[0]
    read = log.read(0, 0, end + 1)
    assert [at for at, _ in read] == [Position(0, number) for number in range(end)]
    return [wire.decode(raw).id for _, raw in read]


# --- the file ----------------------------------------------------------------------------------


def test_a_commit_of_the_writer_waits_for_the_disk_and_its_cache_is_large(path: Path) -> None:
    file = SqliteFile(path, 1, read_only=False, patience_s=WAIT_S)
    with closing(file.writer(None)) as writer:

        def pragma(name: str) -> object:
            return writer.execute(f"PRAGMA {name}").fetchone()[0]

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("cache_size") == -256 * 1024
        assert pragma("wal_autocheckpoint") == CHECKPOINT_PAGES
        strict = (
            "SELECT min(strict), count(*) FROM pragma_table_list WHERE name NOT LIKE 'sqlite_%'"
        )
        assert writer.execute(strict).fetchone() == (1, 3)


def test_the_write_ahead_log_begins_anew_though_commits_are_small(path: Path) -> None:
    with closing(open_log(path)) as log:
        for number in range(CHECKPOINT_COMMITS * 2 + 10):
            log.append([entry("case-1", str(number))])
        pages = path.with_name(path.name + "-wal").stat().st_size / 4096
    assert pages < CHECKPOINT_COMMITS * 6


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        ("CREATE TABLE cases (id TEXT)", "another kind"),
        ("PRAGMA user_version = 99; PRAGMA application_id = 0x48414C4C", "format is 99"),
    ],
)
def test_a_file_that_is_no_log_of_this_program_is_refused(
    path: Path, prepare: str, says: str
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(prepare)
    with pytest.raises(LogMismatch, match=says):
        open_log(path)


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"these are minutes of a meeting" * 100)
    with pytest.raises(LogMismatch, match="not a database"):
        open_log(path)
    assert path.read_bytes().startswith(b"these are minutes")


def test_a_folder_that_is_not_there_makes_the_log_unavailable(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="unable to open") as caught:
        open_log(tmp_path / "absent" / "log.sqlite")
    assert caught.value.details["reason"] == "io"


def test_a_hole_in_the_file_stops_the_reader(log: SqliteLog, path: Path) -> None:
    log.append([entry("case-1", str(number)) for number in range(5)])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER records_no_delete")
        connection.execute("DELETE FROM records WHERE place = 3")
    assert len(log.read(0, 0, 3)) == 3
    with pytest.raises(LogUnavailable, match="one is missing") as caught:
        log.read(0, 0, 5)
    assert caught.value.details["reason"] == "hole"


# --- one statement a batch ---------------------------------------------------------------------


def test_a_batch_is_one_statement_each_way_however_many_records_it_has(
    path: Path, log: SqliteLog
) -> None:
    file = SqliteFile(path, 1, read_only=False, patience_s=WAIT_S)
    rows = [
        Row(0, number, bytes([number % 256]) * 15 + b"%d" % (number // 256), 0, b"{}")
        for number in range(500)
    ]
    seen: set[str] = set()
    with closing(file.writer(None)) as connection, transaction(connection):
        connection.set_trace_callback(seen.add)  # a trigger shows the statement again
        sqlite_rows.insert(connection, rows)
        found = sqlite_rows.find(connection, [row.key for row in rows])
        read = sqlite_rows.read(connection, 0, 0, 500)
        connection.set_trace_callback(None)
    assert len(seen) == 3
    assert len(found) == len(read) == 500
    assert found[rows[77].key].position == Position(0, 77)


@pytest.mark.parametrize("count", [999, 1000, 1001, 2000])
def test_reads_longer_than_a_chunk_are_whole(log: SqliteLog, count: int) -> None:
    log.append([entry("case-1", str(number)) for number in range(1001)])
    read = log.read(0, 0, count)
    assert [at.offset for at, _ in read] == list(range(min(count, 1001)))


def test_records_too_long_to_be_joined_are_read_and_found_all_the_same(path: Path) -> None:
    with closing(open_log(path)) as log:
        log.append([entry("case-1", str(number), "文" * 2_000) for number in range(20)])
    file = SqliteFile(path, 1, read_only=False, patience_s=WAIT_S)
    with closing(file.reader()) as connection:
        keys = [key for (key,) in connection.execute("SELECT identity FROM records")]
        before = sqlite_rows.read(connection, 0, 0, 20), sqlite_rows.find(connection, keys)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 30_000)
        after = sqlite_rows.read(connection, 0, 0, 20), sqlite_rows.find(connection, keys)
    assert after == before
    assert [len(each) for each in after] == [20, 20]


# --- callers -----------------------------------------------------------------------------------


def test_appends_of_one_event_loop_are_futures(log: SqliteLog) -> None:
    futures: list[Future[list[Appended]]] = [
        log.append_async([entry("case-1", str(number % 5))]) for number in range(10)
    ]
    outcomes = [future.result(WAIT_S)[0].outcome for future in futures]
    assert outcomes == ["appended"] * 5 + ["repeated"] * 5
    assert log.append_async([]).result(0) == []
    nowhere = entry("case-1", "1")._replace(subject="partition:9")
    assert isinstance(log.append_async([nowhere]).exception(0), LogMismatch)


def test_listeners_hear_of_every_commit_that_added_something(
    log: SqliteLog, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    def fail() -> None:
        raise RuntimeError("a page that went away")

    log.on_append(fail)
    log.on_append(lambda: heard.append(log.ends()[0]))
    assert log.append([entry("case-1", "1"), entry("case-1", "2")])[0].outcome == "appended"
    log.append([entry("case-1", "1")])
    log.append_async([entry("case-1", "3")]).result(WAIT_S)
    assert heard == [2, 3]
    assert "a page that went away" in caplog.text


def test_a_closed_log_answers_nobody(path: Path) -> None:
    log = open_log(path)
    log.append([entry("case-1", "1")])
    log.close()
    log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        log.append([entry("case-1", "2")])
    with pytest.raises(LogUnavailable, match="closed"):
        log.read(0, 0, 1)
    assert not path.with_name(path.name + "-wal").exists()


def test_a_reader_with_an_old_view_does_not_hold_up_the_writer(log: SqliteLog, path: Path) -> None:
    log.append([entry("case-1", "1")])
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM records").fetchone() == (1,)
        for number in range(2, 20):
            log.append([entry("case-1", str(number))])
        assert reader.execute("SELECT count(*) FROM records").fetchone() == (1,)
    assert len(ids(log)) == 19


# --- what can go wrong -------------------------------------------------------------------------


def test_a_file_held_by_another_is_unavailable_and_takes_nothing(path: Path) -> None:
    with closing(open_log(path, patience_s=0.1)) as log:
        log.append([entry("case-1", "1")])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LogUnavailable, match="locked") as caught:
                log.append([entry("case-1", "2")])
            other.execute("ROLLBACK")
        assert caught.value.retryable
        assert caught.value.details["reason"] == "locked"
        assert ids(log) == ["1"]
        assert log.append([entry("case-1", "2")])[0].outcome == "appended"


def test_a_full_disk_takes_nothing_of_the_call_and_everything_that_fits(path: Path) -> None:
    limited = SqliteLog(path, now=lambda: NOON_US, size_max_bytes=256 * 1024)
    with closing(limited) as log:
        log.append([entry("case-1", "1")])
        too_much = [entry("case-2", str(n), "x" * 1_000) for n in range(1_000)]
        with pytest.raises(LogUnavailable, match="full") as caught:
            log.append(too_much)
        assert caught.value.retryable
        assert caught.value.details["reason"] == "full"
        assert ids(log) == ["1"]
        log.append([entry("case-1", "2")])
    with closing(open_log(path)) as log:
        log.append(too_much)
        assert len(ids(log)) == 1_002
