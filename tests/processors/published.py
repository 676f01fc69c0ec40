"""Packs and calendars for tests of what is published: small changes of the ones everything uses."""

from dataclasses import replace
from datetime import date
from typing import Any

from ledger.log import Entry
from ledger.record import AnyRecord
from ledger.system_events import ClockReached
from ledger.wire import decode, encode, stamp
from ledger.work_calendar import CalendarSpec, DayRule
from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack
from processors.supervision.policy import Policy
from processors.supervision.publications import BEGINNING_US, calendar_record, pack_record
from tests.golden.language import PACK_TEXT, at, calendar, local, policy
from tests.processors.supervised import Owned

CN = calendar().spec
HOLIDAY = date(2018, 10, 23)
"""A Tuesday; cases accepted at START_US have their limits after it."""


def cn(*holidays: date, name: str = "cn") -> CalendarSpec:
    """The calendar of mainland China with more holidays; each set of them is a version."""
    days = {**CN.days, **{day: DayRule(working=False, name="停电") for day in holidays}}
    version = "+".join(["cn", *map(str, holidays)])
    return replace(CN, name=name, version=version, days=days)


def pack(version: str = "1", warning: int = -3, more: str = "") -> Pack:
    """The small pack of the golden language, its warning so many units before the promise."""
    text = PACK_TEXT.replace('version = "1"', f'version = "{version}"\n{more}')
    return parse_pack(text.replace("offset = -3", f"offset = {warning}"), "local.toml")


def using(base: Pack | None = None) -> Policy:
    """What is configured: the small pack, by the calendar of mainland China."""
    return policy(base or pack())


def put(owned: Owned, record: AnyRecord, at_us: int | None = None) -> None:
    """Publish to every partition, at the clock's instant."""
    if at_us is not None:
        owned.now_us = at_us
    owned.log.append([Entry(record.subject, record.source, record.id, encode(record))])


def put_first(owned: Owned) -> None:
    """Publish what is configured, as the first start does."""
    put(owned, calendar_record(CN, BEGINNING_US, governs=True))
    chosen = owned.using.packs[owned.using.default_pack]
    put(owned, pack_record(chosen, BEGINNING_US, governs=True))


def new_calendar(*holidays: date, since: str | int = 0, name: str = "cn") -> AnyRecord:
    """A publication of a calendar, in force since an instant."""
    since_us = at(since) if isinstance(since, str) else since
    return calendar_record(cn(*holidays, name=name), since_us, governs=name == "cn")


def recorded(record: AnyRecord, when: str) -> AnyRecord:
    """A record as the log holds it, once it is taken at an instant."""
    return decode(stamp(encode(record), at(when)))


def replans(owned: Owned, subject: str = "C-1") -> list[str]:
    """`due_at` of the ticks by which a case was planned anew, in log order."""
    return [
        local(record.data.due_at)
        for record in owned.records()
        if isinstance(record.data, ClockReached)
        and (record.data.what, record.subject) == ("replan", subject)
    ]


def told(owned: Owned, kind: type[Any], subject: str = "C-1") -> list[Any]:
    """Findings of a kind of a case, in log order."""
    return [
        record.data
        for record in owned.records()
        if isinstance(record.data, kind) and record.subject == subject
    ]
