"""What if one fact of one case were another: changed, left out, or moved in time.

A changed fact keeps its place and its identity, as if it had been sent so from the start. A moved
one was also recorded as much sooner or later, so that what is asked is what the case would have
been, and not what its report would have been late for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from ledger.errors import EventInvalid, ImportInvalid
from ledger.fact import Identity
from ledger.intake_rules import instant_from_text, shown
from ledger.record import AnyRecord, micros
from ledger.wire import merged
from processors.supervision.policy import Policy
from processors.whatif import (
    CARD_FINDINGS,
    MOVING_TYPES,
    Change,
    Key,
    Standing,
    Told,
    Until,
    changes,
    judged,
    standing,
)

Verb = Literal["change", "leave_out", "move"]
_BESIDE: dict[Verb, str | None] = {"change": "data", "leave_out": None, "move": "time"}
_NAMED_MAX = 10


class Edit(NamedTuple):
    """One thing that is asked to be otherwise.

    Attributes:
        where: its place in what was asked, for messages: empty, or `[0].`, `[1].` … of a list.
        data: fields to lie over the fact's own; null removes one.
        time: RFC 3339, when the fact is to have happened.
    """

    where: str
    verb: Verb
    fact: Identity
    data: Mapping[str, Any]
    time: str


class CaseWhatIf(NamedTuple):
    """The cards of a case that stand as recorded, those that would, and what becomes of each.

    Attributes:
        until_us: up to where time was let run.
        suspended: the case could not be judged so; its cards would be for people to find.
    """

    was: Mapping[Key, Standing]
    would_be: Mapping[Key, Standing]
    changes: list[Change]
    until_us: int | None
    suspended: bool


def case_whatif(
    told: Sequence[Told], edits: Sequence[Edit], policy: Policy, until: Until, end: int
) -> CaseWhatIf:
    """Return what the cards of one case would be.

    Args:
        told: all its records, in log order.
        edits: what is to be otherwise.
        policy: what it is to be judged by.
        until: up to where time runs on after the last record.
        end: the next offset of its partition.

    Raises:
        ImportInvalid: an edit that cannot be made; names the field.
    """
    was = standing(record for _, record in told if record.type in CARD_FINDINGS)
    moving = [(order, record) for order, record in told if record.type in MOVING_TYPES]
    would_be = judged(edited(moving, edits), policy, until, end)
    found = sorted(changes(was, would_be.cards), key=lambda change: change.place)
    timeline = told[0][1].timeline
    return CaseWhatIf(was, would_be.cards, found, until.of(timeline), would_be.suspended)


def read_edits(asked: object) -> list[Edit]:
    """Return what a parsed JSON value asks for: one edit, or a list of them.

    Raises:
        ImportInvalid: naming the field, what was found and what was expected.
    """
    if not isinstance(asked, list):
        return [_edit("", asked)]
    if not asked:
        raise _invalid("(file)", "an empty list", "at least one change")
    return [_edit(f"[{index}].", each) for index, each in enumerate(asked)]


def _edit(where: str, asked: object) -> Edit:
    verbs = [verb for verb in _BESIDE if isinstance(asked, dict) and verb in asked]
    if not isinstance(asked, dict) or len(verbs) != 1:
        found = " and ".join(verbs) if verbs else shown(asked)
        expected = 'an object with one of "change", "leave_out", "move"'
        raise _invalid(where.rstrip(".") or "(file)", found, expected)
    (verb,) = verbs
    beside = _BESIDE[verb]
    for name in asked:
        if name not in (verb, beside):
            raise _invalid(f"{where}{name}", "this field", f'only "{verb}" and what belongs to it')
    data, time = asked.get("data", {}), asked.get("time", "")
    if verb == "change" and not (isinstance(data, dict) and data):
        raise _invalid(f"{where}data", shown(asked.get("data")), "the fields to change, an object")
    if verb == "move" and not isinstance(asked.get("time"), str):
        raise _invalid(f"{where}time", shown(asked.get("time")), "an instant, RFC 3339 text")
    return Edit(where, verb, _identity(f"{where}{verb}", asked[verb]), data, time)


def _identity(where: str, asked: object) -> Identity:
    if not isinstance(asked, dict):
        raise _invalid(where, shown(asked), "an object with source and id")
    for name in ("source", "id"):
        if not isinstance(asked.get(name), str):
            raise _invalid(f"{where}.{name}", shown(asked.get(name)), "text")
    for name in asked:
        if name not in ("source", "id"):
            raise _invalid(f"{where}.{name}", "this field", "only source and id")
    return Identity(source=asked["source"], id=asked["id"])


def edited(told: Sequence[Told], edits: Sequence[Edit]) -> list[Told]:
    """Return the records of a case as the edits leave them, in the order of their recording.

    Args:
        told: in log order; of the types that move a case.

    Raises:
        ImportInvalid: an edit names no fact of the case, or leaves one that intake would refuse.
    """
    left = list(told)
    for edit in edits:
        index = _index(left, edit)
        order, record = left.pop(index)
        if edit.verb == "change":
            left.insert(index, (order, _changed(record, edit)))
        elif edit.verb == "move":
            _put_back(left, _moved(record, edit), order)
    return left


def _index(told: Sequence[Told], edit: Edit) -> int:
    wanted = (edit.fact.source, edit.fact.id)
    names = []
    for index, (_, record) in enumerate(told):
        if record.type not in MOVING_TYPES:
            continue
        if (record.source, record.id) == wanted:
            return index
        names.append(record.name)
    some = ", ".join(names[:_NAMED_MAX]) + (", …" if len(names) > _NAMED_MAX else "")
    raise _invalid(
        f"{edit.where}{edit.verb}",
        "#".join(wanted),
        f"a fact of the case that is still there: {some or 'it has none'}",
    )


def _changed(record: AnyRecord, edit: Edit) -> AnyRecord:
    try:
        return replace(record, data=merged(record.data, edit.data))
    except EventInvalid as error:
        field = error.field.removeprefix("replacement").lstrip(".")
        where = f"{edit.where}data.{field}" if field else f"{edit.where}data"
        raise ImportInvalid(
            error.message.replace(repr(error.field), repr(where), 1), hint=_HINT, field=where
        ) from error


def _moved(record: AnyRecord, edit: Edit) -> AnyRecord:
    try:
        time = instant_from_text("time", edit.time)
    except EventInvalid as error:
        expected = "RFC 3339 with offset, 2026-11-24T09:00:00+08:00"
        raise _invalid(f"{edit.where}time", repr(edit.time), expected) from error
    recorded = record.recordedtime
    if recorded is not None:
        recorded += timedelta(microseconds=micros(time) - micros(record.time))
    return replace(record, time=time, recordedtime=recorded)


def _put_back(told: list[Told], record: AnyRecord, order: int) -> None:
    """Put a moved record where it would have been recorded, with its neighbour's place in the log.

    So what is published later than its neighbour does not govern it.
    """
    index = len(told)
    while index > 0 and _recorded_us(told[index - 1][1]) > _recorded_us(record):
        index -= 1
    if index > 0:
        order = told[index - 1][0]
    elif told:
        order = told[0][0]
    told.insert(index, (order, record))


def _recorded_us(record: AnyRecord) -> int:
    return micros(record.recordedtime or record.time)


_HINT = "Correct the change and ask again; nothing was written."


def _invalid(field: str, found: str, expected: str) -> ImportInvalid:
    message = f"field {field!r}: found {found}, expected {expected}."
    return ImportInvalid(message, hint=_HINT, field=field)
