"""不予受理无理由: a refusal to accept that gives no reason (行政许可法 art. 32, 55)."""

from collections.abc import Iterator

from ledger.case_events import AcceptanceRefused
from processors.supervision.case_file import Breach, CaseFile, breach, is_blank
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for known in case.facts:
        fact = known.fact
        if isinstance(fact, AcceptanceRefused) and is_blank(fact.reason):
            yield breach(RULE.name, fact.part, None, known)


RULE = Rule(
    name="refusal-without-reason",
    meaning="不予受理未注明理由",
    meaning_en="a refusal to accept without a reason",
    triggers=frozenset({AcceptanceRefused}),
    find=_find,
)
