"""延期未经批准: an extension without an approver or a reason (行政许可法 art. 42)."""

from collections.abc import Iterator

from ledger.case_events import CaseExtended
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.clocks.handling import is_approved
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, _clock in share.handling:
            for known in cycle.extensions:
                fact = known.fact
                assert isinstance(fact, CaseExtended)
                if not is_approved(fact):
                    yield breach(RULE.name, share.part, cycle, known)


RULE = Rule(
    name="extension-without-approval",
    meaning="延期未注明批准人或理由",
    meaning_en="an extension that names no approver or no reason",
    triggers=frozenset({CaseExtended}),
    find=_find,
)
