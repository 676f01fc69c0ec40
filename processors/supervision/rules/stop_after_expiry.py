"""超期后停表: a special procedure that begins when the last limit has passed."""

from collections.abc import Iterator

from ledger.case_events import ClockStopped
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.rules.limit_reading import expired_us
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, clock in share.handling:
            last_us = expired_us(clock) if cycle.stops else None
            if last_us is None:
                continue
            for start, _resume in cycle.stops:
                if start.time_us > last_us:
                    yield breach(RULE.name, share.part, cycle, start)


RULE = Rule(
    name="stop-after-expiry",
    meaning="时限届满之后才开始特别程序",
    meaning_en="a special procedure that begins after the last limit has passed",
    triggers=frozenset({ClockStopped}),
    find=_find,
)
