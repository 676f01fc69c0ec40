"""A log as lines and back: same bytes, same order of every case, whatever the partitions."""

from collections.abc import Callable, Iterable
from hashlib import sha256

import pytest

from ledger import wire
from ledger.arrival import Arrival
from ledger.drivers.memory_log import MemoryLog
from ledger.errors import ImportInvalid, LogMismatch, LogUnavailable, RecordUnreadable
from ledger.log import Entry, Position, digest
from ledger.system_events import SupervisionJudged
from ledger.transfer import Checked, Export, check, entries
from tests.ledger.moved_logs import NOON_US, SOURCE, SilentLog, Ticking, fact, filled


def lines_of(log: MemoryLog) -> list[bytes]:
    return list(Export(log).lines())


def imported(lines: list[bytes], log: MemoryLog) -> Arrival:
    checked = check(lines)
    arrival = Arrival(log, checked.judged)
    arrival.take(entries(lines))
    if checked.marker is not None:
        arrival.mark(checked.marker)
    return arrival


def raws(log: MemoryLog, partition: int) -> list[bytes]:
    return [raw for _, raw in log.read(partition, 0, 1_000_000)]


def by_subject(log: MemoryLog) -> dict[str, list[bytes]]:
    """What each subject's records are, in order; a partition's own are left out."""
    found: dict[str, list[bytes]] = {}
    for partition in range(log.partitions):
        for raw in raws(log, partition):
            subject = wire.decode(raw).subject
            if subject.startswith("reference:") and partition > 0:
                continue
            if not subject.startswith("partition:"):
                found.setdefault(subject, []).append(raw)
    return found


def markers(log: MemoryLog) -> dict[int, int]:
    found: dict[int, int] = {}
    for partition in range(log.partitions):
        for raw in raws(log, partition):
            data = wire.decode(raw).data
            if isinstance(data, SupervisionJudged):
                found[partition] = data.upto
    return found


# --- there and back ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MemoryLog, SilentLog])
@pytest.mark.parametrize(("here", "there"), [(1, 6), (6, 1), (3, 4), (1, 1)])
def test_every_subject_has_the_same_bytes_in_the_same_order(
    here: int, there: int, kind: type[MemoryLog]
) -> None:
    source = filled(here)
    target, back = kind(there), MemoryLog(here)
    arrival = imported(lines_of(source), target)
    assert (arrival.repeated, arrival.conflicts) == (0, 0)
    assert by_subject(target) == by_subject(source)
    imported(lines_of(target), back)
    assert by_subject(back) == by_subject(source)
    if here == there == 1:
        assert [raw for raw in raws(back, 0) if b"supervision.judged" not in raw] == [
            raw for raw in raws(source, 0) if b"supervision.judged" not in raw
        ]


def test_reference_records_are_one_line_and_come_to_lie_in_every_partition() -> None:
    source, target = filled(6), MemoryLog(4)
    export = Export(source)
    lines = list(export.lines())
    assert export.folded == 2 * 5
    assert sum(b"department-published" in line for line in lines) == 2
    imported(lines, target)
    published = {
        tuple(raw for raw in raws(target, number) if b"department-published" in raw)
        for number in range(4)
    }
    assert published == {tuple(raw for raw in raws(source, 0) if b"department-published" in raw)}


def test_what_speaks_of_a_partition_that_is_not_there_is_counted_and_left() -> None:
    arrival = imported(lines_of(filled(6)), target := MemoryLog(1))
    assert arrival.elsewhere == 5
    begun = [raw for raw in raws(target, 0) if b"import.begun" in raw]
    assert len(begun) == 1


def test_records_of_several_partitions_come_by_when_they_were_learned() -> None:
    source = filled(6)
    stamps = [wire.decode(each.raw).recordedtime for each in entries(lines_of(source))]
    assert stamps == sorted(each for each in stamps if each is not None)


# --- up to where it was judged -----------------------------------------------------------------


def test_a_log_that_was_judged_to_its_end_is_marked_so_in_each_partition() -> None:
    target = MemoryLog(4)
    imported(lines_of(filled(3)), target)
    found = markers(target)
    assert sorted(found) == [number for number, end in target.ends().items() if end > 3]
    for number, upto in found.items():
        last = max(
            offset
            for offset, raw in enumerate(raws(target, number))
            if wire.type_of(raw) == "hall.case.urged.v1"
        )
        assert upto == last + 1


def test_what_was_not_judged_yet_lies_above_the_marker() -> None:
    source, target = filled(1), MemoryLog(4)
    source.append([fact("case-3", "late")])
    imported(lines_of(source), target)
    found = markers(target)
    (place,) = (
        Position(number, offset)
        for number in range(4)
        for offset, raw in enumerate(raws(target, number))
        if wire.decode(raw).id == "late"
    )
    assert found[place.partition] == place.offset


def test_a_log_that_was_never_judged_has_no_marker_after_the_move() -> None:
    source, target = MemoryLog(1, now=Ticking()), MemoryLog(2)
    source.append([fact("case-1", "1")])
    imported(lines_of(source), target)
    assert markers(target) == {}


