"""The warning board: every card with its state, every case with its limits, cards counted by day.

One projection owns the four tables because they change together: a card that is issued or taken
back changes how its case stands.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, cast

from ledger.card_events import CardConfirmed
from ledger.card_life import REVOKED, WAITING, first_state
from ledger.events import CARD_TYPES
from ledger.findings import (
    LEVEL_CODE,
    CardIssued,
    CardIssuedByHand,
    CardRescinded,
    LimitState,
    Snapshot,
)
from ledger.record import micros
from projections import card_life
from projections.board_tables import CARD_DAYS, CARDS, CASE_LIMITS, CASES
from projections.case_status import CaseStatus
from projections.projection import LocalDays, Seen, us_or_none
from projections.rows import Row, Rows

_CARD_TYPES = CARD_TYPES | {CardIssued.TYPE, CardRescinded.TYPE}
_LEVEL_BY_CODE = {code: level for level, code in LEVEL_CODE.items()}
_family_of = itemgetter("part", "rule", "clock", "cycle")


class WarningBoard:
    """Cards, cases, their limits, and card counts."""

    name = "warning_board"
    version = 3
    shapes = (CASES, CASE_LIMITS, CARDS, CARD_DAYS)
    wants = CaseStatus.wants | _CARD_TYPES

    def __init__(self, days: LocalDays) -> None:
        """Take the days of the hall's zone, by which cards are counted."""
        self._days = days
        self._status = CaseStatus()

    def ask(self, rows: Rows, seen: Seen) -> None:
        """Ask for the case; for its clocks or its cards as the record needs them."""
        tables, subject = rows.tables, seen.subject
        tables["cases"].wanted.add(subject)
        if seen.type in _CARD_TYPES:
            tables["cards"].wanted.add(subject)
        else:
            tables["case_limits"].wanted.add(subject)

    def apply(self, rows: Rows, seen: Seen) -> None:
        """Fold one record into the board."""
        if seen.type not in _CARD_TYPES:
            self._status.apply(rows, seen)
            return
        match seen.fact:
            case CardIssued() | CardIssuedByHand() as fact:
                changed = self._issue(rows, fact, seen)
            case CardRescinded() as fact:
                changed = self._rescind(rows, fact, seen)
            case fact:
                changed = self._act(rows, cast(Any, fact), seen)
        if changed:
            _restate(rows, seen)

    def _issue(self, rows: Rows, fact: CardIssued | CardIssuedByHand, seen: Seen) -> bool:
        cards = rows.tables["cards"]
        if cards.get(seen.subject, fact.card_id) is not None:
            return False  # a card is issued once; another record under its id changes nothing
        card = _new_card(rows, fact, seen)
        cards.put(card, seen.subject, fact.card_id)
        if card["standing"]:
            self._count(rows, card, "issued", card["time_us"])
        return True

    def _rescind(self, rows: Rows, fact: CardRescinded, seen: Seen) -> bool:
        card = rows.tables["cards"].get(seen.subject, fact.card_id)
        if card is None:
            return False
        stood = card["standing"] > 0
        if not card_life.rescind(card, fact.reason, seen.time_us):
            return False
        if stood:
            self._count(rows, card, "rescinded", seen.time_us)
        return self._changed(rows, card, seen)

    def _act(self, rows: Rows, fact: Any, seen: Seen) -> bool:
        card = rows.tables["cards"].get(seen.subject, fact.card_id)
        if card is None or not card_life.act(card, fact, seen.time_us):
            return False
        if isinstance(fact, CardConfirmed):
            self._count(rows, card, "issued", card["time_us"])
        elif card["state"] == REVOKED:
            self._count(rows, card, "revoked", seen.time_us)
        return self._changed(rows, card, seen)

    @staticmethod
    def _changed(rows: Rows, card: Row, seen: Seen) -> bool:
        card["changed_offset"] = seen.position.offset
        rows.tables["cards"].put(card, card["subject"], card["card_id"])
        return True

    def _count(self, rows: Rows, card: Row, what: str, us: int) -> None:
        key = (
            card["partition"],
            card["hall"] or "",
            card["department"] or "",
            self._days.of(us),
        )
        rows.counters["card_days"].add(key, f"{card['level']}_{what}")


def _restate(rows: Rows, seen: Seen) -> None:
    """Let the cards of a subject say which of them is highest, and its case what stands."""
    cards = rows.tables["cards"].of(seen.subject)
    for key, card in cards.items():
        family = _family_of(card)
        above = any(
            other["standing"] > card["standing"] and _family_of(other) == family
            for other in cards.values()
        )
        highest = int(card["standing"] > 0 and not above)
        if highest != card["is_highest"]:
            card["is_highest"] = highest
            card["changed_offset"] = seen.position.offset
            rows.tables["cards"].put(card, *key)
    case = rows.tables["cases"].get(seen.subject)
    if case is None:
        return
    standing = [card["standing"] for card in cards.values()]
    for code, level in _LEVEL_BY_CODE.items():
        case[f"{level}_standing"] = standing.count(code)
    case["level"] = max(standing)
    case["changed_us"] = seen.recorded_us
    rows.tables["cases"].put(case, seen.subject)


def _new_card(rows: Rows, fact: CardIssued | CardIssuedByHand, seen: Seen) -> Row:
    code = LEVEL_CODE[fact.level]
    state = first_state(fact.mode)
    case = rows.tables["cases"].get(seen.subject) or {}
    return CARDS.blank(
        subject=seen.subject,
        card_id=fact.card_id,
        partition=seen.position.partition,
        log_offset=seen.position.offset,
        changed_offset=seen.position.offset,
        level=fact.level,
        level_code=code,
        standing=0 if state == WAITING else code,
        state=state,
        live=1,
        rule=fact.rule,
        clock=fact.clock,
        cycle=fact.cycle,
        part=fact.part,
        effective_us=micros(fact.effective_at),
        detected_us=micros(fact.detected_at),
        time_us=seen.time_us,
        recorded_us=seen.recorded_us,
        hall=fact.hall or case.get("hall"),
        department=fact.responsible.department or case.get("department"),
        matter=fact.matter or case.get("matter"),
        clerk_ref=fact.responsible.clerk_ref,
        stage=fact.responsible.stage,
        **_snapshot(fact.snapshot),
        basis=fact.basis,
        pack=fact.pack,
        pack_version=fact.pack_version,
        calendar_version=fact.calendar_version,
        mode=fact.mode,
        by_hand=int(isinstance(fact, CardIssuedByHand)),
        timeline=seen.record.timeline,
    )


def _snapshot(snapshot: Snapshot | None) -> dict[str, Any]:
    """Return the clock at the issue, under the names of the card's columns."""
    if snapshot is None:
        return {}
    columns: dict[str, Any] = {
        "used_us": snapshot.used_us,
        "stopped_us": snapshot.stopped_us,
        "overdue_us": snapshot.overdue_us,
    }
    return columns | _limits(snapshot.limits)


def _limits(limits: Iterable[LimitState]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for state in limits:
        columns[f"{state.limit}_due_us"] = us_or_none(state.due_at)
        if state.granted is not None:
            columns[f"{state.limit}_amount"] = state.granted.amount
            columns[f"{state.limit}_unit"] = state.granted.unit
    return columns
