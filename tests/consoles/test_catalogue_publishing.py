"""Publishing a catalogue: only what is new, to every partition, under identities that repeat."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consoles.catalogue.csv_file import read_csv, write_csv
from consoles.catalogue.json_file import read_json, write_json
from consoles.catalogue.publishing import Change, changes, publish, published, reference_records
from ledger.catalogue import LATEST, Catalogue, Department, Entry, Kind, Matter, Published, kind_of
from ledger.drivers.memory_log import MemoryLog
from ledger.errors import RecordUnreadable
from ledger.fact import Limit
from ledger.log import Entry as LogEntry
from ledger.log import EventLog, digest
from ledger.record import Record, instant, micros
from ledger.system_events import LogSkipped
from processors.loop import entry_of
from tests.consoles.catalogues import catalogues

ZONE = ZoneInfo("Asia/Shanghai")
NOW_US = micros(datetime(2026, 11, 24, 1, tzinfo=UTC))
DAY_US = 86_400_000_000
KINDS: list[Kind] = ["hall", "department", "window", "matter"]


def new_log(partitions: int = 1) -> MemoryLog:
    return MemoryLog(partitions, now=lambda: NOW_US)


def matter(days: int, code: str = "M-1") -> Matter:
    limit = Limit(amount=days, unit="working_day")
    return Matter(code=code, name="事项", department="SCJ", promised_limit=limit)


def put(
    log: EventLog,
    entries: Sequence[Entry],
    effective_us: int = NOW_US,
    withdraw: Sequence[Kind] = (),
) -> tuple[list[Change], int]:
    """Publish entries; what was to be done, and how many the log took as new."""
    known = published(log)
    wanted = changes(known, entries, effective_us, withdraw)
    return wanted, publish(log, known, wanted, effective_us, ZONE)


def in_force(log: EventLog, code: str = "M-1", time_us: int = NOW_US) -> list[Matter | None]:
    return [each.matter(code, LATEST, time_us) for each in published(log)]


def test_every_partition_gets_the_same_bytes() -> None:
    log = new_log(3)
    assert put(log, [matter(5), Department(code="SCJ", name="局")])[1] == 2
    partitions = [[raw for _, raw in log.read(number, 0, 9)] for number in range(3)]
    assert partitions[0] == partitions[1] == partitions[2]
    assert len(partitions[0]) == 2
    assert in_force(log) == [matter(5)] * 3


def test_the_same_again_adds_nothing_and_says_so() -> None:
    log = new_log(2)
    wanted, taken = put(log, [matter(5)])
    assert ([change.action for change in wanted], taken) == (["added"], 1)
    ends = log.ends()
    assert put(log, [matter(5)]) == ([], 0)
    assert put(log, [matter(5)], NOW_US + DAY_US) == ([], 0)
    assert log.ends() == ends


def test_a_change_governs_from_its_day_on() -> None:
    log = new_log()
    put(log, [matter(5)])
    wanted, _ = put(log, [matter(3)], NOW_US + DAY_US)
    assert wanted == [Change("changed", "matter", "M-1", matter(3))]
    assert in_force(log) == [matter(5)]
    assert in_force(log, time_us=NOW_US + DAY_US) == [matter(3)]


def test_what_was_superseded_on_the_same_day_can_be_said_again() -> None:
    log = new_log()
    for days in (5, 3, 5, 3, 5):
        assert put(log, [matter(days)])[1] == 1
        assert in_force(log) == [matter(days)]
    records = [record for _, record in reference_records(log, 0)]
    assert len({record.name for record in records}) == 5


def test_missing_entries_are_withdrawn_only_if_asked_and_only_of_the_kinds_named() -> None:
    log = new_log()
    office = Department(code="SCJ", name="局")
    put(log, [matter(5), matter(5, "M-2"), office])
    assert put(log, [matter(5)]) == ([], 0)
    wanted, _ = put(log, [matter(5)], withdraw=["matter"])
    assert wanted == [Change("withdrawn", "matter", "M-2", None)]
    assert in_force(log, "M-2") == [None]
    assert published(log)[0].in_force("department", LATEST, NOW_US) == {"SCJ": office}
    assert put(log, [matter(5)], withdraw=["matter"]) == ([], 0)
    assert put(log, [matter(5, "M-2")])[0][0].action == "added"
    assert in_force(log, "M-2") == [matter(5, "M-2")]


def test_publishing_again_completes_partitions_that_were_not_reached() -> None:
    log, half = new_log(2), new_log(1)
    put(log, [matter(5)])
    put(half, [matter(5)])
    known = [*published(half), Catalogue()]
    wanted = changes(known, [matter(5)], NOW_US)
    assert [change.action for change in wanted] == ["changed"]
    assert publish(log, known, wanted, NOW_US, ZONE) == 0


def test_a_record_says_when_it_takes_effect_in_the_halls_time() -> None:
    log = new_log()
    put(log, [matter(5)], micros(datetime(1970, 1, 1, tzinfo=ZONE)))
    ((_, record),) = reference_records(log, 0)
    assert isinstance(record.data, Published)
    assert record.data.effective_from == record.time == datetime(1970, 1, 1, tzinfo=ZONE)
    assert record.recordedtime == instant(NOW_US)
    assert (record.source, record.subject) == ("/catalogue", "reference:matter:M-1")


def test_a_reference_record_that_cannot_be_read_stops_until_it_is_skipped() -> None:
    log = new_log()
    unknown = b'{"specversion":"1.0","type":"hall.reference.hall-published.v9"}'
    log.append([LogEntry("reference:hall:x", "/x", "1", unknown)])
    with pytest.raises(RecordUnreadable, match="Partition 0, offset 0"):
        put(log, [matter(5)])
    ((_, bad),) = log.read(0, 0, 1)
    skipped = LogSkipped(partition=0, offset=0, sha256=digest(bad), actor_ref="a", reason="b")
    log.append(
        [
            entry_of(
                Record(
                    type=LogSkipped.TYPE, source="/consoles", id="1", subject="partition:0",
                    time=instant(NOW_US), data=skipped,
                )
            )
        ]
    )  # fmt: skip
    assert put(log, [matter(5)])[1] == 1


@given(entries=catalogues(*KINDS), partitions=st.integers(1, 2))
def test_what_was_published_is_exported_and_imported_again_without_a_change(
    entries: list[Entry], partitions: int
) -> None:
    log = new_log(partitions)
    assert put(log, entries)[1] == len(entries)
    held = published(log)[-1]
    exported = [entry for kind in KINDS for entry in held.in_force(kind, LATEST, NOW_US).values()]
    assert set(exported) == set(entries)
    written = write_json(exported)
    assert changes(published(log), read_json(written).entries, NOW_US, KINDS) == []
    assert write_json(read_json(written).entries) == written
    for kind in KINDS:
        table = write_csv((each for each in exported if kind_of(each) == kind), kind)
        again = read_csv(table, kind)
        assert changes(published(log), again.entries, NOW_US, [kind]) == []
        assert write_csv(again.entries, kind) == table
