"""受理前办理: handling that began before the case was accepted (行政许可法 art. 32, 34)."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import (
    CaseExtended,
    CaseTransferred,
    ClockResumed,
    ClockStopped,
    StageFinished,
    StageStarted,
)
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.law import Law
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState

_HANDLED = frozenset(
    {CaseTransferred, StageStarted, StageFinished, ClockStopped, ClockResumed, CaseExtended}
)


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        if not share.handling:
            continue
        first = share.handling[0].cycle
        for known in share.facts:
            if known.time_us >= first.opener.time_us:
                break
            if type(known.fact) in _HANDLED:
                yield breach(RULE.name, share.part, first, known, first.opener)
                break


def _heeds(_state: CaseState, _known: Known, _law: Law) -> bool:
    """A fact that comes in order lies after each acceptance."""
    return False


RULE = Rule(
    name="handled-before-acceptance",
    meaning="受理之前即有办理记录",
    meaning_en="handled before it was accepted",
    triggers=_HANDLED,
    find=_find,
    heeds=_heeds,
)
