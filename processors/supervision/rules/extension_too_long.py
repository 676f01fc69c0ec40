"""延期过长: an extension longer than the law allows (行政许可法 art. 42: 10 days, joint 15)."""

from collections.abc import Iterator

from ledger.case_events import CaseExtended
from processors.supervision.case_file import Breach, CaseFile, Handling, breach
from processors.supervision.clocks.handling import longest_extension
from processors.supervision.rules.cycle_reading import acceptance_of
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for handling in share.handling:
            if handling.cycle.extensions:
                yield from _of_cycle(share.part, handling)


def _of_cycle(part: str | None, handling: Handling) -> Iterator[Breach]:
    cycle, clock = handling
    longest = longest_extension(clock.law.pack, acceptance_of(cycle))
    if longest is None:
        return
    for known in cycle.extensions:
        fact = known.fact
        assert isinstance(fact, CaseExtended)
        if fact.by.unit == longest.unit and fact.by.amount > longest.amount:
            yield breach(RULE.name, part, cycle, known)


RULE = Rule(
    name="extension-too-long",
    meaning="延期超过规定的期限",
    meaning_en="an extension longer than allowed",
    triggers=frozenset({CaseExtended}),
    find=_find,
)
