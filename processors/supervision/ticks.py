"""Ticks (到点): records that say that the instant of a threshold has passed."""

from datetime import datetime
from typing import Literal

from ledger.identifiers import tick_id
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.record import AnyRecord, Record, instant
from ledger.system_events import ClockReached
from processors.supervision.findings_of import calendar_zone
from processors.supervision.policy import Policy, lives_on_import_time

LIMIT: Literal["limit"] = "limit"


def limit_tick(subject: str, timeline: str | None, tick_us: int, policy: Policy) -> AnyRecord:
    """Return the tick of a case's threshold; the same bytes whoever writes it, and whenever.

    Args:
        tick_us: its instant, which is `effective_at` + the pack's grace + 1 µs. A tick of an import
            carries it as its recording; the log stamps the others.
    """
    pack = policy.pack_for(timeline)
    zone = calendar_zone(policy.calendar_for(pack))
    due_us = tick_us - pack.report_grace_us - 1
    return Record(
        type=ClockReached.TYPE,
        source=SUPERVISION_SOURCE,
        id=tick_id(subject, LIMIT, due_us),
        subject=subject,
        time=instant(tick_us, zone),
        timeline=timeline,
        data=ClockReached(what=LIMIT, due_at=instant(due_us, zone)),
        recordedtime=own_recording(timeline, tick_us),
    )


def own_recording(timeline: str | None, judged_us: int) -> datetime | None:
    """Return the `recordedtime` of a tick or finding made here.

    It is the judged instant in an import on its own time; the log stamps the others (None).
    """
    return instant(judged_us) if lives_on_import_time(timeline) else None
