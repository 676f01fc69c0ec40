"""未按规定收费: a charge on another basis or of more than the catalogue says.

Only what a law or regulation sets may be charged, by the published item and rate (行政许可法
art. 58, 59).
"""

from collections.abc import Iterator
from decimal import Decimal

from ledger.case import Known
from ledger.case_events import FeeCharged
from ledger.catalogue import FeeRule
from processors.supervision.case_file import Breach, CaseFile, Handling, Share, breach, is_blank
from processors.supervision.law import Law
from processors.supervision.rules.cycle_reading import has_one_law
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        if not any(_fee_rule(handling) for handling in share.handling):
            continue
        for known in share.facts:
            fact = known.fact
            if not isinstance(fact, FeeCharged):
                continue
            handling = _cycle_of(share, known)
            fee = _fee_rule(handling)
            if fee is not None and _differs(fact, fee):
                yield breach(RULE.name, share.part, handling.cycle, handling.cycle.opener, known)


def _fee_rule(handling: Handling) -> FeeRule | None:
    matter = handling.clock.law.matter
    return None if matter is None else matter.fee


def _cycle_of(share: Share, known: Known) -> Handling:
    """Return the last cycle opened before a charge, or the first where it came before all."""
    found = share.handling[0]
    for handling in share.handling:
        if handling.cycle.opener < known:
            found = handling
    return found


def _differs(charged: FeeCharged, fee: FeeRule) -> bool:
    """Whether a charge names another basis, or is greater in the same currency."""
    basis = charged.basis or ""
    if fee.basis is not None and not is_blank(basis) and basis.strip() != fee.basis.strip():
        return True
    if fee.amount is None or (charged.currency or fee.currency) != fee.currency:
        return False
    return Decimal(charged.amount) > Decimal(fee.amount)


def _heeds(state: CaseState, _known: Known, law: Law) -> bool:
    return not has_one_law(state, law) or (law.matter is not None and law.matter.fee is not None)


RULE = Rule(
    name="fee-other-than-basis",
    meaning="未按事项目录的收费依据或标准收费",
    meaning_en="a charge on another basis, or of more, than the catalogue says",
    triggers=frozenset({FeeCharged}),
    find=_find,
    heeds=_heeds,
)
