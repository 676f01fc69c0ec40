"""Takes a record into a state without judging it: the set half of `step`, and of a rebuild."""

from bisect import insort

from ledger.card_life import DECIDED_BY_PEOPLE, first_state, state_after
from ledger.case import Known
from ledger.events import CARD_TYPES, JUDGED_TYPES, RANK
from ledger.fact import Fact
from ledger.findings import (
    LEVEL_CODE,
    AnomalyFound,
    CardIssued,
    CardRescinded,
    CaseSettled,
    CaseUnjudged,
    DeemedAccepted,
    LimitsSet,
)
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached
from processors.supervision.findings_of import (
    anomaly_signature,
    settled_signature,
    signature_of_limits,
)
from processors.supervision.law import Law, Laws
from processors.supervision.state import HANDLING, CardOnFile, CaseState

FAR_AHEAD_US = 2**62
"""A tolerance that no instant exceeds."""


def collect(state: CaseState, record: AnyRecord, order: int, tolerance_us: int) -> None:
    """Add a record to `state` in place; one that it knows changes nothing.

    Args:
        order: its offset; for a finding that of the record that caused it.
        tolerance_us: how far a fact's time may lie after its recording before it is read as that.
    """
    data = record.data
    if record.type in JUDGED_TYPES:
        _collect_fact(state, record, order, tolerance_us)
    elif record.type in CARD_TYPES:
        _collect_act(state, record)
    elif isinstance(data, ClockReached):
        due_us = micros(data.due_at)
        seen = state.replans if data.what == "replan" else state.ticks
        if due_us not in seen:
            seen.append(due_us)
            state.now_us = max(state.now_us, micros(record.time))
    else:
        _collect_finding(state, record, order)


def adopt(state: CaseState, record: AnyRecord, order: int) -> None:
    """Let the log's copy of a finding stand for the one that was made here under its id."""
    if isinstance(record.data, CardIssued):
        card_id = record.data.card_id
        state.cards = [card for card in state.cards if card.card_id != card_id]
    collect(state, record, order, 0)


def law_for(laws: Laws, state: CaseState, record: AnyRecord, order: int) -> Law:
    """Return the law by which a case takes in a record; its first fact brings its own."""
    if state.facts or record.type not in JUDGED_TYPES:
        return laws.of_case(state.facts)
    return laws.of_case([known_fact(record, order, FAR_AHEAD_US)])


def known_fact(record: AnyRecord, order: int, tolerance_us: int) -> Known:
    """Return a fact as its case knows it; a time beyond the tolerance is read as the recording."""
    time_us = micros(record.time)
    recorded_us = time_us if record.recordedtime is None else micros(record.recordedtime)
    if time_us > recorded_us + tolerance_us:
        time_us = recorded_us
    data = record.data
    return Known(time_us, RANK[type(data)], order, recorded_us, record.source, record.id, data)


def _collect_fact(state: CaseState, record: AnyRecord, order: int, tolerance_us: int) -> None:
    if state.knows(record.source, record.id):
        return
    known = known_fact(record, order, tolerance_us)
    insort(state.facts, known)
    state.now_us = max(state.now_us, known.recorded_us)


def _collect_act(state: CaseState, record: AnyRecord) -> None:
    identity = (record.source, record.id)
    if identity in state.acts:
        return
    state.acts.append(identity)
    state.now_us = max(state.now_us, micros(record.recordedtime or record.time))
    card_id = getattr(record.data, "card_id", None)
    state.cards = [
        _after_act(card, record.data) if card.card_id == card_id and card.standing else card
        for card in state.cards
    ]


def _after_act(card: CardOnFile, act: Fact) -> CardOnFile:
    """Return a card after an act of people; an illegal one has no effect."""
    life = state_after(card.life, act, is_warning=card.rank == 0)
    if life is None:
        return card
    return card._replace(life=life, by_people=card.by_people or life in DECIDED_BY_PEOPLE)


def _collect_finding(state: CaseState, record: AnyRecord, order: int) -> None:
    match record.data:
        case LimitsSet() as data:
            _collect_limits(state, data)
        case DeemedAccepted() as data:
            _collect_deemed(state, data)
        case CaseSettled() as data:
            state.settled[data.part, data.cycle] = settled_signature(data)
        case AnomalyFound() as data:
            name = anomaly_signature(data)
            if name not in state.anomalies:
                state.anomalies.append(name)
        case CardIssued() as data:
            _collect_card(state, data)
        case CardRescinded() as data:
            state.cards = [
                card._replace(standing=False) if card.card_id == data.card_id else card
                for card in state.cards
            ]
        case CaseUnjudged():
            state.suspended_from = order if state.suspended_from is None else state.suspended_from
        case _:
            pass


def _collect_limits(state: CaseState, data: LimitsSet) -> None:
    key = (data.part, data.clock, data.cycle)
    if data.withdrawn:
        state.limits.pop(key, None)
    else:
        state.limits[key] = signature_of_limits(data)
    if data.clock == HANDLING:
        state.settled.pop((data.part, data.cycle), None)


def _collect_deemed(state: CaseState, data: DeemedAccepted) -> None:
    if data.cycle is None:
        return
    key = (data.part, data.cycle)
    state.deemed = [each for each in state.deemed if each != key]
    if not data.withdrawn:
        state.deemed.append(key)


def _collect_card(state: CaseState, data: CardIssued) -> None:
    if any(card.card_id == data.card_id for card in state.cards):
        return
    rank = LEVEL_CODE[data.level] - 1
    key = (data.part, data.rule, data.clock, data.cycle, rank)
    occurrence = sum(1 for card in state.cards if card[:5] == key)
    state.cards.append(
        CardOnFile(
            *key,
            data.card_id,
            micros(data.effective_at),
            micros(data.detected_at),
            occurrence,
            first_state(data.mode),
        )
    )
