"""Clocks after the decision: the certificate (出证) and its delivery (颁发、送达)."""

from collections.abc import Iterator, Sequence

from ledger.case import Cycle, Known
from ledger.case_events import CaseCompleted, CertificateIssued, ResultDelivered
from processors.supervision.clocks.reading import Now, read_clock
from processors.supervision.law import Law
from processors.supervision.limits import by_default
from processors.supervision.verdict import ClockVerdict


def clocks_afterwards(
    part: str | None, cycle: Cycle, facts: Sequence[Known], law: Law, now: Now
) -> Iterator[ClockVerdict]:
    """Yield the certificate clock from the completion and the delivery clock from the decision."""
    thresholds = law.pack.by_rule
    if cycle.completion is None and cycle.decision is None:
        return
    if cycle.closer is not None and cycle.closer < cycle.opener:
        return
    if "certificate-limit" in thresholds:
        yield from _until_issued("certificate-limit", part, _granted(cycle, law), cycle, facts,
                                 law, now)  # fmt: skip
    if "delivery-limit" in thresholds:
        decision = cycle.decision
        if decision is None:
            opener = _granted(cycle, law)
        else:
            opener = decision if decision.fact.outcome == "granted" else None  # type: ignore[attr-defined]
        yield from _until_issued("delivery-limit", part, opener, cycle, facts, law, now)


def _granted(cycle: Cycle, law: Law) -> Known | None:
    """Return the completion that grants and from which a certificate must follow, if it does."""
    done = cycle.completion
    if done is None or not isinstance(done.fact, CaseCompleted) or done.fact.outcome != "granted":
        return None
    certified = law.matter is not None and law.matter.issues_certificate
    return done if certified or done.fact.certificate_ref else None


def _until_issued(
    rule: str,
    part: str | None,
    opener: Known | None,
    cycle: Cycle,
    facts: Sequence[Known],
    law: Law,
    now: Now,
) -> Iterator[ClockVerdict]:
    if opener is None:
        return
    begun_us = cycle.opener.time_us
    closer = next(
        (
            known
            for known in facts
            if known.time_us >= begun_us
            and isinstance(known.fact, (CertificateIssued, ResultDelivered))
        ),
        None,
    )
    if closer is not None and closer.time_us <= opener.time_us:
        return
    limits = by_default(rule, "promised" if rule == "certificate-limit" else "statutory", law)
    entry = cycle.opener.fact if cycle.acceptance is None else cycle.acceptance.fact
    if limits:
        yield read_clock(rule, part, opener, closer, limits, law, now, entry, facts=cycle)
