"""无书面告知的停表: a special procedure whose length the applicant was not told in writing.

Source: 行政许可法 art. 45 (行政机关应当将所需时间书面告知申请人).
"""

from collections.abc import Iterator

from ledger.case_events import ClockStopped
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, _clock in share.handling:
            for start, _resume in cycle.stops:
                fact = start.fact
                assert isinstance(fact, ClockStopped)
                if fact.notice_at is None:
                    yield breach(RULE.name, share.part, cycle, start)


RULE = Rule(
    name="stop-without-notice",
    meaning="特别程序未书面告知申请人（无书面告知的停表）",
    meaning_en="a special procedure without a written notice to the applicant",
    triggers=frozenset({ClockStopped}),
    find=_find,
)
