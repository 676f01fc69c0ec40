"""Ticks (到点): records that say that an instant has passed, of a threshold or a new calendar."""

from datetime import datetime, tzinfo
from typing import Literal

from ledger.identifiers import tick_id
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.record import Record, instant
from ledger.system_events import ClockReached
from processors.supervision.findings_of import calendar_zone
from processors.supervision.law import Law
from processors.supervision.policy import Policy, lives_on_import_time
from processors.supervision.state import CaseState

LIMIT: Literal["limit"] = "limit"
REPLAN: Literal["replan"] = "replan"


def waits_until(state: CaseState, policy: Policy, order: int) -> int | None:
    """Return the next instant at which time alone moves a case; None for never.

    Args:
        state: the case; one that is suspended waits for an operator, not for time.
        policy: with what the case's partition has published.
        order: only what lies before it in the log is published.
    """
    if state.suspended:
        return None
    replan_us, tick_us = policy.next_replan(state, order), state.next_tick_us
    if replan_us is None or tick_us is None:
        return tick_us if replan_us is None else replan_us
    return min(replan_us, tick_us)


def next_tick(
    state: CaseState, policy: Policy, order: int, until_us: int
) -> Record[ClockReached] | None:
    """Return the next tick of a case if its instant is not after `until_us`.

    Of two at one instant the new calendar comes first.

    Args:
        state: the case. One that is suspended has only ticks of new calendars.
        policy: with what the case's partition has published.
        order: only what lies before it in the log is published.
        until_us: the instant.
    """
    replan_us, tick_us = policy.next_replan(state, order), state.next_tick_us
    if replan_us is not None and (tick_us is None or replan_us <= tick_us):
        if replan_us > until_us:
            return None
        law = policy.laws_of(state).of_case(state.facts)
        return replan_tick(state.subject, state.timeline, replan_us, law)
    if tick_us is None or tick_us > until_us:
        return None
    law = policy.laws_of(state).of_case(state.facts)
    return limit_tick(state.subject, state.timeline, tick_us, law)


def limit_tick(subject: str, timeline: str | None, tick_us: int, law: Law) -> Record[ClockReached]:
    """Return the tick of a case's threshold; the same bytes whoever writes it, and whenever.

    Args:
        subject: the case.
        timeline: the case's. A tick of an import carries its instant as its recording; the log
            stamps the others.
        tick_us: its instant, which is `effective_at` + the pack's grace + 1 µs.
        law: of the case, as it is until then.
    """
    due_us = tick_us - law.pack.report_grace_us - 1
    return _tick(LIMIT, subject, timeline, due_us, tick_us, calendar_zone(law.calendar))


def replan_tick(subject: str, timeline: str | None, tick_us: int, law: Law) -> Record[ClockReached]:
    """Return the tick by which a new calendar plans a case anew.

    Its `due_at` is the instant from which the calendar is both published and in force; the tick
    comes right after it, so that what was recorded at that instant is judged before.

    Args:
        subject, timeline: of the case.
        tick_us: its instant.
        law: of the case, as it is until then.
    """
    return _tick(REPLAN, subject, timeline, tick_us - 1, tick_us, calendar_zone(law.calendar))


def _tick(
    what: Literal["limit", "replan"],
    subject: str,
    timeline: str | None,
    due_us: int,
    tick_us: int,
    zone: tzinfo,
) -> Record[ClockReached]:
    return Record(
        type=ClockReached.TYPE,
        source=SUPERVISION_SOURCE,
        id=tick_id(subject, what, due_us),
        subject=subject,
        time=instant(tick_us, zone),
        timeline=timeline,
        data=ClockReached(what=what, due_at=instant(due_us, zone)),
        recordedtime=own_recording(timeline, tick_us),
    )


def own_recording(timeline: str | None, judged_us: int) -> datetime | None:
    """Return the `recordedtime` of a tick or finding made here.

    It is the judged instant in an import on its own time; the log stamps the others (None).
    """
    return instant(judged_us) if lives_on_import_time(timeline) else None
