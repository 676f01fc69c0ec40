"""Clocks that a receipt opens: pre-review, correction notice, and what follows if it lapses."""

from collections.abc import Callable, Iterator, Sequence

from ledger.case import Known
from ledger.case_events import (
    AcceptanceRefused,
    CaseAccepted,
    CaseCompleted,
    CasePreReviewed,
    CaseReceived,
    CorrectionRequested,
)
from ledger.fact import Fact
from ledger.findings import LimitName
from processors.supervision.clocks.reading import Now, read_clock
from processors.supervision.law import Law, Laws
from processors.supervision.limits import by_default
from processors.supervision.verdict import ClockVerdict

_ANSWERS = (CaseAccepted, AcceptanceRefused, CaseCompleted)


def receipt_clocks(
    part: str | None, facts: Sequence[Known], laws: Laws, now: Now
) -> Iterator[ClockVerdict]:
    """Yield the pre-review (网上预受理) and correction-notice (补正告知) clocks of a share."""
    before = _before_acceptance(facts)
    if not before:
        return
    for rule, limit, opens, answers in _KINDS:
        for opener, law, closer in _spans(rule, before, laws, opens, answers):
            limits = by_default(rule, limit, law)
            if limits:
                yield read_clock(rule, part, opener, closer, limits, law, now, opener.fact)


def lapsed_receipt(clocks: Sequence[ClockVerdict], now: Now) -> Known | None:
    """Return the receipt at which a case counts as accepted, its notice having lapsed.

    Source: 行政许可法 art. 32 (逾期不告知的，自收到申请材料之日起即为受理).
    """
    for clock in clocks:
        if clock.kind != "correction-notice" or not clock.law.pack.deemed_acceptance:
            continue
        effective_us = clock.dues[0].effective_us
        shown_us = now.now_us - now.grace_us if clock.closed_us is None else clock.closed_us
        if effective_us is not None and shown_us > effective_us:
            return clock.opener
    return None


def _before_acceptance(facts: Sequence[Known]) -> list[Known]:
    """Return the facts up to the first acceptance, from the first receipt on; often none.

    No receipt after an acceptance opens a clock.
    """
    found: list[Known] = []
    for known in facts:
        kind = type(known.fact)
        if found or kind is CaseReceived:
            found.append(known)
        if kind is CaseAccepted:
            break
    return found


def _spans(
    rule: str,
    facts: Sequence[Known],
    laws: Laws,
    opens: Callable[[Fact, Law], bool],
    answers: Callable[[Fact], bool],
) -> Iterator[tuple[Known, Law, Known | None]]:
    """Yield (opener, law, closer) of each clock of a rule."""
    opener: Known | None = None
    law: Law | None = None
    for known in facts:
        fact = known.fact
        if opener is not None and law is not None:
            if answers(fact):
                yield opener, law, known
                opener = None
        elif isinstance(fact, CaseReceived):
            law = laws.of(known)
            if rule in law.pack.by_rule and opens(fact, law):
                opener = known
    if opener is not None and law is not None:
        yield opener, law, None


def _is_online(fact: Fact, law: Law) -> bool:
    return isinstance(fact, CaseReceived) and fact.channel in law.pack.online_channels


def _is_receipt(fact: Fact, _law: Law) -> bool:
    return isinstance(fact, CaseReceived)


def _is_pre_review(fact: Fact) -> bool:
    return isinstance(fact, (CasePreReviewed, *_ANSWERS))


def _is_notice(fact: Fact) -> bool:
    if isinstance(fact, CasePreReviewed):
        return fact.result != "passed"
    return isinstance(fact, (CorrectionRequested, *_ANSWERS))


_KINDS: tuple[tuple[str, LimitName, Callable[[Fact, Law], bool], Callable[[Fact], bool]], ...] = (
    ("pre-review-limit", "promised", _is_online, _is_pre_review),
    ("correction-notice-limit", "statutory", _is_receipt, _is_notice),
)
