"""What rules ask of fees: whether a case is chargeable, and whether anything was charged."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CaseCompleted, FeeCharged, FeePaid
from processors.supervision.case_file import Handling, Share
from processors.supervision.rules.cycle_reading import acceptance_of


def is_chargeable(handling: Handling) -> bool | None:
    """Return what the source says at acceptance, else the catalogue; None if neither does."""
    accepted = acceptance_of(handling.cycle)
    if accepted is not None and accepted.chargeable is not None:
        return accepted.chargeable
    matter = handling.clock.law.matter
    return None if matter is None or matter.fee is None else not matter.fee.free


def charges(share: Share) -> Iterator[Known]:
    """Yield the facts of a share that charge or pay more than nothing, in order."""
    for known in share.facts:
        fact = known.fact
        if (type(fact) is FeeCharged or type(fact) is FeePaid) and is_positive(fact.amount):
            yield known


def charges_itself(completion: Known | None) -> bool:
    """Whether a completion names a fee of more than nothing."""
    fact = None if completion is None else completion.fact
    return isinstance(fact, CaseCompleted) and fact.fee is not None and is_positive(fact.fee.amount)


def is_positive(amount: str) -> bool:
    """Whether decimal text says more than nothing."""
    return not amount.startswith("-") and bool(amount.strip("0."))
