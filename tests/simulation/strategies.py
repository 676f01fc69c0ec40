"""Hypothesis strategies: histories of cases as real feeds give them, and clocks with their moves.

A history is a log: facts of up to three cases in the order the ledger learned them, late by seconds
or weeks, with orphans, amendments (also of amendments, also ahead of their target), human acts on
cards and, rarely, a limit that cannot be judged. Instants lie on a coarse grid, so that facts meet
each other and the thresholds to the microsecond. Different cases use the same ids, as sources do.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from ledger import wire
from ledger.findings import CardIssued
from ledger.identifiers import finding_id
from ledger.record import AnyRecord, instant
from processors.supervision.clock import Extension, Move, StopSpan
from tests.golden.language import HOUR_US, SECOND_US, SHANGHAI, SOURCE, at, limit

GRID_US = HOUR_US // 2
START_US = at("2018-09-27 08:30:00")
SLOTS = 24 * 2 * 18
PACKS = ("hunan", "chengdu", "statutory", "receipt")
LIMITS = (
    *("3 working_day", "4 working_day", "6 working_day", "1 working_day", "0 working_day"),
    *("7 working_hour", "24 working_hour", "5 natural_day", "2 natural_day", "90 hour"),
    "90 minute",
)
LEVELS = ("warning", "yellow", "red")


class Drawn(NamedTuple):
    """One thing that happened, before it has an id: what, to whom, when, and when it was told."""

    subject: int
    what: str
    slot: int
    delay_us: int
    target: int
    data: dict[str, Any]


def _limit_json(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    granted = limit(text)
    return {"amount": granted.amount, "unit": granted.unit}


def _text(us: int) -> str:
    return instant(us, SHANGHAI).isoformat()


slots = st.integers(0, SLOTS - 1)
spans = st.sampled_from(LIMITS)
late = st.integers(0, SLOTS).map(lambda slot: slot * GRID_US)
small = st.sampled_from([SECOND_US, 5 * SECOND_US, 5 * SECOND_US + 1, -60 * SECOND_US])
delays = st.one_of(st.just(0), late, st.just(0), late, small, st.sampled_from([0, 0, -HOUR_US]))
parts = st.sampled_from([None, None, None, None, "fire"])


@st.composite
def acceptances(draw: st.DrawFn) -> dict[str, Any]:
    data: dict[str, Any] = {"matter": "M-1", "department": "D-1", "part": draw(parts)}
    promise = draw(st.sampled_from(["limit", "due", "none"]))
    if promise == "limit":
        data["promised_limit"] = _limit_json(draw(spans))
    elif promise == "due":
        data["promised_due"] = _text(START_US + draw(slots) * GRID_US)
    data["statutory_limit"] = _limit_json(draw(st.one_of(spans, st.none())))
    if draw(st.integers(0, 40)) == 40:
        data["statutory_limit"] = {"amount": 100_000, "unit": "working_day"}
    return data


@st.composite
def amendments(draw: st.DrawFn) -> dict[str, Any]:
    """A void, or a replacement of the instant or of the limit that the target may have."""
    change = draw(st.sampled_from(["void", "time", "limit"]))
    if change == "void":
        return {"reason": "wrong", "void": True}
    if change == "time":
        replacement: dict[str, Any] = {"time": _text(START_US + draw(slots) * GRID_US)}
    else:
        replacement = {"limit": _limit_json(draw(spans))}
    return {"reason": "wrong", "replacement": replacement}


def _stop(applied: str | None, part: str | None) -> dict[str, Any]:
    return {"procedure": "hearing", "applied": _limit_json(applied), "part": part}


_DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "accepted": acceptances(),
    "completed": parts.map(lambda part: {"outcome": "granted", "part": part}),
    "decided": parts.map(lambda part: {"outcome": "granted", "part": part}),
    "clock-stopped": st.builds(_stop, st.one_of(spans, st.none()), parts),
    "clock-resumed": parts.map(lambda part: {"part": part}),
    "extended": spans.map(lambda text: {"by": _limit_json(text)}),
    "stage-started": st.just({"stage": "review", "clerk_ref": "K-1"}),
    "urged": st.just({"actor_ref": "A-1"}),
    "received": parts.map(lambda part: {"matter": "M-1", "part": part}),
    "transferred": st.just({"to_clerk": "K-2"}),
    "delivered": st.just({}),
    "rated": st.just({"score": 1}),
    "part-dispatched": st.just({"part": "fire", "department": "D-2"}),
    "amended": amendments(),
    "released": st.just({"actor_ref": "A-1"}),
    "revoked": st.sampled_from(LEVELS).map(lambda level: {"level": level}),
}
_LIMIT_OF = {"accepted": "promised_limit", "clock-stopped": "applied", "extended": "by"}
_KINDS = (
    *("completed",) * 5,
    *("clock-stopped",) * 4,
    *("amended",) * 4,
    *("accepted", "clock-resumed", "revoked") * 2,
    *("extended", "decided", "stage-started", "urged", "released"),
    *("received", "transferred", "delivered", "rated", "part-dispatched"),
)


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    what = draw(st.sampled_from(_KINDS))
    return Drawn(
        subject=draw(st.sampled_from([0, 0, 0, 0, 1, 2])),
        what=what,
        slot=draw(slots),
        delay_us=draw(delays),
        target=draw(st.integers(0, 11)),
        data=draw(_DATA[what]),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[AnyRecord]:
    """Facts and human acts in log order; most cases are accepted, some never."""
    things = draw(st.lists(drawn(), min_size=1, max_size=10))
    for subject in {thing.subject for thing in things}:
        if draw(st.integers(0, 9)) < 9:
            slot = draw(st.integers(0, SLOTS // 3))
            opening = Drawn(subject, "accepted", slot, draw(delays), 0, draw(acceptances()))
            things.insert(0, opening)
    return _records(things)


def _records(things: Sequence[Drawn]) -> list[AnyRecord]:
    """Give ids within each case, then lay the facts down as they were recorded."""
    laid = []
    for index, thing in enumerate(things):
        acted = SLOTS // 2 if thing.what == "revoked" else 0
        happened_us = START_US + (thing.slot + acted) * GRID_US
        of_case = [n for n, each in enumerate(things) if each.subject == thing.subject]
        target = of_case[thing.target % len(of_case)]
        event = {
            "specversion": "1.0",
            "type": f"hall.case.{thing.what}.v1",
            "source": SOURCE,
            "id": str(of_case.index(index)),
            "subject": f"C-{thing.subject}",
            "time": _text(happened_us),
            "data": {name: value for name, value in thing.data.items() if value is not None},
        }
        if thing.what == "amended":
            event["data"] = _amendment(thing, things[target], str(of_case.index(target)))
        elif thing.what == "revoked":
            event.update(_revocation(things, of_case, thing))
        laid.append((happened_us + thing.delay_us, index, event))
    laid.sort(key=lambda each: each[:2])
    return [_stamped(event, recorded_us) for recorded_us, _, event in laid]


def _amendment(thing: Drawn, target: Drawn, target_id: str) -> dict[str, Any]:
    data = {**thing.data, "amends": {"source": SOURCE, "id": target_id}}
    if "limit" in data.get("replacement", {}):
        name = _LIMIT_OF.get(target.what, "no_such_field")
        data["replacement"] = {name: data["replacement"]["limit"]}
    if target.what == "amended" and "replacement" in data:
        data["replacement"] = {"replacement": {"matter": "M-2"}}
    return data


def _revocation(things: Sequence[Drawn], of_case: list[int], thing: Drawn) -> dict[str, Any]:
    """People revoke a card that may have been issued: the first of its level and its cycle."""
    openers = [n for n in of_case if things[n].what == "accepted"] or of_case
    opener = openers[thing.target % len(openers)]
    cycle = f"{SOURCE}#{of_case.index(opener)}"
    card_id = finding_id(
        CardIssued.TYPE, f"C-{thing.subject}", things[opener].data.get("part"),
        "handling-limit", "handling", cycle, thing.data["level"], 0,
    )  # fmt: skip
    data = {"card_id": card_id, "actor_ref": "P-1", "decision": "revoked"}
    return {"type": "hall.card.appeal-decided.v1", "data": data}


def _stamped(event: dict[str, Any], recorded_us: int) -> AnyRecord:
    _, raw = wire.accept(event)
    return wire.decode(wire.stamp(raw, recorded_us))


# --- clocks ------------------------------------------------------------------------------------


@st.composite
def moves(draw: st.DrawFn) -> list[Move]:
    """Stops, open or ended, and extensions, in order of their start."""
    found: list[Move] = []
    for _ in range(draw(st.integers(1, 4))):
        start_us = START_US + draw(slots) * GRID_US
        if draw(st.integers(0, 4)) == 0:
            found.append(Extension(start_us, limit(draw(spans))))
            continue
        length = draw(st.one_of(st.none(), st.integers(0, 200)))
        end_us = None if length is None else start_us + length * GRID_US
        found.append(StopSpan(start_us, end_us, draw(st.one_of(st.none(), st.integers(0, 5)))))
    return sorted(found, key=lambda move: move[0])


@st.composite
def lengthened(draw: st.DrawFn) -> tuple[list[Move], list[Move]]:
    """Moves, and the same with one more stop or one stop longer."""
    before = draw(moves())
    index = draw(st.integers(0, len(before) - 1))
    move, after = before[index], before.copy()
    if isinstance(move, StopSpan) and move.end_us is not None and draw(st.booleans()):
        end_us = move.end_us + draw(st.integers(1, 100)) * GRID_US
        after[index] = move._replace(end_us=end_us)
    else:
        start_us = START_US + draw(slots) * GRID_US
        after.append(StopSpan(start_us, start_us + draw(st.integers(1, 100)) * GRID_US))
    return before, sorted(after, key=lambda each: each[0])
