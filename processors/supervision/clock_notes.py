"""What happened to a clock at one instant: it opened, a limit moved, passed, or was not moved.

Intervals say what time was worth; these notes say why its limits lie where they do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ledger.case import Known
from ledger.case_events import CaseAccepted, CaseExtended, CaseReceived
from ledger.fact import Limit
from ledger.legal_basis import LegalBasis
from processors.supervision.clock import CaseClock, Extension, Move
from processors.supervision.clocks.handling import is_approved, longest_extension
from processors.supervision.limits import GrantedLimit
from processors.supervision.origins import origin_of
from processors.supervision.verdict import ClockVerdict

EXTENSION_BASIS = str(LegalBasis(instrument="行政许可法", article=42, paragraph=1))
DEEMED_BASIS = str(LegalBasis(instrument="行政许可法", article=32, paragraph=1, item=4))


class Note(NamedTuple):
    """One thing that happened to a clock.

    Attributes:
        reason: what happened, a code that pages put into words.
        limit: the limit it is about; None for the clock as a whole.
        before_us, after_us: due instant of that limit without it, and with it.
        span: by how much, where it says so.
    """

    at_us: int
    reason: str
    record: Known
    basis: str
    limit: str | None = None
    before_us: int | None = None
    after_us: int | None = None
    span: Limit | None = None


def notes_of(clock: ClockVerdict, until_us: int) -> list[Note]:
    """Return what happened to a clock up to an instant, in order of time."""
    found = [
        *_opening(clock),
        *_limits(clock),
        *_extensions(clock),
        *_passed(clock, until_us),
        *_closing(clock),
    ]
    end_us = max(until_us, clock.opened_us)
    return sorted((note for note in found if note.at_us <= end_us), key=lambda note: note.at_us)


def _opening(clock: ClockVerdict) -> Iterator[Note]:
    cycle = clock.facts
    if clock.kind != "handling" or cycle is None or not isinstance(clock.opener.fact, CaseReceived):
        return
    yield Note(clock.opened_us, "deemed-accepted", clock.opener, DEEMED_BASIS)
    if cycle.acceptance is not None:
        at_us = max(cycle.acceptance.time_us, clock.opened_us)
        yield Note(at_us, "accepted-afterwards", cycle.acceptance, DEEMED_BASIS)


def _limits(clock: ClockVerdict) -> Iterator[Note]:
    """Yield what is peculiar to how a limit was granted."""
    opened_us, opener = clock.opened_us, clock.opener
    for due in clock.dues:
        limit, origin = due.limit, origin_of(clock, due.limit)
        told = (origin.basis, limit.name)
        if limit.granted is not None and (limit.granted.amount, limit.unit) == (0, "working_day"):
            same = _local_day(clock, opened_us) == _local_day(clock, due.due_us)
            reason = "same-day" if same else "next-working-day"
            yield Note(opened_us, reason, opener, *told, None, due.due_us, limit.granted)
        elif limit.declared_us is not None:
            record = clock.opener if clock.facts is None else clock.facts.acceptance or clock.opener
            yield Note(opened_us, "declared", record, *told, None, limit.declared_us)
        if origin.place == "statute":
            yield Note(opened_us, "promise-cut", opener, *told, None, due.due_us, limit.granted)
        yield from _moved_dues(clock, limit, origin.basis)


def _local_day(clock: ClockVerdict, at_us: int | None) -> object:
    return None if at_us is None else clock.law.calendar.local_day(at_us)


def _moved_dues(clock: ClockVerdict, limit: GrantedLimit, basis: str) -> Iterator[Note]:
    """Yield each declared instant that took the place of another, or came too late to."""
    for n, (at_us, due_us) in enumerate(limit.later_dues):
        before = limit._replace(later_dues=limit.later_dues[:n]).reach(clock.clock, 0)
        record = next(known for known in clock.moved_by if known.time_us == at_us)
        in_time = before.effective_us is not None and at_us <= before.effective_us
        reason = "due-moved" if in_time else "due-not-moved"
        after_us = due_us if in_time else before.due_us
        shown_us = max(at_us, clock.opened_us)
        yield Note(shown_us, reason, record, basis, limit.name, before.due_us, after_us)


def _extensions(clock: ClockVerdict) -> Iterator[Note]:
    """Yield each extension of the cycle: what it moved, or why it did not."""
    if clock.kind != "handling" or clock.facts is None:
        return
    pack = clock.law.pack
    accepted = clock.entry if isinstance(clock.entry, CaseAccepted) else None
    longest = longest_extension(pack, accepted)
    counted = [move for move in clock.clock.moves if isinstance(move, Extension)]
    taken = 0
    for known in clock.facts.extensions:
        fact, at_us = known.fact, max(known.time_us, clock.opened_us)
        assert isinstance(fact, CaseExtended)
        if pack.extensions.approval_required and not is_approved(fact):
            law = _basis(clock, "extension-without-approval")
            yield Note(at_us, "extension-without-approval", known, law, span=fact.by)
        elif pack.extensions.most is not None and taken >= pack.extensions.most:
            law = _basis(clock, "second-extension")
            yield Note(at_us, "second-extension", known, law, span=fact.by)
        else:
            move = counted[taken]
            taken += 1
            if longest is not None and move.by != fact.by:
                law = _basis(clock, "extension-too-long")
                yield Note(at_us, "extension-too-long", known, law, span=move.by)
            yield from _moved(clock, known, move)


def _moved(clock: ClockVerdict, known: Known, move: Extension) -> Iterator[Note]:
    """Yield for each limit where an extension moved it, or that it came after its end."""
    place = list(clock.clock.moves).index(move)
    moves = clock.clock.moves
    for due in clock.dues:
        before = due.limit.reach(_with(clock.clock, moves[:place]), 0)
        after = due.limit.reach(_with(clock.clock, moves[: place + 1]), 0)
        late = before.effective_us is not None and move.at_us > before.effective_us
        reason = "extension-after-expiry" if late else "extended"
        law = _basis(clock, reason)
        at_us = max(known.time_us, clock.opened_us)
        name = due.limit.name
        yield Note(at_us, reason, known, law, name, before.due_us, after.due_us, move.by)


def _with(clock: CaseClock, moves: Sequence[Move]) -> CaseClock:
    return replace(clock, moves=moves)


def _basis(clock: ClockVerdict, rule: str) -> str:
    on = clock.law.pack.rules.get(rule)
    return EXTENSION_BASIS if on is None else on.basis


def _passed(clock: ClockVerdict, until_us: int) -> Iterator[Note]:
    for due in clock.dues:
        end_us = due.effective_us
        if end_us is not None and clock.opened_us <= end_us <= until_us:
            basis = origin_of(clock, due.limit).basis
            yield Note(end_us, "limit-ends", clock.opener, basis, due.limit.name, None, due.due_us)


def _closing(clock: ClockVerdict) -> Iterator[Note]:
    if clock.closer is None or clock.closed_us is None:
        return
    basis = origin_of(clock, clock.dues[0].limit).basis
    if clock.closed_us < clock.opened_us:
        yield Note(clock.opened_us, "closed-before-opening", clock.closer, basis)
    else:
        yield Note(clock.closed_us, "closed", clock.closer, basis)
