"""Findings (监察结论): facts that supervision produces, in the log beside what they rest on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.fact import STRICT, Fact, Identity, Limit, fact

Level = Literal["warning", "yellow", "red"]
LEVELS: tuple[Level, ...] = ("warning", "yellow", "red")
LEVEL_CODE: dict[Level, int] = {"warning": 1, "yellow": 2, "red": 3}
"""Codes of the provincial habit (1 预警, 2 黄牌, 3 红牌)."""

IssueMode = Literal["auto", "confirm"]

LimitName = Literal["promised", "statutory", "applied"]
"""承诺时限, 法定时限, and the time applied for of a special procedure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsible:
    """Who answers for the clock when the card is issued."""

    __pydantic_config__ = STRICT
    department: str | None = None
    clerk_ref: str | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitState:
    """One limit of a clock: what was granted and until when.

    Attributes:
        limit: `promised`, `statutory` or `applied`.
        granted: the limit as a span; absent where the source declared an instant.
        due_at: last lawful instant shown to people; absent while an open stop hides it.
    """

    __pydantic_config__ = STRICT
    limit: LimitName
    granted: Limit | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The clock as it stood when the card was issued. Durations in µs of the limit's own time."""

    __pydantic_config__ = STRICT
    limits: tuple[LimitState, ...]
    used_us: int
    stopped_us: int
    overdue_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One instant at which a level is reached if nothing changes."""

    __pydantic_config__ = STRICT
    rule: str
    level: Level
    limit: LimitName
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledLimit:
    """One limit of a settled clock. Durations in µs of the limit's own time.

    Attributes:
        used_us: counted time from opening to closing, stops taken out.
        stopped_us: time not counted.
        overdue_us: counted time beyond the limit, 0 if in time.
    """

    __pydantic_config__ = STRICT
    clock: str
    limit: LimitName
    granted: Limit | None = None
    due_at: datetime | None = None
    used_us: int
    stopped_us: int
    overdue_us: int
    on_time: bool


@fact("hall.finding.limits-set.v1")
class LimitsSet(Fact):
    """时限核定: due instants and thresholds of a clock, each time a fact or a re-plan changes one.

    Attributes:
        opened_at: when the clock opened; absent where the cycle is withdrawn.
        stopped: a stop has begun and no resumption is known.
        stop_until: when the time applied for runs out, from which the clock goes on by itself.
        provisional: a limit reaches into a year whose holidays nobody has published.
        withdrawn: an amendment or late fact shows that there is no such cycle.
        applied_due: end of the time applied for, of a special procedure.
        closed_at: when a clock other than the handling one was closed; of that a settlement tells.
    """

    part: str | None = None
    clock: str
    cycle: str
    opened_at: datetime | None = None
    hall: str | None = None
    department: str | None = None
    matter: str | None = None
    promised_due: datetime | None = None
    statutory_due: datetime | None = None
    applied_due: datetime | None = None
    closed_at: datetime | None = None
    thresholds: tuple[Threshold, ...] = ()
    stopped: bool = False
    stop_until: datetime | None = None
    provisional: bool = False
    withdrawn: bool = False
    pack: str
    pack_version: str
    calendar_version: str


@fact("hall.finding.card-issued.v1")
class CardIssued(Fact):
    """发牌: a disciplinary act. `card_id` is the record's id."""

    card_id: str
    level: Level
    rule: str
    clock: str | None = None
    cycle: str | None = None
    part: str | None = None
    effective_at: datetime
    detected_at: datetime
    hall: str | None = None
    matter: str | None = None
    responsible: Responsible
    snapshot: Snapshot
    basis: str
    pack: str
    pack_version: str
    calendar_version: str
    evidence: tuple[Identity, ...]
    mode: IssueMode = "auto"


@fact("hall.finding.card-rescinded.v1")
class CardRescinded(Fact):
    """自动撤牌: facts that came later show that the card was not due."""

    card_id: str
    reason: Literal["late_evidence", "amendment"]
    evidence: tuple[Identity, ...]


@fact("hall.finding.deemed-accepted.v1")
class DeemedAccepted(Fact):
    """视为受理 (行政许可法 art. 32): accepted from the day of receipt.

    Attributes:
        cycle: the cycle that the receipt opens.
        withdrawn: late evidence shows that it was answered in time.
    """

    part: str | None = None
    cycle: str | None = None
    effective_at: datetime
    withdrawn: bool = False


@fact("hall.finding.case-settled.v1")
class CaseSettled(Fact):
    """办结核算: at completion, and again when a later fact changes it.

    Attributes:
        working_us: working time from acceptance to completion, stops taken out, whatever the
        limit's unit.
    """

    cycle: str
    part: str | None = None
    outcome: str
    hall: str | None = None
    department: str | None = None
    matter: str | None = None
    accepted_at: datetime
    completed_at: datetime
    working_us: int
    clocks: tuple[SettledLimit, ...]
    pack: str
    pack_version: str
    calendar_version: str


@fact("hall.finding.case-unjudged.v1")
class CaseUnjudged(Fact):
    """暂停判定: judging the case failed; an error code only, never data."""

    error: str


@fact("hall.finding.anomaly-found.v1")
class AnomalyFound(Fact):
    """异常: disorder or doubt for a person to look at; never a card by itself."""

    rule: str
    detail: str
    part: str | None = None
    cycle: str | None = None
    evidence: tuple[Identity, ...]


@fact("hall.card.issued-by-hand.v1")
class CardIssuedByHand(Fact):
    """人工发牌: by a person, with the same content as an issued card."""

    card_id: str
    level: Level
    rule: str
    clock: str | None = None
    cycle: str | None = None
    part: str | None = None
    effective_at: datetime
    detected_at: datetime
    hall: str | None = None
    matter: str | None = None
    responsible: Responsible
    snapshot: Snapshot | None = None
    basis: str
    pack: str | None = None
    pack_version: str | None = None
    calendar_version: str | None = None
    evidence: tuple[Identity, ...] = ()
    mode: IssueMode = "auto"
    actor_ref: str


Finding = (
    LimitsSet
    | CardIssued
    | CardRescinded
    | DeemedAccepted
    | CaseSettled
    | CaseUnjudged
    | AnomalyFound
)
