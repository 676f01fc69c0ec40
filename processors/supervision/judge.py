"""The one definition of what should stand: `judge(facts, laws, now) -> Verdict`.

Pure, one case (or complaint, or consultation), no memory. It is given the facts known so far and
answers with the clocks, the thresholds crossed, the rules broken, what does not fit, and when to
look again. What follows for cards that stand is `step.py`'s.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from ledger.case import Disorder, Known, fold, with_amendments
from ledger.events import CASE_TYPES
from processors.supervision.case_file import Breach, CaseFile, Handling, Share
from processors.supervision.clocks.afterwards import clocks_afterwards
from processors.supervision.clocks.around import clocks_around
from processors.supervision.clocks.handling import clocks_of_cycle, handling_clock
from processors.supervision.clocks.parts import completions_of_whole, part_clocks
from processors.supervision.clocks.reading import Now
from processors.supervision.clocks.receipt import lapsed_receipt, receipt_clocks
from processors.supervision.law import Law, Laws
from processors.supervision.pack import RuleInForce
from processors.supervision.rules import RULES
from processors.supervision.verdict import ClockVerdict


@dataclass(slots=True)
class Verdict:
    """What should stand at `now_us`, and the next instant that may change it without a fact.

    Attributes:
        cut_over_us: nothing reached before it gives a card.
        law: of the case: what closes, which rules are on.
        breaches: of rules, those that hold at `now_us`.
        pending: breaches that will hold if nothing comes.
        deemed: receipts at which a share counts as accepted (视为受理), with the share.
        next_due_us: `effective_us` of the next threshold or breach; its tick's instant is that plus
            grace + 1 µs.
    """

    now_us: int
    cut_over_us: int
    law: Law
    clocks: list[ClockVerdict]
    disorder: list[tuple[str | None, Disorder]]
    breaches: list[tuple[RuleInForce, Breach]]
    pending: list[Breach]
    deemed: list[tuple[str | None, Known]]
    next_due_us: int | None = None


def judge(
    facts: Sequence[Known], laws: Laws, now_us: int, issue_from_us: int | None = None
) -> Verdict:
    """Return the verdict on one subject.

    Args:
        facts: everything known of it, sorted: of the types `hall.case.*`, `hall.complaint.*` or
            `hall.consultation.*`.
        laws: the versions that govern each of its cycles.
        now_us: the subject's instant; facts decide it, never a clock.
        issue_from_us: cut-over of the case, beside that of the pack: thresholds reached before it
            give no card.
    """
    law = laws.of_case(facts)
    cut_over_us = max(issue_from_us or 0, law.pack.issue_from_us or 0)
    now = Now(now_us, cut_over_us, law.pack.report_grace_us)
    verdict = Verdict(now_us, cut_over_us, law, [], [], [], [], [])
    if facts and facts[0].fact.TYPE not in CASE_TYPES:
        verdict.clocks += clocks_around(facts, laws, now)
    else:
        effective, unusable = with_amendments(facts, law.pack.future_tolerance_us)
        verdict.disorder += [(None, each) for each in unusable]
        read: list[Share] = []
        whole: list[Known] = []
        for part, of_part in _shares(effective):
            read.append(_share(part, of_part, whole, laws, now, verdict))
            if part is None and len(of_part) < len(effective):
                whole = completions_of_whole(of_part, [cycle for cycle, _ in read[0].handling])
        if law.pack.rules:
            case = CaseFile(effective, read, law, bool(verdict.deemed))
            _look_for_breaches(case, verdict)
    verdict.next_due_us = next_due(verdict)
    return verdict


def _shares(facts: Sequence[Known]) -> list[tuple[str | None, Sequence[Known]]]:
    """Split a joint case into the shares of its departments; most cases have one."""
    if not facts:
        return []
    first = facts[0].fact.part  # type: ignore[attr-defined]
    for known in facts:
        if known.fact.part != first:  # type: ignore[attr-defined]
            break
    else:
        return [(first, facts)]
    parts = {known.fact.part for known in facts}  # type: ignore[attr-defined]
    ordered = sorted(parts, key=lambda part: (part is not None, part or ""))
    return [
        (part, [k for k in facts if k.fact.part == part])  # type: ignore[attr-defined]
        for part in ordered
    ]


def _share(
    part: str | None,
    facts: Sequence[Known],
    whole: Sequence[Known],
    laws: Laws,
    now: Now,
    verdict: Verdict,
) -> Share:
    """Read one share: add its clocks and disorder to the verdict, and return its file."""
    pack = verdict.law.pack
    clocks = verdict.clocks
    receipts = list(receipt_clocks(part, facts, laws, now)) if pack.reads_receipts else []
    clocks += receipts
    deemed = lapsed_receipt(receipts, now) if receipts else None
    if deemed is not None:
        verdict.deemed.append((part, deemed))
    of_all = facts if part is None or not whole else sorted([*facts, *whole])
    view = fold(of_all, pack.closes, part, deemed)
    handling: list[Handling] = []
    for cycle in view.cycles:
        law = laws.of(cycle.opener)
        clock = handling_clock(part, cycle, law, now)
        handling.append(Handling(cycle, clock))
        clocks.append(clock)
        clocks += clocks_of_cycle(part, cycle, facts, law, now)
        clocks += clocks_afterwards(part, cycle, facts, law, now)
    if part is not None:
        clocks += part_clocks(part, facts, whole, [each.clock for each in handling], laws, now)
    verdict.disorder += [(part, each) for each in view.disorder]
    return Share(part, facts, handling)


def _look_for_breaches(case: CaseFile, verdict: Verdict) -> None:
    """Ask each rule that a known fact may break; one that waits holds once its time has passed."""
    pack = verdict.law.pack
    kinds = frozenset([type(known.fact) for known in case.facts])
    applicable = pack.applicable.get(kinds)
    if applicable is None:
        applicable = pack.applicable[kinds] = tuple(
            (rule, RULES[name].find)
            for name, rule in pack.rules.items()
            if not RULES[name].triggers.isdisjoint(kinds)
        )
    for rule, find in applicable:
        for breach in find(case, rule.parameters):
            if breach.waits and verdict.now_us - pack.report_grace_us <= breach.effective_us:
                verdict.pending.append(breach)
            else:
                verdict.breaches.append((rule, breach))


def next_due(verdict: Verdict, past: Container[int] = ()) -> int | None:
    """Return the next instant at which time alone may cross a threshold or complete a breach.

    Args:
        past: instants whose tick the case has had; it cannot happen again.
    """
    nearest: int | None = None
    for clock in verdict.clocks:
        if clock.closed_us is not None:
            continue
        for mark in clock.marks:
            effective = mark.effective_us
            if effective is None or mark.crossed or not mark.issuable or effective in past:
                continue
            if nearest is None or effective < nearest:
                nearest = effective
        lapses_us = _lapse(clock, verdict)
        if lapses_us is not None and lapses_us not in past:
            nearest = lapses_us if nearest is None else min(nearest, lapses_us)
    for breach in verdict.pending:
        if breach.effective_us not in past:
            nearest = breach.effective_us if nearest is None else min(nearest, breach.effective_us)
    return nearest


def _lapse(clock: ClockVerdict, verdict: Verdict) -> int | None:
    """Return when a running notice lapses into acceptance, whether or not that gives a card."""
    if clock.kind != "correction-notice" or not clock.law.pack.deemed_acceptance:
        return None
    lapses_us = clock.dues[0].effective_us
    shown_us = verdict.now_us - verdict.law.pack.report_grace_us
    return None if lapses_us is None or lapses_us < shown_us else lapses_us
