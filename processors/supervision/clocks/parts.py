"""Parts of a joint case (联办件): each answered within its own limit (抄告相关、限时反馈)."""

from collections.abc import Iterator, Sequence

from ledger.case import Cycle, Known
from ledger.case_events import CaseCompleted, PartDispatched, PartReplied
from ledger.record import micros
from processors.supervision.clocks.reading import Now, read_clock
from processors.supervision.law import Laws
from processors.supervision.limits import by_default, declared
from processors.supervision.verdict import ClockVerdict


def part_clocks(
    part: str,
    facts: Sequence[Known],
    completions: Sequence[Known],
    handling: Sequence[ClockVerdict],
    laws: Laws,
    now: Now,
) -> Iterator[ClockVerdict]:
    """Yield the clock of each dispatch of a part until its reply.

    Args:
        facts: of the part.
        completions: of the whole.
        handling: the part's own handling clocks, whose end is an answer too.
    """
    ends = {known.order for known in completions}
    ends.update(clock.closer.order for clock in handling if clock.closer is not None)
    opener: Known | None = None
    for known in sorted([*facts, *completions]):
        fact = known.fact
        if isinstance(fact, PartDispatched):
            if opener is None:
                opener = known
        elif opener is not None and (isinstance(fact, PartReplied) or known.order in ends):
            yield from _clock(part, opener, known, laws, now)
            opener = None
    if opener is not None:
        yield from _clock(part, opener, None, laws, now)


def _clock(
    part: str, opener: Known, closer: Known | None, laws: Laws, now: Now
) -> Iterator[ClockVerdict]:
    law, fact = laws.of(opener), opener.fact
    assert isinstance(fact, PartDispatched)
    if "part-reply-limit" not in law.pack.by_rule:
        return
    if fact.due is not None:
        limits = [declared("promised", micros(fact.due), law)]
    else:
        limits = by_default("part-reply-limit", "promised", law)
    if limits:
        yield read_clock("part-reply-limit", part, opener, closer, limits, law, now, fact)


def completions_of_whole(facts: Sequence[Known], cycles: Sequence[Cycle]) -> list[Known]:
    """Return the completions of the whole that count: a repeated one changes nothing.

    Args:
        facts: of the whole, which names no part.
        cycles: of the whole; where it was never accepted, its first completion counts.
    """
    completed = [known for known in facts if isinstance(known.fact, CaseCompleted)]
    if not cycles:
        return completed[:1]
    counting = {known.order for cycle in cycles for known in (cycle.closer, cycle.completion)
                if known is not None}  # fmt: skip
    return [known for known in completed if known.order in counting]
