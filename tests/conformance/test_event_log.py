"""The contract of the log, run on every driver with one partition and with six.

What a driver does not promise it is not asked for, and the skipped tests say so. The drivers and
means of these tests are in `conftest.py`; the contract of stamps is in `test_event_log_stamps.py`.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ledger import wire
from ledger.errors import HallError, LogMismatch, RecordUnreadable
from ledger.log import (
    ANSWERS_REPEATS,
    ATOMIC,
    DURABLE,
    ORDERED_STAMPS,
    Appended,
    Entry,
    Position,
    ReaderPosition,
    check_position,
    digest,
    partitions_of,
)

if TYPE_CHECKING:
    from tests.conformance.conftest import Trial


def run_together(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_new_log_is_empty_and_says_what_it_is(trial: "Trial") -> None:
    """A log has its partition count and an identity, and no records."""
    assert trial.log.partitions == trial.partitions
    assert len(trial.log.identity) == 36
    assert trial.all() == {number: [] for number in range(trial.partitions)}


def test_an_empty_append_adds_nothing(trial: "Trial") -> None:
    """An append of no entries answers nothing and moves no end."""
    assert trial.log.append([]) == []
    assert set(trial.log.ends().values()) == {0}


def test_bytes_read_are_the_bytes_appended_with_the_stamp(trial: "Trial") -> None:
    """Stamped bytes stay as they are; unstamped ones gain `recordedtime` and nothing else."""
    noon_us = trial.clock.us
    plain, carried = trial.entry("case-1", "1"), trial.stamped("case-1", "2", noon_us - 7)
    answers = trial.log.append([plain, carried])
    (number,) = partitions_of("case-1", trial.partitions)
    assert answers == [
        Appended(Position(number, 0), "appended"),
        Appended(Position(number, 1), "appended"),
    ]
    assert trial.all()[number] == [wire.stamp(plain.raw, noon_us), carried.raw]


def test_bytes_of_any_kind_come_back(trial: "Trial") -> None:
    """The log keeps bytes, not text: it does not ask whether a record can be read."""
    odd = [b"\x00\xff{}", b"\x80" * 5_000, b"", '{"a":"受理,\\u0000"}\n'.encode()]
    trial.log.append([Entry("case-1", "/odd", str(n), raw, 0) for n, raw in enumerate(odd)])
    (number,) = partitions_of("case-1", trial.partitions)
    assert trial.all()[number] == odd


def test_each_subject_keeps_its_order_in_its_own_partition(trial: "Trial") -> None:
    """One call over many subjects: each partition holds its own, in the order of the call."""
    entries = [trial.entry(f"case-{n % 17}", str(n)) for n in range(200)]
    answers = trial.log.append(entries)
    records = trial.all()
    for one, answer in zip(entries, answers, strict=True):
        assert answer.position.partition in partitions_of(one.subject, trial.partitions)
        raw = records[answer.position.partition][answer.position.offset]
        assert wire.decode(raw).id == one.id
    for read in records.values():
        ids = [int(wire.decode(raw).id) for raw in read]
        assert ids == sorted(ids)
    assert sum(map(len, records.values())) == 200


def test_read_gives_at_most_the_limit_from_the_offset_on(trial: "Trial") -> None:
    """Limits hold at the bound and one past it; beyond the end there is nothing."""
    trial.log.append([trial.entry("case-1", str(n)) for n in range(5)])
    (number,) = partitions_of("case-1", trial.partitions)
    everything = trial.log.read(number, 0, 5)
    assert len(everything) == 5
    for start in range(7):
        for limit in range(7):
            assert trial.log.read(number, start, limit) == everything[start : start + limit]


def test_a_reader_never_sees_beyond_its_partition(trial: "Trial") -> None:
    """A limit greater than a partition does not run on into the next one."""
    trial.log.append([trial.entry(f"case-{n}", "1") for n in range(60)])
    for number, end in trial.log.ends().items():
        assert {at.partition for at, _ in trial.log.read(number, 0, 60)} <= {number}
        assert len(trial.log.read(number, 0, 60)) == end


def test_a_repeat_answers_the_first_position_and_adds_nothing(trial: "Trial") -> None:
    """The same content under a known identity, later or in one call, has no effect."""
    trial.needs(ANSWERS_REPEATS)
    one, two = trial.entry("case-1", "1"), trial.entry("case-1", "2")
    first = trial.log.append([one, two, one])
    before = trial.all()
    trial.clock.us += 1_000_000
    again = trial.log.append([two, one])
    assert trial.outcomes(first) == ["appended", "appended", "repeated"]
    assert first[2].position == first[0].position
    assert again == [
        Appended(first[1].position, "repeated"),
        Appended(first[0].position, "repeated"),
    ]
    assert trial.all() == before


def test_a_stamp_or_an_extension_does_not_make_other_content(trial: "Trial") -> None:
    """Content is type, time and data: what the envelope says besides may differ in a repeat."""
    noon_us = trial.clock.us
    trial.needs(ANSWERS_REPEATS)
    trial.log.append([trial.entry("case-1", "1")])
    again = trial.log.append(
        [
            trial.entry("case-1", "1", correlationid="batch-2"),
            trial.entry("case-1", "1", time="2026-11-24T03:00:00Z"),
            trial.stamped("case-1", "1", noon_us + 5),
        ]
    )
    assert trial.outcomes(again) == ["repeated"] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"stage": "review", "department": "市城管局"}},
        {"time": "2026-11-24T11:00:01+08:00"},
        {"type": "hall.case.stage-started.v1"},
    ],
    ids=["data", "time", "type"],
)
def test_other_content_under_a_known_identity_has_no_effect(
    trial: "Trial", change: dict[str, Any]
) -> None:
    """The first counts; the other is answered as a conflict, later or in one call."""
    trial.needs(ANSWERS_REPEATS)
    first = trial.log.append([trial.entry("case-1", "1"), trial.entry("case-1", "1", **change)])
    before = trial.all()
    again = trial.log.append([trial.entry("case-1", "1", **change)])
    assert trial.outcomes(first) == ["appended", "conflict"]
    assert again == [Appended(first[0].position, "conflict")]
    assert trial.all() == before


def test_identity_is_subject_source_and_id_together(trial: "Trial") -> None:
    """Records that share two of the three are different records, wherever the texts are cut."""
    entries = [
        trial.entry("case-1", "1"),
        trial.entry("case-2", "1"),
        trial.entry("case-1", "1", source="/halls/430100/queue"),
        trial.entry("case-1", "11"),
        trial.entry("case-11", "1"),
    ]
    assert trial.outcomes(trial.log.append(entries)) == ["appended"] * 5
    assert sum(trial.log.ends().values()) == 5


def test_reference_records_go_to_every_partition_with_the_same_bytes(trial: "Trial") -> None:
    """What governs every case is read by each partition from its own log."""
    trial.log.append([trial.entry("case-1", "1"), trial.reference("1"), trial.reference("2")])
    copies = [[raw for raw in read if b"reference:" in raw] for read in trial.all().values()]
    assert [len(each) for each in copies] == [2] * trial.partitions
    assert all(each == copies[0] for each in copies)


def test_a_repeated_reference_record_is_one_repeat(trial: "Trial") -> None:
    """Publishing is retried until all partitions have it, so the copies answer as one."""
    trial.needs(ANSWERS_REPEATS)
    other = {"effective_from": "2026-01-01T00:00:00+08:00", "withdrawn": True}
    answers = trial.log.append(
        [trial.reference("1"), trial.reference("1"), trial.reference("1", data=other)]
    )
    assert trial.outcomes(answers) == ["appended", "repeated", "conflict"]
    assert {answer.position.partition for answer in answers} == {0}
    assert set(trial.log.ends().values()) == {1}


def test_a_partition_named_by_the_subject_gets_the_record(trial: "Trial") -> None:
    """`partition:<n>` goes to n, whatever its hash says."""
    answers = trial.log.append([trial.marker(number) for number in range(trial.partitions)])
    assert [a.position for a in answers] == [Position(n, 0) for n in range(trial.partitions)]


def test_a_failed_call_leaves_at_most_an_in_order_prefix(trial: "Trial") -> None:
    """A partition that does not exist fails the call; nothing is there half, or out of order."""
    trial.log.append([trial.entry("case-1", "0")])
    before = trial.all()
    failing = [trial.entry("case-1", str(n)) for n in range(1, 9)] + [
        trial.marker(trial.partitions)
    ]
    with pytest.raises(LogMismatch):
        trial.log.append(failing)
    after = trial.all()
    added = {n: after[n][len(before[n]) :] for n in after}
    assert {n: after[n][: len(before[n])] for n in after} == before
    ids = [wire.decode(raw).id for read in added.values() for raw in read]
    assert ids == [str(n) for n in range(1, len(ids) + 1)]
    if ATOMIC in trial.log.capabilities:
        assert ids == []


def test_a_call_that_fails_in_the_middle_adds_nothing(trial: "Trial") -> None:
    """All or nothing: an entry that cannot be compared takes its whole call back, and no other."""
    trial.needs(ATOMIC, ANSWERS_REPEATS)
    trial.log.append([trial.entry("case-1", "1")])
    before = trial.all()
    unreadable = trial.entry("case-1", "1")._replace(raw=b"{not json}")
    with pytest.raises(RecordUnreadable):
        trial.log.append([trial.entry("case-2", "1"), unreadable, trial.entry("case-3", "1")])
    assert trial.all() == before
    assert trial.outcomes(trial.log.append([trial.entry("case-2", "1")])) == ["appended"]


def test_readers_see_dense_offsets_in_order_under_concurrent_writers(trial: "Trial") -> None:
    """Four writers and one reader: no hole, nothing later before something earlier."""
    writers, calls = 4, 40
    seen: dict[int, list[tuple[Position, bytes]]] = {n: [] for n in range(trial.partitions)}
    written = threading.Event()

    def write(writer: int) -> None:
        for call in range(calls):
            case = f"case-{writer}-{call % 7}"
            trial.log.append([trial.entry(case, f"{call}-{n}") for n in range(1 + call % 3)])

    def follow() -> None:
        last_round = False
        while not last_round:
            last_round = written.is_set()
            for number, records in seen.items():
                while batch := trial.log.read(number, len(records), 7):
                    records.extend(batch)

    reader = threading.Thread(target=follow)
    reader.start()
    run_together(write, writers)
    written.set()
    reader.join()
    for number, records in seen.items():
        assert [at for at, _ in records] == [Position(number, n) for n in range(len(records))]
    assert {n: [raw for _, raw in records] for n, records in seen.items()} == trial.all()
    assert sum(map(len, seen.values())) == writers * sum(1 + call % 3 for call in range(calls))


def test_concurrent_calls_get_their_own_answers(trial: "Trial") -> None:
    """Calls that are joined on the way to the disk are answered each for itself."""
    answers: dict[str, Appended] = {}

    def write(writer: int) -> None:
        for call in range(25):
            one = trial.entry(f"case-{writer}", str(call))
            (answers[f"{writer}/{call}"],) = trial.log.append([one])

    run_together(write, 8)
    records = trial.all()
    for name, answer in answers.items():
        record = wire.decode(records[answer.position.partition][answer.position.offset])
        assert f"{record.subject.removeprefix('case-')}/{record.id}" == name
    assert len(answers) == 200


def test_everything_survives_opening_again(trial: "Trial") -> None:
    """Records, identity, partition count, known identities and the greatest stamp are kept."""
    noon_us = trial.clock.us
    trial.needs(DURABLE)
    trial.log.append([trial.entry(f"case-{n}", "1") for n in range(20)])
    trial.log.append([trial.reference("1")])
    identity, before = trial.log.identity, trial.all()
    trial.clock.us -= 3_600_000_000
    log = trial.reopen()
    assert (log.identity, log.partitions) == (identity, trial.partitions)
    assert trial.all() == before
    if ANSWERS_REPEATS in log.capabilities:
        assert trial.outcomes(log.append([trial.entry("case-7", "1")])) == ["repeated"]
    log.append([trial.entry("case-7", "2")])
    if ORDERED_STAMPS in log.capabilities:
        (number,) = partitions_of("case-7", trial.partitions)
        assert trial.stamps(trial.all()[number][-1:]) == [noon_us]


def test_opening_with_another_partition_count_is_refused(trial: "Trial") -> None:
    """The count is fixed when the log is made; a silent other one would scatter the cases."""
    trial.needs(DURABLE)
    trial.log.append([trial.entry("case-1", "1")])
    with pytest.raises(LogMismatch, match="partitions"):
        trial.driver.open(trial.place, trial.partitions + 1, trial.clock)


def test_what_is_stored_can_be_neither_changed_nor_removed(trial: "Trial") -> None:
    """The store itself refuses, not only the port."""
    trial.log.append([trial.entry("case-1", str(n)) for n in range(3)])
    before = trial.all()
    refusals = trial.driver.change(trial.place)
    if not refusals:
        pytest.skip(f"{type(trial.log).__name__} offers no way round its port")
    assert [change for change, refusal in refusals.items() if not refusal] == []
    assert trial.all() == before


def test_another_log_has_another_identity(trial: "Trial") -> None:
    """A reader can tell a log from any other, also one with the same content."""
    other = trial.open(trial.place / "other")
    assert other.identity != trial.log.identity
    other.close()


def test_a_position_in_its_own_log_is_accepted(trial: "Trial") -> None:
    """From the beginning, in the middle and at the end."""
    trial.log.append([trial.entry("case-1", str(n)) for n in range(4)])
    (number,) = partitions_of("case-1", trial.partitions)
    for offset in range(5):
        check_position(trial.log, trial.position_after(trial.log, number, offset))


def test_a_position_is_refused_by_any_other_log(trial: "Trial") -> None:
    """A shorter log, another log, another last record: each stops the reader and says which."""
    trial.log.append([trial.entry("case-1", str(n)) for n in range(4)])
    (number,) = partitions_of("case-1", trial.partitions)
    mine = trial.position_after(trial.log, number, 4)
    with closing(trial.open(trial.place / "other")) as other:
        other.append([trial.entry("case-1", str(n)) for n in range(4)])
        theirs = trial.position_after(other, number, 4)
        with pytest.raises(LogMismatch, match=other.identity):
            check_position(other, mine)
        altered = trial.entry("case-1", "3", data={"stage": "decision"}).raw
        wrong: list[tuple[ReaderPosition, str]] = [
            (replace(theirs, next_offset=5), "ends at 4"),
            (replace(theirs, last_sha256=digest(altered)), "SHA-256"),
            (replace(theirs, next_offset=3), "SHA-256"),
        ]
        for position, says in wrong:
            with pytest.raises(LogMismatch, match=says):
                check_position(other, position)


def test_errors_of_the_log_say_what_to_do(trial: "Trial") -> None:
    """Every refusal carries a stable code and a hint."""
    with pytest.raises(HallError) as caught:
        trial.log.append([trial.marker(trial.partitions)])
    assert caught.value.code == "ledger.log-mismatch"
    assert caught.value.hint
