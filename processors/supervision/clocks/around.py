"""Clocks of consultations (咨询) and complaints (投诉), which are subjects of their own."""

from collections.abc import Iterator, Sequence

from ledger.case import Known
from ledger.fact import Fact
from ledger.hall_events import (
    ComplaintAccepted,
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintExtended,
    ComplaintFiled,
    ComplaintRefused,
    ConsultationAnswered,
    ConsultationAsked,
)
from ledger.record import micros
from processors.supervision.clocks.reading import Now, read_clock
from processors.supervision.law import Laws
from processors.supervision.limits import by_default, declared
from processors.supervision.verdict import ClockVerdict


def clocks_around(facts: Sequence[Known], laws: Laws, now: Now) -> Iterator[ClockVerdict]:
    """Yield the clock of a consultation or of a complaint."""
    asked = _first(facts, ConsultationAsked)
    if asked is not None:
        answered = _first(facts, ConsultationAnswered, after=asked)
        yield from _clock("consultation-limit", asked, answered, asked, (), laws, now)
    accepted = _first(facts, ComplaintAccepted)
    if accepted is not None:
        filed = _first(facts, ComplaintFiled)
        closer = _first(facts, ComplaintAnswered, ComplaintClosed, ComplaintRefused, after=accepted)
        extended = [
            known
            for known in facts
            if isinstance(known.fact, ComplaintExtended)
            and known.fact.due is not None
            and (closer is None or known < closer)
        ]
        told = accepted if getattr(accepted.fact, "due", None) is not None else filed or accepted
        yield from _clock("complaint-limit", accepted, closer, told, extended, laws, now)


def _clock(
    rule: str,
    opener: Known,
    closer: Known | None,
    told: Known,
    extended: Sequence[Known],
    laws: Laws,
    now: Now,
) -> Iterator[ClockVerdict]:
    law = laws.of(opener)
    if rule not in law.pack.by_rule:
        return
    due = getattr(told.fact, "due", None)
    limits = by_default(rule, "promised", law)
    if due is not None:
        limits = [declared("promised", micros(due), law)]
    later = tuple((k.time_us, micros(k.fact.due)) for k in extended)  # type: ignore[attr-defined]
    limits = [
        limit._replace(later_dues=later, unit=law.pack.declared_unit) if later else limit
        for limit in limits
    ]
    if not limits:
        return
    entry = opener.fact if getattr(opener.fact, "department", None) else told.fact
    yield read_clock(rule, None, opener, closer, limits, law, now, entry, moved_by=tuple(extended))


def _first(facts: Sequence[Known], *kinds: type[Fact], after: Known | None = None) -> Known | None:
    for known in facts:
        if isinstance(known.fact, kinds) and (after is None or known > after):
            return known
    return None
