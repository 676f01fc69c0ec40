"""办结早于受理: a case whose clock was closed before it was accepted."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CaseCompleted, DecisionMade
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.law import Law
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, _clock in share.handling:
            closer, opener = cycle.closer, cycle.opener
            if closer is not None and closer.time_us < opener.time_us:
                yield breach(RULE.name, share.part, cycle, closer, opener)


def _heeds(_state: CaseState, _known: Known, _law: Law) -> bool:
    """A fact that comes in order lies after each acceptance."""
    return False


RULE = Rule(
    name="completed-before-accepted",
    meaning="办结时间早于受理时间",
    meaning_en="completed before it was accepted",
    triggers=frozenset({CaseCompleted, DecisionMade}),
    find=_find,
    heeds=_heeds,
)
