"""What if, asked of a log on disk: the same answer in whatever slices and processes, read only."""

import hashlib
import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import LogUnavailable, RecordUnreadable
from ledger.log import Appended, Entry, digest
from ledger.record import Record, instant
from ledger.system_events import LogSkipped
from ledger.wire import encode
from processors.drivers.whatif_run import Answer, ask
from processors.drivers.whatif_worker import Question, Worker, told_of
from processors.supervision.policy import Policy
from processors.whatif import Window
from processors.whatif_case import case_whatif
from tests.processors.supervised import BROKEN, DAY_US, START_US
from tests.processors.whatif_log import (
    PARTITIONS,
    everywhere_the_first,
    first_pack,
    lived,
    open_to_read,
    published,
    same,
    stricter,
)


def question(path: Path, make_policy: Callable[[], Policy] = stricter, limit: int = 50) -> Question:
    return Question(partial(open_to_read, path), make_policy, True, Window(), limit)


def told(answer: Answer) -> tuple[object, ...]:
    found = answer.comparison
    return found.counts, found.listed(), found.cases, found.unjudged, answer.until, answer.ends


@pytest.mark.parametrize("seed", [51, 52])
def test_under_the_rules_that_were_in_force_a_lived_log_keeps_every_card(
    tmp_path: Path, seed: int
) -> None:
    print("seed", seed)
    answer = ask(question(lived(tmp_path, seed), same), 1)
    assert {effect for _, effect, _ in answer.comparison.counts} == {"unchanged"}
    assert answer.comparison.counts.total() > 10
    assert answer.comparison.cases == 24
    assert answer.ends.keys() == set(range(PARTITIONS))


@pytest.mark.parametrize("slice_records", [1, 17])
def test_the_answer_does_not_depend_on_the_slices(tmp_path: Path, slice_records: int) -> None:
    path = lived(tmp_path, 53)
    whole = ask(question(path), 1)
    assert {effect for _, effect, _ in whole.comparison.counts} > {"moved"}
    assert told(ask(question(path), 1, slice_records=slice_records)) == told(whole)


def test_the_answer_does_not_depend_on_how_many_processes_find_it(tmp_path: Path) -> None:
    path = lived(tmp_path, 54)
    steps: list[tuple[int, int]] = []
    several = ask(
        question(path), 2, lambda *step: steps.append(step), slice_records=50, alone_records=0
    )
    assert told(several) == told(ask(question(path), 1))
    assert [done for done, _ in steps] == list(range(1, steps[-1][1] + 1))


def test_a_process_that_dies_is_named_and_nothing_hangs(tmp_path: Path) -> None:
    asked = Question(
        partial(open_to_read, lived(tmp_path, 55, 2)), _dies_elsewhere, True, Window(), 1
    )
    with pytest.raises(LogUnavailable, match="sudden end"):
        ask(asked, 2, alone_records=0)


_HOME = os.getpid()


def _dies_elsewhere() -> Policy:
    if os.environ.get("HALL_TEST_HOME") != str(os.getpid()):
        os._exit(9)
    return same()


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALL_TEST_HOME", str(_HOME))


def test_the_file_of_the_log_is_not_touched_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = lived(tmp_path, 56)
    before = {each.name: _digest(each) for each in tmp_path.iterdir() if "-shm" not in each.name}
    ask(question(path), 2, slice_records=20, alone_records=0)
    after = {each.name: _digest(each) for each in tmp_path.iterdir() if "-shm" not in each.name}
    assert {**before, "ledger.sqlite-wal": _EMPTY} == {"ledger.sqlite-wal": _EMPTY, **after}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


_EMPTY = hashlib.sha256(b"").hexdigest()


def test_it_reads_beside_a_server_that_writes_and_stops_at_what_it_found(tmp_path: Path) -> None:
    path = lived(tmp_path, 57)
    asked = question(path)
    whole = told(ask(asked, 1))
    writer = SqliteLog(path, PARTITIONS, now=lambda: START_US + 90 * DAY_US)
    ends = writer.ends()

    def meanwhile(done: int, _of: int) -> None:
        if done == 1:
            assert _skip(writer, 0, 0, "").position.offset == ends[0]

    assert told(ask(asked, 1, meanwhile)) == whole
    writer.close()


def _skip(log: SqliteLog, partition: int, offset: int, sha256: str) -> Appended:
    data = LogSkipped(
        partition=partition, offset=offset, sha256=sha256, actor_ref="o-1", reason="broken"
    )
    record = Record(
        type=LogSkipped.TYPE,
        source="/operator",
        id=f"skip-{offset}",
        subject=f"partition:{partition}",
        time=instant(START_US),
        data=data,
    )
    (answer,) = log.append([Entry(record.subject, record.source, record.id, encode(record))])
    return answer


@pytest.mark.parametrize("processes", [1, 2])
def test_a_record_that_cannot_be_read_stops_the_question_until_it_is_skipped(
    tmp_path: Path, processes: int
) -> None:
    path = lived(tmp_path, 58, 4)
    asked = question(path, same)
    whole = told(ask(asked, 1))[:2]
    with closing(SqliteLog(path, PARTITIONS, now=int)) as log:
        place = log.append([Entry("C-0", "?", "?", BROKEN, START_US)])[0].position
    with pytest.raises(RecordUnreadable, match=f"offset {place.offset}"):
        ask(asked, processes, alone_records=0)
    with closing(SqliteLog(path, PARTITIONS, now=int)) as log:
        _skip(log, *place, digest(BROKEN))
    assert told(ask(asked, processes, alone_records=0))[:2] == whole


def test_published_calendars_govern_and_published_packs_do_not(tmp_path: Path) -> None:
    asked = question(published(tmp_path), everywhere_the_first)
    answer = ask(asked, 1, slice_records=5)
    moved = [change for change in answer.comparison.listed() if change.effect != "unchanged"]
    assert {(change.effect, change.key.level) for change in moved} == {("moved", "warning")}
    assert {change.key.case for change in moved} == {f"LATE-{number}" for number in range(8)}
    assert (
        sum(
            count
            for (_, effect, _), count in answer.comparison.counts.items()
            if effect == "unchanged"
        )
        == 8 * 3 + 8 * 2
    )


def test_one_case_without_another_pack_is_judged_by_what_governs_it(tmp_path: Path) -> None:
    path = published(tmp_path)
    asked = Question(partial(open_to_read, path), first_pack, False, Window(), 0)
    worker = Worker(asked)
    for case in ("EARLY-1", "LATE-1"):
        told, policy, until, end = told_of(worker, case)
        found = case_whatif(told, [], policy, until, end)
        assert [change.effect for change in found.changes] == ["unchanged"] * 3
    worker.close()


def test_one_case_is_judged_as_in_the_whole(tmp_path: Path) -> None:
    path = lived(tmp_path, 59)
    asked = question(path, limit=10_000)
    listed = ask(asked, 1).comparison.listed()
    worker = Worker(asked)
    found = []
    for number in range(24):
        case = told_of(worker, f"C-{number}")
        assert case.told
        whole = case_whatif(case.told, [], case.policy, case.until, case.end)
        found += [change for change in whole.changes if change.effect != "unchanged"]
    assert sorted(found, key=lambda change: change.place) == listed
    assert told_of(worker, "C-99").told == []
    worker.close()
