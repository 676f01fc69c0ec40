"""办结无理由: a completion by return, voiding or deletion that gives no reason."""

from collections.abc import Iterator
from typing import get_args

from ledger.case_events import CaseCompleted, Outcome
from processors.supervision.case_file import Breach, CaseFile, breach, is_blank
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.rule import Rule


def _read(entry: PackReader) -> frozenset[str]:
    return frozenset(entry.names("outcomes", get_args(Outcome)))


def _find(case: CaseFile, outcomes: frozenset[str]) -> Iterator[Breach]:
    for known in case.facts:
        fact = known.fact
        if type(fact) is CaseCompleted and fact.outcome in outcomes and is_blank(fact.reason):
            yield breach(RULE.name, fact.part, None, known)


RULE = Rule(
    name="outcome-without-reason",
    meaning="退回、作废、删除办结未注明理由",
    meaning_en="a completion by return, voiding or deletion without a reason",
    triggers=frozenset({CaseCompleted}),
    find=_find,
    read=_read,
    parameters=(("outcomes", "outcomes that need a reason"),),
)
