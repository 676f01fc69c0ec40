"""Hypothesis strategies: histories of cases as real feeds give them, and clocks with their moves.

A history is a log: facts of up to three cases, a complaint and a consultation in the order the
ledger learned them, late by seconds or weeks, with orphans, amendments (also of amendments, also
ahead of their target), human acts on cards, matters and calendars published and, rarely, a limit
that cannot be judged. Different cases use the same ids, as sources do.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from hypothesis import strategies as st

from ledger import wire
from ledger.findings import CardIssued
from ledger.identifiers import finding_id
from ledger.record import AnyRecord, micros
from ledger.work_calendar import DayRule
from processors.supervision.clock import Extension, Move, StopSpan
from processors.supervision.publications import BEGINNING_US, calendar_record
from tests.golden.language import HOUR_US, SECOND_US, SOURCE, calendar, limit
from tests.simulation.said import (
    CASE,
    CHANGES,
    COMPLAINT,
    CONSULTATION,
    GRID_US,
    LIMIT_OF,
    SLOTS,
    START_US,
    Data,
    acceptances,
    limits,
    matters,
    slots,
    spans,
    text_of,
)

LEVELS = ("warning", "yellow", "red")
COMPLAINT_SUBJECT, CONSULTATION_SUBJECT = 3, 4
_NEW_HOLIDAYS = (date(2018, 9, 29), date(2018, 10, 9), date(2018, 10, 12), date(2018, 10, 16))
_SUBJECTS = ("C-0", "C-1", "C-2", "P-0", "Q-0")


class Drawn(NamedTuple):
    """One thing that happened, before it has an id: what, to whom, when, and when it was told."""

    subject: int
    what: str
    slot: int
    delay_us: int
    target: int
    data: Data


late = st.integers(0, SLOTS).map(lambda slot: slot * GRID_US)
small = st.sampled_from([SECOND_US, 5 * SECOND_US, 5 * SECOND_US + 1, -60 * SECOND_US])
delays = st.one_of(st.just(0), late, st.just(0), late, small, st.sampled_from([0, 0, -HOUR_US]))


@st.composite
def amendments(draw: st.DrawFn) -> Data:
    """A void, or a replacement of the instant, of the limit or of a field the target may have."""
    change = draw(st.sampled_from(["void", "time", "limit", "field", "part"]))
    if change == "void":
        return {"reason": "wrong", "void": True}
    if change == "time":
        replacement: Data = {"time": text_of(START_US + draw(slots) * GRID_US)}
    elif change == "limit":
        replacement = {"limit": draw(limits)}
    elif change == "field":
        replacement = {"field": {kind: draw(of_kind) for kind, of_kind in CHANGES.items()}}
    else:
        replacement = {"part": draw(st.sampled_from([None, "fire"]))}
    return {"reason": "wrong", "replacement": replacement}


_OF_CASE = {
    **CASE,
    "amended": amendments(),
    "revoked": st.sampled_from(LEVELS).map(lambda level: {"level": level}),
}
_CASE_KINDS = (
    *("completed",) * 5,
    *("clock-stopped",) * 4,
    *("amended",) * 4,
    *("accepted", "clock-resumed", "revoked", "received", "extended", "part-dispatched") * 2,
    *_OF_CASE,
)
_FAMILY = {COMPLAINT_SUBJECT: "complaint", CONSULTATION_SUBJECT: "consultation"}


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """One thing that happened to a case; now and then to a complaint or a consultation."""
    subject = draw(
        st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, COMPLAINT_SUBJECT, CONSULTATION_SUBJECT])
    )
    of_family = {COMPLAINT_SUBJECT: COMPLAINT, CONSULTATION_SUBJECT: CONSULTATION}
    kinds = of_family.get(subject, _OF_CASE)
    what = draw(st.sampled_from(list(kinds) if subject in of_family else _CASE_KINDS))
    return Drawn(
        subject=subject,
        what=what,
        slot=draw(slots),
        delay_us=draw(delays),
        target=draw(st.integers(0, 11)),
        data=draw(kinds[what]),
    )


@st.composite
def histories(draw: st.DrawFn, *, new_calendars: bool = False) -> list[AnyRecord]:
    """Facts, human acts and matters published, in log order; most cases are accepted, some never.

    Args:
        new_calendars: whether a new calendar may be published that plans open cases anew.
    """
    things = draw(st.lists(drawn(), min_size=1, max_size=10))
    for subject in {thing.subject for thing in things} - {COMPLAINT_SUBJECT, CONSULTATION_SUBJECT}:
        if draw(st.integers(0, 9)) < 9:
            slot = draw(st.integers(0, SLOTS // 3))
            opening = Drawn(subject, "accepted", slot, draw(delays), 0, draw(acceptances()))
            things.insert(0, opening)
    records = _records(things, draw(publications()))
    if new_calendars and draw(st.booleans()):
        records = draw(_with_calendars(records))
    return records


@st.composite
def publications(draw: st.DrawFn) -> list[tuple[int, dict[str, Any]]]:
    """Matters published, each with when: mostly before everything, some later, some withdrawn."""
    made: list[tuple[int, dict[str, Any]]] = []
    for number in range(draw(st.sampled_from([0, 0, 1, 2, 3]))):
        code = draw(st.sampled_from(["M-1", "M-1", "M-2"]))
        first = number == 0 or draw(st.booleans())
        slot = -48 if first else draw(st.integers(0, SLOTS))
        since_us = START_US + (-400 * 48 if first else draw(slots)) * GRID_US
        withdrawn = not first and draw(st.integers(0, 3)) == 0
        data: Data = {"effective_from": text_of(since_us)}
        data |= {"withdrawn": True} if withdrawn else {"entry": draw(matters(code))}
        event = {
            "specversion": "1.0",
            "type": "hall.reference.matter-published.v1",
            "source": "/catalogue",
            "id": f"{code}-{number}",
            "subject": f"reference:matter:{code}",
            "time": text_of(START_US + slot * GRID_US),
            "data": data,
        }
        made.append((START_US + slot * GRID_US, event))
    return made


@st.composite
def _with_calendars(draw: st.DrawFn, records: list[AnyRecord]) -> list[AnyRecord]:
    """The same log with the calendar published first, and once or twice another in mid-case."""
    spec = calendar().spec
    told = [(0, calendar_record(spec, BEGINNING_US, governs=True))]
    for number in range(1, draw(st.integers(1, 2)) + 1):
        days = {**spec.days, draw(st.sampled_from(_NEW_HOLIDAYS)): DayRule(working=False)}
        edition = replace(spec, version=f"{spec.version}-{number}", days=days)
        recorded_us, since_us = (START_US + draw(slots) * GRID_US for _ in range(2))
        told.append((recorded_us, calendar_record(edition, since_us, governs=True)))
    laid = [(us, wire.decode(wire.stamp(wire.encode(record), us))) for us, record in told]
    laid += [(micros(record.recordedtime or record.time), record) for record in records]
    return [record for _, record in sorted(laid, key=lambda each: each[0])]


def _records(
    things: Sequence[Drawn], published: Sequence[tuple[int, dict[str, Any]]] = ()
) -> list[AnyRecord]:
    """Give ids within each case, then lay the facts down as they were recorded."""
    laid = [(recorded_us, -1, event) for recorded_us, event in published]
    for index, thing in enumerate(things):
        acted = SLOTS // 2 if thing.what == "revoked" else 0
        happened_us = START_US + (thing.slot + acted) * GRID_US
        of_case = [n for n, each in enumerate(things) if each.subject == thing.subject]
        target = of_case[thing.target % len(of_case)]
        family = _FAMILY.get(thing.subject, "case")
        event = {
            "specversion": "1.0",
            "type": f"hall.{family}.{thing.what}.v1",
            "source": SOURCE,
            "id": str(of_case.index(index)),
            "subject": _SUBJECTS[thing.subject],
            "time": text_of(happened_us),
            "data": thing.data,
        }
        if thing.what == "amended":
            event["data"] = _amendment(thing, things[target], str(of_case.index(target)))
        elif thing.what == "revoked":
            event.update(_revocation(things, of_case, thing))
        laid.append((happened_us + thing.delay_us, index, event))
    laid.sort(key=lambda each: each[:2])
    return [stamped(event, recorded_us) for recorded_us, _, event in laid]


def _amendment(thing: Drawn, target: Drawn, target_id: str) -> Data:
    data = {**thing.data, "amends": {"source": SOURCE, "id": target_id}}
    replacement = data.get("replacement", {})
    if "limit" in replacement:
        name = LIMIT_OF.get(target.what, "no_such_field")
        data["replacement"] = {name: replacement["limit"]}
    elif "field" in replacement:
        data["replacement"] = replacement["field"].get(target.what, {"no_such_field": 1})
    if target.what == "amended" and "replacement" in data:
        data["replacement"] = {"replacement": {"matter": "M-2"}}
    return data


def _revocation(things: Sequence[Drawn], of_case: list[int], thing: Drawn) -> dict[str, Any]:
    """People revoke a card that may have been issued: the first of its level and its cycle."""
    openers = [n for n in of_case if things[n].what == "accepted"] or of_case
    opener = openers[thing.target % len(openers)]
    cycle = f"{SOURCE}#{of_case.index(opener)}"
    card_id = finding_id(
        CardIssued.TYPE, _SUBJECTS[thing.subject], things[opener].data.get("part"),
        "handling-limit", "handling", cycle, thing.data["level"], 0,
    )  # fmt: skip
    data = {"card_id": card_id, "actor_ref": "P-1", "decision": "revoked"}
    return {"type": "hall.card.appeal-decided.v1", "data": data}


def stamped(event: dict[str, Any], recorded_us: int) -> AnyRecord:
    """An event as the log holds it."""
    _, raw = wire.accept(event)
    return wire.decode(wire.stamp(raw, recorded_us))


# --- clocks ------------------------------------------------------------------------------------


@st.composite
def moves(draw: st.DrawFn) -> list[Move]:
    """Stops, open or ended, and extensions, in order of their start."""
    found: list[Move] = []
    for _ in range(draw(st.integers(1, 4))):
        start_us = START_US + draw(slots) * GRID_US
        if draw(st.integers(0, 4)) < 2:
            found.append(Extension(start_us, limit(draw(spans))))
            continue
        length = draw(st.one_of(st.none(), st.integers(0, 200)))
        end_us = None if length is None else start_us + length * GRID_US
        found.append(StopSpan(start_us, end_us, draw(st.one_of(st.none(), st.integers(0, 5)))))
    return sorted(found, key=lambda move: move[0])


@st.composite
def lengthened(draw: st.DrawFn) -> tuple[list[Move], list[Move]]:
    """Moves, and the same with one stop or extension longer, or with one more."""
    before = draw(moves())
    index = draw(st.integers(0, len(before) - 1))
    move, after = before[index], before.copy()
    longer = draw(st.booleans())
    if longer and isinstance(move, StopSpan) and move.end_us is not None:
        days = None if move.days is None else move.days + draw(st.integers(0, 3))
        end_us = move.end_us + draw(st.integers(1, 100)) * GRID_US
        after[index] = move._replace(end_us=end_us, days=days)
    elif longer and isinstance(move, Extension):
        by = move.by
        more = type(by)(amount=by.amount + draw(st.integers(1, 3)), unit=by.unit)
        after[index] = move._replace(by=more)
    else:
        start_us = START_US + draw(slots) * GRID_US
        length = draw(st.integers(1, 100))
        extra = st.just(StopSpan(start_us, start_us + length * GRID_US))
        one_more = spans.map(lambda text: Extension(start_us, limit(text)))
        after.append(draw(st.one_of(extra, one_more)))
    return before, sorted(after, key=lambda each: each[0])
