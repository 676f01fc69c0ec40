"""Which rows of `unit_facts` a record gives: one for an acceptance, a completion or a card.

It stands apart from the judgement because it runs with every record, live and in a rebuild, and
must give the same rows in both: it looks at the record and its case as known up to it, at no clock
and at nothing outside the partition.
"""

from collections.abc import Iterator, Sequence

from ledger.card_life import WAITING
from ledger.case import Known
from ledger.case_events import CaseAccepted, CaseCompleted
from ledger.events import CARD_TYPES
from ledger.findings import AnomalyFound, CardIssued, CardIssuedByHand, CardRescinded
from ledger.log import Position
from ledger.record import AnyRecord, micros
from processors.supervision.collect import collect
from processors.supervision.policy import lives_on_import_time
from processors.supervision.state import CardOnFile, CaseState
from processors.supervision.unit_rules.unit_rule import (
    ACCEPTED,
    CARD_CONFIRMED,
    CARD_ENDED,
    COMPLETED,
    NAMED,
    UnitFact,
    card_kind,
)

UNIT = "unit:"
"""Prefix of the subjects of units."""
UNIT_GRACE_US = 60_000_000
"""From a period's close to its tick: what was recorded before the close has then been judged."""
_CODE_MAX = 200
_OF_CASE = frozenset({CaseAccepted.TYPE, CaseCompleted.TYPE}) | CARD_TYPES
_OF_FINDING = frozenset({CardIssued.TYPE, CardRescinded.TYPE, AnomalyFound.TYPE})
ROW_TYPES = _OF_CASE | _OF_FINDING
"""Types of records that may give a row."""


def unit_facts_of(
    record: AnyRecord, place: Position, before: CaseState | None, after: CaseState | None
) -> Iterator[UnitFact]:
    """Yield the rows of a record: none or one; an acceptance that comes after completions more.

    Args:
        record: of a type in `ROW_TYPES`, not a repeat.
        place: where it lies.
        before, after: its case without and with it; of a finding they are not looked at.
    """
    if lives_on_import_time(record.timeline):
        return
    match record.data:
        case CaseAccepted() as data:
            assert after is not None
            yield from _row(ACCEPTED, data.department, record, place, about=data.matter)
            yield from _completed_before(record, place, after.facts)
        case CaseCompleted() as data:
            assert after is not None
            department = _department(after.facts, data.part, place.offset)
            yield from _row(COMPLETED, department, record, place)
        case CardIssued() | CardIssuedByHand() as data:
            kind = card_kind(data.level, waiting=data.mode == "confirm")
            at_us = micros(record.time)
            unit = data.responsible.department
            yield from _row(kind, unit, record, place, at_us=at_us, about=data.card_id)
        case CardRescinded() as data:
            yield from _row(CARD_ENDED, data.card_id, record, place)
        case AnomalyFound() as data:
            if record.subject.startswith(UNIT):
                unit = record.subject.removeprefix(UNIT)
                at_us = micros(record.time) - UNIT_GRACE_US - 2
                yield from _row(NAMED, unit, record, place, at_us=at_us, about=data.rule)
        case _:
            assert after is not None
            yield from _act(record, place, [] if before is None else before.cards, after.cards)


class UnitFold:
    """Gives the rows of records read again from the log, in log order, of any number of cases.

    It keeps of each case what rows depend on: acceptances, completions, cards and acts.
    """

    def __init__(self, tolerance_us: int) -> None:
        """Begin before the first record; see `collect` for `tolerance_us`."""
        self._tolerance_us = tolerance_us
        self._cases: dict[str, CaseState] = {}

    def take(self, record: AnyRecord, place: Position) -> list[UnitFact]:
        """Return the rows of the next record; none for a repeat."""
        if record.type not in ROW_TYPES:
            return []
        known = self._cases.get(record.subject) or CaseState(record.subject, record.timeline)
        if record.type in _OF_CASE and known.knows(record.source, record.id):
            return []
        before = known.copy() if record.type in CARD_TYPES else None
        if not record.subject.startswith(UNIT):
            collect(known, record, place.offset, self._tolerance_us)
            self._cases[record.subject] = known
        return list(unit_facts_of(record, place, before, known))


def _row(
    kind: str,
    unit: str | None,
    record: AnyRecord,
    place: Position,
    *,
    at_us: int | None = None,
    about: str = "",
) -> Iterator[UnitFact]:
    """Yield the row, unless the record names no unit that can be a subject."""
    if not unit or len(unit) > _CODE_MAX or not unit.isprintable():
        return
    yield UnitFact(
        kind,
        unit,
        micros(record.recordedtime or record.time) if at_us is None else at_us,
        place.partition,
        place.offset,
        micros(record.time),
        record.subject,
        record.source,
        record.id,
        about.replace("\0", ""),  # no SQL database keeps it faithfully
    )


def _department(facts: Sequence[Known], part: str | None, before: int) -> str | None:
    """Return whose case it is by the acceptances that lie before an offset.

    The last of the same part says it; failing one, all of the case if they agree.
    """
    accepted = [
        (known.order, known.fact)
        for known in facts
        if isinstance(known.fact, CaseAccepted) and known.order < before
    ]
    if not accepted:
        return None
    of_part = [each for each in accepted if each[1].part == part]
    if of_part:
        return max(of_part, key=lambda each: each[0])[1].department
    departments = {fact.department for _, fact in accepted}
    return departments.pop() if len(departments) == 1 else None


def _completed_before(
    acceptance: AnyRecord, place: Position, facts: Sequence[Known]
) -> Iterator[UnitFact]:
    """Yield completions that were recorded when nobody knew whose they were.

    Each becomes known with the acceptance, so it belongs to that record's period.
    """
    for known in facts:
        completion = known.fact
        if not isinstance(completion, CaseCompleted) or known.order >= place.offset:
            continue
        if _department(facts, completion.part, place.offset) is None:
            department = _department(facts, completion.part, place.offset + 1)
            for row in _row(COMPLETED, department, acceptance, place):
                yield row._replace(happened_us=known.time_us, source=known.source, id=known.id)


def _act(
    record: AnyRecord, place: Position, before: Sequence[CardOnFile], after: Sequence[CardOnFile]
) -> Iterator[UnitFact]:
    """Yield that a card was confirmed, or was revoked or downgraded, by a legal act of people."""
    card_id = getattr(record.data, "card_id", "")
    earlier = next((card for card in before if card.card_id == card_id), None)
    later = next((card for card in after if card.card_id == card_id), None)
    if earlier is None or later is None:
        return
    if later.by_people and not earlier.by_people:
        yield from _row(CARD_ENDED, card_id, record, place)
    elif earlier.life == WAITING and later.life != WAITING:
        yield from _row(CARD_CONFIRMED, card_id, record, place)
