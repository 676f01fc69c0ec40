"""牌的累计: so many yellow cards of one unit within a calendar year count as a red one.

It is judged at the close of each period over the year so far. Each full number of standing cards is
named once in a year: what was named stays named, though a card is taken back later.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

from ledger.findings import LEVELS, Level
from ledger.work_calendar import WorkCalendar
from processors.supervision.pack_reader import PackReader
from processors.supervision.unit_rules.periods import Period, period_holding
from processors.supervision.unit_rules.unit_rule import (
    CARD_CONFIRMED,
    CARD_ENDED,
    NAMED,
    Found,
    Span,
    UnitFact,
    UnitPeriod,
    UnitRule,
    card_kind,
)

_EVER_US = 2**62


class _Parameters(NamedTuple):
    cards: int
    level: Level


def _read(entry: PackReader) -> _Parameters:
    return _Parameters(entry.whole("cards", 2), cast(Level, entry.choice("level", LEVELS)))


def _cards(period: Period, parameters: _Parameters, calendar: WorkCalendar) -> tuple[Span, ...]:
    return tuple(
        _year_to_date(card_kind(parameters.level, waiting=waiting), period, calendar)
        for waiting in (False, True)
    )


def _year_to_date(kind: str, period: Period, calendar: WorkCalendar) -> Span:
    year = period_holding("year", period.close_us - 1, calendar)
    return Span(kind, year.start_us, period.close_us)


def _judge(unit: UnitPeriod, parameters: _Parameters) -> Found | None:
    known = [_once(unit.rows(span)) for span in _cards(unit.period, parameters, unit.calendar)]
    named = _year_to_date(NAMED, unit.period, unit.calendar)
    before = sum(row.about == RULE.name for row in _once(unit.rows(named)))
    enough = (before + 1) * parameters.cards
    if len(known[0]) + len(known[1]) < enough:
        return None
    confirmed = (row for row in known[1] if _told(unit, CARD_CONFIRMED, row))
    standing = [row for row in (*known[0], *confirmed) if not _told(unit, CARD_ENDED, row)]
    if len(standing) < enough:
        return None
    standing.sort(key=lambda row: row.order)
    return Found(
        f"level={parameters.level} cards={len(standing)} group={before + 1}",
        standing[before * parameters.cards : enough],
    )


def _once(rows: Sequence[UnitFact]) -> list[UnitFact]:
    """Return each record once: a log may hold a repeat."""
    return list({(row.subject, row.source, row.id): row for row in reversed(rows)}.values())[::-1]


def _told(unit: UnitPeriod, kind: str, card: UnitFact) -> bool:
    """Whether something is known of a card by its id, whenever it was."""
    return bool(unit.rows(Span(kind, 0, _EVER_US, most=1, unit=card.about)))


RULE = UnitRule(
    name="card-accumulation",
    meaning="牌的累计：同一单位年内累计若干次黄牌按一次红牌处理",
    meaning_en="so many standing yellow cards of one unit within a year count as a red one",
    judge=_judge,
    wakes=_cards,
    read=_read,
    parameters=(
        ("cards", "standing cards of a calendar year that count as one of the next level"),
        ("level", "their level"),
    ),
)
