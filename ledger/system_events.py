"""Records the ledger keeps about itself: reference data, ticks, watermarks, skips, imports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ledger.catalogue import Department, Hall, Matter, Published, Window
from ledger.fact import Fact, fact


@dataclass(frozen=True, slots=True, kw_only=True)
class _PublishedText(Fact):
    """A published version of a text the judgement rests on; content up to 512 KiB.

    Attributes:
        governs: true where it governs from then on the live cases for which no other is named.
    """

    version: str
    effective_from: datetime
    sha256: str
    content: str | None = None
    governs: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import(Fact):
    """An import of a file; `at` is the true time."""

    timeline: str
    mode: Literal["as-if-live", "evidence-only"]
    profile: str
    sha256: str
    at: datetime
    counts: dict[str, int] | None = None


@fact("hall.reference.hall-published.v1")
class HallPublished(Published):
    """目录条目: a hall."""

    entry: Hall | dict[str, Any] | None = None


@fact("hall.reference.department-published.v1")
class DepartmentPublished(Published):
    """目录条目: a department."""

    entry: Department | dict[str, Any] | None = None


@fact("hall.reference.window-published.v1")
class WindowPublished(Published):
    """目录条目: a window."""

    entry: Window | dict[str, Any] | None = None


@fact("hall.reference.matter-published.v1")
class MatterPublished(Published):
    """目录条目: a matter."""

    entry: Matter | dict[str, Any] | None = None


@fact("hall.reference.calendar-published.v1")
class CalendarPublished(_PublishedText):
    """日历."""


@fact("hall.reference.pack-published.v1")
class PackPublished(_PublishedText):
    """规则包."""


@fact("hall.reference.roster-published.v1")
class RosterPublished(_PublishedText):
    """值班表."""


@fact("hall.clock.reached.v1")
class ClockReached(Fact):
    """到点: an instant that may have passed.

    Attributes:
        what: `limit` (a threshold of a case), `replan` (a new calendar), `unit` (a period's close).
        due_at: the `effective_at` of the threshold; since when the calendar is published and in
            force; the close.
        upto: for a unit, the next offset of each partition the judgement may read.
    """

    what: Literal["limit", "replan", "unit"]
    due_at: datetime
    upto: dict[str, int] | None = None


@fact("hall.supervision.judged.v1")
class SupervisionJudged(Fact):
    """判定水位: all findings caused by records below `upto` lie before this record."""

    upto: int
    engine: str
    packs: dict[str, str]
    calendars: dict[str, str]


@fact("hall.log.skipped.v1")
class LogSkipped(Fact):
    """跳过坏记录: an operator passes over one record that cannot be read."""

    partition: int
    offset: int
    sha256: str
    actor_ref: str
    reason: str


@fact("hall.import.begun.v1")
class ImportBegun(_Import):
    """导入开始; carries the true time."""


@fact("hall.import.ended.v1")
class ImportEnded(_Import):
    """导入结束; carries the true time and what was counted."""


SystemFact = (
    HallPublished
    | DepartmentPublished
    | WindowPublished
    | MatterPublished
    | CalendarPublished
    | PackPublished
    | RosterPublished
    | ClockReached
    | SupervisionJudged
    | LogSkipped
    | ImportBegun
    | ImportEnded
)