# --- again, and broken off ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MemoryLog, SilentLog])
def test_importing_again_adds_nothing(kind: type[MemoryLog]) -> None:
    lines, target = lines_of(filled(3)), kind(6)
    first = imported(lines, target)
    ends = target.ends()
    again = imported(lines, target)
    assert (again.appended, again.repeated) == (0, first.appended)
    assert target.ends() == ends


@pytest.mark.parametrize("batches", [0, 1, 2, 3])
def test_an_import_that_broke_off_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr("ledger.arrival.APPENDED_PER_BATCH", 17)
    lines, whole, target = lines_of(filled(3)), SilentLog(6), SilentLog(6)
    imported(lines, whole)
    target.appends_left = batches
    with pytest.raises(LogUnavailable):
        imported(lines, target)
    target.appends_left = 1_000_000
    imported(lines, target)
    assert [raws(target, number) for number in range(6)] == [
        raws(whole, number) for number in range(6)
    ]


def test_records_that_were_sent_twice_are_passed_over_when_it_goes_on() -> None:
    lines, target = lines_of(filled(1)), SilentLog(1)
    some = list(entries(lines))
    target.append([*some[:9], *some[4:9]])  # the answer to the second half was lost
    imported(lines, target)
    kept = list(dict.fromkeys(raws(target, 0)))
    assert kept[: len(some)] == [each.raw for each in some]


def test_a_log_that_holds_anything_else_is_refused() -> None:
    target = SilentLog(1)
    target.append([fact("case-9", "1")])
    with pytest.raises(LogMismatch, match="another record at 0"):
        imported(lines_of(filled(1)), target)


# --- what cannot be read -----------------------------------------------------------------------


def poisoned() -> tuple[MemoryLog, bytes]:
    log, bad = MemoryLog(1, now=Ticking()), b'{"specversion":"1.0"\n'
    log.append([fact("case-1", "1")])
    log.append([Entry("case-1", "/others", "bad", bad, 0)])
    log.append([fact("case-1", "2")])
    return log, bad


def test_a_record_that_cannot_be_read_ends_an_export_and_is_named() -> None:
    log, bad = poisoned()
    with pytest.raises(RecordUnreadable) as refused:
        lines_of(log)
    assert refused.value.details == {"partition": 0, "offset": 1, "sha256": digest(bad)}


def test_one_that_was_skipped_stays_behind_with_its_bytes() -> None:
    log, bad = poisoned()
    data = {"partition": 0, "offset": 1, "sha256": digest(bad)}
    data |= {"actor_ref": "operator-1", "reason": "no JSON"}
    log.append([fact("partition:0", "skip", type="hall.log.skipped.v1", data=data)])
    export, target = Export(log), MemoryLog(3)
    lines = list(export.lines())
    assert (export.records, export.left_out, export.about_partitions) == (2, 1, 1)
    (left,) = (wire.parse_json(line) for line in lines if b'"left-out"' in line)
    assert (left["partition"], left["offset"], left["sha256"]) == (0, 1, digest(bad))
    imported(lines, target)
    assert by_subject(target)["case-1"] == [raws(log, 0)[0], raws(log, 0)[2]]


def test_a_record_of_several_lines_is_packed_into_one() -> None:
    log, target = MemoryLog(1, now=Ticking()), MemoryLog(1)
    stamped = wire.stamp(fact("case-1", "1").raw, NOON_US)
    spread = stamped.replace(b',"data"', b',\n"data"')
    log.append([Entry("case-1", SOURCE, "1", spread, NOON_US)])
    imported(lines_of(log), target)
    assert raws(target, 0) == [spread]


def changed(change: Callable[[list[bytes]], Iterable[bytes]]) -> list[bytes]:
    return list(change(lines_of(filled(1, cases=2))))


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (changed(lambda _lines: []), "ends after 0 records"),
        (changed(lambda lines: lines[:-1]), "without its last line"),
        (changed(lambda lines: lines[1:]), "line 1: found another line"),
        (changed(lambda lines: [*lines, lines[3]]), "expected the end of the file"),
        (changed(lambda lines: [*lines[:3], *lines[4:]]), "expected 13"),
        (changed(lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]]), "SHA-256"),
        (changed(lambda lines: [*lines[:3], b"{}\n", *lines[4:]]), "line 4: found A record of 2"),
        (changed(lambda lines: [*lines[:3], lines[3][:40], *lines[4:]]), "line 4: "),
        (changed(lambda lines: [lines[0].replace(b"1", b"9", 1), *lines[1:]]), "version 9"),
        ([b'{"hall-log":\n'], "expected one line of JSON"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_and_its_line_named(
    lines: list[bytes], named: str
) -> None:
    with pytest.raises(ImportInvalid) as refused:
        check(lines)
    assert named in refused.value.message


def test_checking_tells_what_the_lines_hold() -> None:
    source = filled(3)
    lines = lines_of(source)
    checked = check(lines)
    longest = max(lines[1:-1], key=len)
    assert isinstance(checked, Checked)
    assert (checked.identity, checked.records) == (source.identity, len(lines) - 2)
    assert checked.longest == (len(longest) - 1, max(
        number for number, line in enumerate(lines, 1) if len(line) == len(longest)
    ))  # fmt: skip
    assert checked.sha256 == sha256(b"".join(lines[:-1])).hexdigest()
