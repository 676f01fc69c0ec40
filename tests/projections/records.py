"""Records made by hand for the tests of projections: short to write, complete on the wire."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ledger import wire
from ledger.case_events import CaseAccepted, CaseCompleted, StageFinished, StageStarted
from ledger.drivers.memory_log import MemoryLog
from ledger.fact import Fact, Identity, Limit
from ledger.findings import (
    CardIssued,
    CardRescinded,
    CaseSettled,
    Level,
    LimitsSet,
    LimitState,
    Responsible,
    SettledLimit,
    Snapshot,
    Threshold,
)
from ledger.log import Entry
from ledger.record import AnyRecord, Record, micros
from projections.projection import Projection
from projections.registry import all_projections

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)
HOUR_US = 3_600_000_000
PACK: dict[str, Any] = {"pack": "hunan", "pack_version": "1", "calendar_version": "cn-1"}


def projections() -> tuple[Projection, ...]:
    return all_projections(ZONE)


def at(days: float = 0, hours: float = 0) -> datetime:
    return MONDAY + timedelta(days=days, hours=hours)


def record(
    fact: Fact,
    when: datetime,
    *,
    subject: str = "case-1",
    name: str = "",
    source: str = "/halls/1/approval",
    cause: str | None = None,
    timeline: str | None = None,
    recorded: datetime | None = None,
) -> AnyRecord:
    default = f"{type(fact).__name__}-{when.isoformat()}"
    return Record(
        type=fact.TYPE,
        source=source,
        id=name or default,
        subject=subject,
        time=when,
        timeline=timeline,
        causationid=cause,
        data=fact,
        recordedtime=recorded or when,
    )


def finding(fact: Fact, when: datetime, *, cause: str = "", **more: Any) -> AnyRecord:
    more.setdefault("name", f"{type(fact).__name__}-{when.isoformat()}-{cause}")
    return record(fact, when, source="/supervision", cause=cause or None, **more)


def accepted(when: datetime, name: str = "a", department: str = "D1", **more: Any) -> AnyRecord:
    fact = CaseAccepted(
        matter="M1",
        hall="H1",
        department=department,
        handling_type=more.pop("handling_type", None),
        promised_limit=Limit(amount=5, unit="working_day"),
    )
    return record(fact, when, name=name, **more)


def stage(when: datetime, number: int, **more: Any) -> AnyRecord:
    kind = StageStarted if number % 2 else StageFinished
    return record(kind(stage=f"s{number}", department="D1"), when, name=f"s{number}", **more)


def completed(when: datetime, name: str = "c", **more: Any) -> AnyRecord:
    return record(CaseCompleted(outcome="granted"), when, name=name, **more)


def limits(
    opened: datetime,
    *,
    cycle: str = "/halls/1/approval#a",
    cause: str = "",
    department: str = "D1",
    when: datetime | None = None,
    stopped: bool = False,
    promised_days: float = 5,
    part: str | None = None,
    clock: str = "handling",
    **more: Any,
) -> AnyRecord:
    promised = opened + timedelta(days=promised_days)
    thresholds = (
        Threshold(
            rule="handling",
            level="warning",
            limit="promised",
            effective_at=promised - timedelta(days=2),
        ),
        Threshold(rule="handling", level="yellow", limit="promised", effective_at=promised),
        Threshold(
            rule="handling",
            level="red",
            limit="statutory",
            effective_at=opened + timedelta(days=20),
        ),
    )
    fact = LimitsSet(
        part=part,
        clock=clock,
        cycle=cycle,
        opened_at=opened,
        hall="H1",
        department=department,
        matter="M1",
        promised_due=None if stopped else promised,
        statutory_due=None if stopped else opened + timedelta(days=20),
        thresholds=thresholds,
        stopped=stopped,
        **PACK,
    )
    return finding(fact, when or opened, cause=cause or cycle, **more)


def withdrawn(when: datetime, *, cycle: str = "/halls/1/approval#a", **more: Any) -> AnyRecord:
    fact = LimitsSet(
        part=more.pop("part", None), clock="handling", cycle=cycle, withdrawn=True, **PACK
    )
    return finding(fact, when, **more)


def settled(
    opened: datetime,
    done: datetime,
    *,
    cycle: str = "/halls/1/approval#a",
    cause: str = "/halls/1/approval#c",
    department: str = "D1",
    working_us: int = 10 * HOUR_US,
    on_time: bool = True,
    outcome: str = "granted",
    part: str | None = None,
    **more: Any,
) -> AnyRecord:
    each = SettledLimit(
        clock="handling",
        limit="promised",
        used_us=working_us,
        stopped_us=0,
        overdue_us=0 if on_time else HOUR_US,
        on_time=on_time,
    )
    fact = CaseSettled(
        cycle=cycle,
        part=part,
        outcome=outcome,
        hall="H1",
        department=department,
        matter="M1",
        accepted_at=opened,
        completed_at=done,
        working_us=working_us,
        clocks=(each,),
        **PACK,
    )
    return finding(fact, done, cause=cause, **more)


def card(
    when: datetime,
    level: Level = "yellow",
    *,
    card_id: str = "",
    department: str = "D1",
    mode: Any = "auto",
    cycle: str = "/halls/1/approval#a",
    **more: Any,
) -> AnyRecord:
    id_ = card_id or f"card-{level}"
    snapshot = Snapshot(
        limits=(
            LimitState(limit="promised", granted=Limit(amount=5, unit="working_day"), due_at=when),
        ),
        used_us=40 * HOUR_US,
        stopped_us=0,
        overdue_us=1,
    )
    fact = CardIssued(
        card_id=id_,
        level=level,
        rule="handling",
        clock="handling",
        cycle=cycle,
        effective_at=when,
        detected_at=when,
        hall="H1",
        matter="M1",
        responsible=Responsible(department=department, clerk_ref="clerk:1", stage="s1"),
        snapshot=snapshot,
        basis="行政许可法 42",
        evidence=(Identity(source="/halls/1/approval", id="a"),),
        mode=mode,
        **PACK,
    )
    more.setdefault("name", id_)
    return finding(fact, when, **more)


def rescinded(when: datetime, card_id: str, **more: Any) -> AnyRecord:
    fact = CardRescinded(
        card_id=card_id,
        reason="late_evidence",
        evidence=(Identity(source="/halls/1/approval", id="late"),),
    )
    return finding(fact, when, name=f"r-{card_id}", **more)


def entry(of: AnyRecord) -> Entry:
    stamped = micros(of.recordedtime or of.time)
    return Entry(of.subject, of.source, of.id, wire.encode(of), stamped)


def log_of(records: Iterable[AnyRecord], partitions: int = 1) -> MemoryLog:
    log = MemoryLog(partitions)
    log.append([entry(each) for each in records])
    return log
