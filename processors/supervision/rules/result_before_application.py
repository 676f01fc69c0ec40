"""特别程序结果早于申请: a special procedure that ends no later than it begins."""

from collections.abc import Iterator

from ledger.case_events import ClockResumed
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, _clock in share.handling:
            for start, resume in cycle.stops:
                if resume is not None and resume.time_us == start.time_us:
                    yield breach(RULE.name, share.part, cycle, start, resume)
            for lost in cycle.lost:
                after = (s.start for s in cycle.stops if s.resume is None and s.start > lost)
                stop = min(after, default=None)
                if stop is not None:
                    yield breach(RULE.name, share.part, cycle, lost, stop)


RULE = Rule(
    name="result-before-application",
    meaning="特别程序的结果不晚于其申请",
    meaning_en="a special procedure whose result is no later than its application",
    triggers=frozenset({ClockResumed}),
    find=_find,
)
