"""容缺补正期限超过承诺时限: materials may come in after the case itself is to be completed."""

from collections.abc import Iterator

from ledger.case_events import CaseAccepted
from ledger.record import micros
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.rules.cycle_reading import acceptance_of
from processors.supervision.rules.limit_reading import due_of, unmoved_end
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, clock in share.handling:
            accepted = acceptance_of(cycle)
            if accepted is None or accepted.missing_materials is None:
                continue
            due = accepted.missing_materials.due
            promised = due_of(clock, "promised")
            if due is None or promised is None:
                continue
            if micros(due) > unmoved_end(clock, promised):
                assert cycle.acceptance is not None
                yield breach(RULE.name, share.part, cycle, cycle.acceptance)


RULE = Rule(
    name="tolerance-beyond-promise",
    meaning="容缺材料补正期限晚于承诺时限",
    meaning_en="materials owed that may come in after the promised limit",
    triggers=frozenset({CaseAccepted}),
    find=_find,
)
