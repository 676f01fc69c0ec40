"""免费事项收费: money charged in a case that is free of charge (行政许可法 art. 58, 75)."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CaseAccepted, CaseCompleted, FeeCharged, FeePaid
from processors.supervision.case_file import Breach, CaseFile, Handling, Share, breach
from processors.supervision.law import Law
from processors.supervision.rules.cycle_reading import has_one_law
from processors.supervision.rules.fee_reading import charges, charges_itself, is_chargeable
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for handling in share.handling:
            if is_chargeable(handling) is not False:
                continue
            charge = _first_charge(share, handling)
            if charge is not None:
                cycle = handling.cycle
                entry = cycle.acceptance or cycle.opener
                yield breach(RULE.name, share.part, cycle, entry, charge)


def _first_charge(share: Share, handling: Handling) -> Known | None:
    first = next(charges(share), None)
    done = handling.cycle.completion
    if done is None or not charges_itself(done):
        return first
    return done if first is None else min(first, done)


def _heeds(state: CaseState, _known: Known, law: Law) -> bool:
    if not has_one_law(state, law):
        return True
    if law.matter is not None and law.matter.fee is not None and law.matter.fee.free:
        return True
    return any(
        isinstance(each.fact, CaseAccepted) and each.fact.chargeable is False
        for each in state.facts
    )


RULE = Rule(
    name="fee-though-free",
    meaning="不收费事项收取费用",
    meaning_en="money charged though the case is free of charge",
    triggers=frozenset({FeeCharged, FeePaid, CaseCompleted}),
    find=_find,
    heeds=_heeds,
)
