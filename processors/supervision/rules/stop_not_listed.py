"""停表事由不在法定之列: a special procedure of a kind that the law does not take out of the time.

Source: 行政许可法 art. 45 names the kinds; a pack lists them.
"""

from collections.abc import Iterator

from ledger.case_events import ClockStopped
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, clock in share.handling:
            listed = clock.law.pack.stops.procedures
            if listed is None:
                continue
            for start, _resume in cycle.stops:
                fact = start.fact
                assert isinstance(fact, ClockStopped)
                if fact.procedure not in listed:
                    yield breach(RULE.name, share.part, cycle, start)


RULE = Rule(
    name="stop-not-listed",
    meaning="特别程序不属于可不计入时限的情形",
    meaning_en="a special procedure of a kind that may not stop the clock",
    triggers=frozenset({ClockStopped}),
    find=_find,
)
