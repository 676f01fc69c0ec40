"""承诺期过后即恢复: a special procedure that ends right after the promised limit would have."""

from collections.abc import Iterator

from ledger.case_events import ClockStopped
from ledger.fact import Limit
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.clock import span_later
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.limit_reading import promise_without_stop
from processors.supervision.rules.rule import Rule


def _read(entry: PackReader) -> Limit:
    return entry.span("within")


def _find(case: CaseFile, within: Limit) -> Iterator[Breach]:
    for share in case.shares:
        for handling in share.handling:
            cycle, verdict = handling
            for number, (start, resume) in enumerate(cycle.stops):
                if resume is None:
                    continue
                promise = promise_without_stop(handling, number)
                if promise is None or resume.time_us <= promise.end_us:
                    continue
                pack, calendar, _ = verdict.law
                if resume.time_us <= span_later(calendar, pack.counting, promise.end_us, within):
                    yield breach(RULE.name, share.part, cycle, start, resume)


RULE = Rule(
    name="resumed-after-promise",
    meaning="特别程序在原承诺时限届满后随即结束",
    meaning_en="a special procedure that ends right after the promised limit would have passed",
    triggers=frozenset({ClockStopped}),
    find=_find,
    read=_read,
    parameters=(("within", "an end by no more than this after the promised limit is one"),),
)
