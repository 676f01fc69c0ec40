"""A case's state as bytes for SQL: one JSON line of bookkeeping, then one JSON line a fact.

Facts go through `ledger.wire` like everything else, so that a state holds the core's own types. The
form is internal: a state of another form is thrown away and read again from the log. What is known
of the facts goes by column, because a state is written with every batch that touches its case, and
seven lists cost half of what seven values a fact do.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from ledger.case import Known
from ledger.wire import fact_from_bytes, fact_to_bytes, parse_json, to_bytes
from processors.supervision.state import CardOnFile, CaseState

FORM = 5
"""Raised with every change of the form; a row of another form is not read."""

FACTS_KEPT = 20_000
"""Facts that say the same are one value: half of a hall's lines are known before they are read."""

_NO_FACTS: tuple[tuple[Any, ...], ...] = ((),) * len(Known._fields)


class Stored(NamedTuple):
    """A state and the bytes it was read from."""

    state: CaseState
    blob: bytes


def encode_state(state: CaseState, before: Stored | None = None) -> bytes:
    """Return a state as bytes; absent facts are the empty list.

    Args:
        before: an earlier state of the case: the lines of its facts are taken over as they are.
    """
    written = {} if before is None else _lines_of(before)
    *columns, facts = zip(*state.facts, strict=True) if state.facts else _NO_FACTS
    head = [
        state.subject,
        state.timeline,
        state.now_us,
        state.ticks,
        state.replans,
        state.acts,
        state.cards,
        list(state.limits.items()),
        list(state.settled.items()),
        state.deemed,
        state.anomalies,
        state.suspended_from,
        state.next_tick_us,
        columns,
        [fact.TYPE for fact in facts],
    ]
    lines = [written.get(id(fact)) or fact_to_bytes(fact) for fact in facts]
    return b"\n".join([to_bytes(head), *lines])


def decode_state(blob: bytes) -> CaseState:
    """Return the state that `encode_state` gave the bytes of."""
    first, *lines = blob.split(b"\n")
    head: list[Any] = parse_json(first)
    (subject, timeline, now_us, ticks, replans, acts, cards, limits, settled, deemed, anomalies,
     suspended_from, next_tick_us, columns, types) = head  # fmt: skip
    assert len(types) == len(lines)
    facts = map(_fact_of, types, lines)
    return CaseState(
        subject=subject,
        timeline=timeline,
        facts=list(map(Known, *columns, facts)),
        now_us=now_us,
        ticks=ticks,
        replans=replans,
        acts=[(source, id_) for source, id_ in acts],
        cards=[CardOnFile._make(card) for card in cards],
        limits={(part, kind, cycle): value for (part, kind, cycle), value in limits},
        settled={(part, cycle): value for (part, cycle), value in settled},
        deemed=[(part, cycle) for part, cycle in deemed],
        anomalies=anomalies,
        suspended_from=suspended_from,
        next_tick_us=next_tick_us,
    )


_fact_of = lru_cache(FACTS_KEPT)(fact_from_bytes)


def _lines_of(stored: Stored) -> dict[int, bytes]:
    """Return the line of each fact by the fact's own place in memory; `stored` keeps it there."""
    lines = stored.blob.split(b"\n")[1:]
    facts = [known.fact for known in stored.state.facts]
    return dict(zip(map(id, facts), lines, strict=True))
