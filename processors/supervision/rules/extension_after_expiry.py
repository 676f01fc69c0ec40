"""超期后延期: an extension granted when the last limit has passed (行政许可法 art. 42)."""

from collections.abc import Iterator

from ledger.case_events import CaseExtended
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.rules.limit_reading import expired_us
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, clock in share.handling:
            last_us = expired_us(clock) if cycle.extensions else None
            if last_us is None:
                continue
            for known in cycle.extensions:
                if known.time_us > last_us:
                    yield breach(RULE.name, share.part, cycle, known)


RULE = Rule(
    name="extension-after-expiry",
    meaning="时限届满之后才延期",
    meaning_en="an extension after the last limit has passed",
    triggers=frozenset({CaseExtended}),
    find=_find,
)
