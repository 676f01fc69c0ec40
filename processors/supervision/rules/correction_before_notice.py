"""补正受理早于补正告知: corrected materials that came in before anybody asked for them."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CorrectionReceived, CorrectionRequested
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.law import Law
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        early: list[Known] = []
        for known in share.facts:
            if isinstance(known.fact, CorrectionReceived):
                early.append(known)
            elif isinstance(known.fact, CorrectionRequested):
                for received in early:
                    yield breach(RULE.name, share.part, None, received, known)
                break


def _heeds(state: CaseState, known: Known, _law: Law) -> bool:
    return isinstance(known.fact, CorrectionRequested) and any(
        isinstance(each.fact, CorrectionReceived) for each in state.facts
    )


RULE = Rule(
    name="correction-before-notice",
    meaning="补正受理时间早于补正告知时间",
    meaning_en="corrected materials that came in before they were asked for",
    triggers=frozenset({CorrectionRequested, CorrectionReceived}),
    find=_find,
    heeds=_heeds,
)
