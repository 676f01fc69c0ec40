"""承诺时限超过法定时限: the source promises more time than the law gives (行政许可法 art. 42)."""

from collections.abc import Iterator

from ledger.case_events import CaseAccepted
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.limits import declares_promise
from processors.supervision.rules.cycle_reading import acceptance_of
from processors.supervision.rules.limit_reading import due_of, unmoved_end
from processors.supervision.rules.rule import Rule
from processors.supervision.verdict import ClockVerdict


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, clock in share.handling:
            accepted = acceptance_of(cycle)
            if accepted is None or not declares_promise(accepted) or _is_within(accepted):
                continue
            if not _is_beyond(clock):
                continue
            assert cycle.acceptance is not None
            yield breach(RULE.name, share.part, cycle, cycle.acceptance)


def _is_within(accepted: CaseAccepted) -> bool:
    """Whether two declared spans of one unit show at a glance that the promise is in order."""
    promised, statutory = accepted.promised_limit, accepted.statutory_limit
    if promised is None or statutory is None or accepted.promised_due is not None:
        return False
    return promised.unit == statutory.unit and promised.amount <= statutory.amount


def _is_beyond(clock: ClockVerdict) -> bool:
    promised, statutory = due_of(clock, "promised"), due_of(clock, "statutory")
    if promised is None or statutory is None:
        return False
    return unmoved_end(clock, promised) > unmoved_end(clock, statutory)


RULE = Rule(
    name="promise-beyond-statute",
    meaning="承诺时限长于法定时限",
    meaning_en="a promised limit that ends after the statutory one",
    triggers=frozenset({CaseAccepted}),
    find=_find,
)
