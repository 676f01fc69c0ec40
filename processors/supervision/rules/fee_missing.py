"""应收未收: a chargeable case completed normally with nothing charged (行政许可法 art. 59)."""

from collections.abc import Iterator

from ledger.case_events import CaseCompleted
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.rules.cycle_reading import normal_completion
from processors.supervision.rules.fee_reading import charges, charges_itself, is_chargeable
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for handling in share.handling:
            if not is_chargeable(handling):
                continue
            cycle = handling.cycle
            done = normal_completion(cycle)
            if done is None or charges_itself(done):
                continue
            first = next(charges(share), None)
            if first is None or first > done:
                entry = cycle.acceptance or cycle.opener
                yield breach(RULE.name, share.part, cycle, entry, done)


RULE = Rule(
    name="fee-missing",
    meaning="收费事项办结而无收费记录",
    meaning_en="a chargeable case completed with nothing charged",
    triggers=frozenset({CaseCompleted}),
    find=_find,
)
