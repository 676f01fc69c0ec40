"""补正告知无清单: a request to correct that does not say what (行政许可法 art. 32, item 4)."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CorrectionRequested
from processors.supervision.case_file import Breach, CaseFile, breach, is_blank
from processors.supervision.law import Law
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for known in case.facts:
        fact = known.fact
        if isinstance(fact, CorrectionRequested) and _lists_nothing(fact):
            yield breach(RULE.name, fact.part, None, known)


def _lists_nothing(fact: CorrectionRequested) -> bool:
    return all(is_blank(item) for item in fact.items)


def _heeds(_state: CaseState, known: Known, _law: Law) -> bool:
    return isinstance(known.fact, CorrectionRequested) and _lists_nothing(known.fact)


RULE = Rule(
    name="correction-without-list",
    meaning="补正告知未列明需补正的全部内容",
    meaning_en="a request to correct without a list of what to correct",
    triggers=frozenset({CorrectionRequested}),
    find=_find,
    heeds=_heeds,
)
