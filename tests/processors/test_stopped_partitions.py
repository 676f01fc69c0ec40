"""What cannot be read stops its partition, what cannot be judged suspends its case; no other."""

from pathlib import Path

import pytest

from ledger.errors import RecordUnreadable
from ledger.findings import CaseUnjudged
from ledger.log import Entry, partitions_of
from tests.golden.language import at
from tests.processors.supervised import (
    BROKEN,
    CARDS,
    RED,
    WARNING,
    Owned,
    accepted,
    completed,
    days,
    detected,
    event,
    skip,
)

pytestmark = pytest.mark.usefixtures("dialect")


def broken(owned: Owned, subject: str) -> tuple[int, int]:
    """Put bytes into the log that cannot be read; where they lie."""
    ((position, _, *_),) = owned.log.append([Entry(subject, "/somewhere", "x", BROKEN, 0)])
    return position


def test_an_unreadable_record_stops_its_partition_until_that_very_record_is_skipped(
    tmp_path: Path,
) -> None:
    owned = Owned(tmp_path)
    owned.put(accepted())
    owned.settle()
    place = broken(owned, "C-2")
    owned.put(accepted(subject="C-3"))
    known = owned.findings()
    owned.until(detected(RED))
    assert owned.owner.report.unreadable[0].details["offset"] == place[1]
    owned.start()
    skip(owned, *place, b"another record's bytes")
    skip(owned, place[0], place[1] + 1, BROKEN)
    owned.settle()
    assert owned.owner.report.unreadable.keys() == {0}
    assert owned.findings() == known
    skip(owned, *place, BROKEN)
    owned.settle()
    assert owned.owner.report.unreadable == {}
    assert (owned.cards(), owned.cards("C-3")) == (CARDS, CARDS)


def test_an_unreadable_record_stops_no_other_partition(tmp_path: Path) -> None:
    owned = Owned(tmp_path, partitions=4)
    cases = [f"C-{number}" for number in range(12)]
    owned.put(*(accepted(subject=case) for case in cases))
    owned.settle()
    stopped, _ = broken(owned, cases[0])
    owned.put(accepted(subject="D-1"), *(completed(WARNING, case) for case in cases))
    owned.until(detected(RED))
    told = {record.subject: partition_of(record.subject) for record in owned.records()}
    assert owned.owner.report.unreadable.keys() == {stopped}
    for case in cases:
        settled = "hall.finding.case-settled.v1" in {
            record.type for record in owned.records() if record.subject == case
        }
        assert settled == (told[case] != stopped)


def partition_of(subject: str, count: int = 4) -> int:
    return partitions_of(subject, count)[0] if not subject.startswith("partition:") else -1


def test_to_catch_up_on_an_unreadable_record_is_refused(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    _, offset = broken(owned, "C-2")
    with pytest.raises(RecordUnreadable, match=f"offset {offset}"):
        owned.owner.catch_up()


def test_a_case_that_cannot_be_judged_is_suspended_counted_and_no_other_is(
    tmp_path: Path,
) -> None:
    owned = Owned(tmp_path)
    owned.put(accepted(subject="C-2", promised=100_000), accepted())
    owned.settle()
    assert (owned.owner.report.suspended, owned.states.suspended_count()) == (1, 1)
    owned.until(detected(RED))
    assert (owned.cards(), owned.cards("C-2")) == (CARDS, [])
    unjudged = [record for record in owned.records() if isinstance(record.data, CaseUnjudged)]
    assert [(each.subject, each.data.error) for each in unjudged] == [  # type: ignore[attr-defined]
        ("C-2", "policy.outside-calendar")
    ]


def test_a_release_judges_it_again_also_after_a_restart(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    endless = accepted(subject="C-2", promised=100_000)
    owned.put(endless)
    owned.settle()
    owned.start()
    assert owned.states.suspended_count() == 1
    owned.now_us = at("2018-10-16 10:00:00")
    owned.put(
        event(
            "amended", "2018-10-16 09:00:00", "C-2",
            amends={"source": endless["source"], "id": endless["id"]},
            replacement={"promised_limit": days(7)}, reason="wrong",
        ),
        event("released", "2018-10-16 10:00:00", "C-2", actor_ref="o-1"),
    )  # fmt: skip
    owned.until(detected(RED))
    assert owned.cards("C-2") == CARDS
    assert owned.states.suspended_count() == 0
