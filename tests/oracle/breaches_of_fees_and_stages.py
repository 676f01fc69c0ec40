"""Rules about fees and stages, which compare a cycle with the catalogue, sentence by sentence.

It stands apart because only these ask what the catalogue says of a matter (law of rules §6, §8).
Chosen where the text leaves it open:

- fees are those of the part at any time, in every cycle alike ("in the part");
- a fee that differs from its basis belongs to the last cycle that opened before it, by facts, else
  to the part's first; a currency that one side leaves out is the same;
- a fee charged at the very instant of the completion comes after it, as its rank says;
- stages are out of order if the later-defined one was first started at an earlier *time*; pairs are
  neighbours among the stages of the definition that were started in the cycle;
- stages in `stage_limits` are defined in the order in which they are written;
- a stage finished before it was started needs no definition, and is named once (first finish).
"""

from collections.abc import Iterator
from itertools import pairwise

from tests.oracle.breaches_case import (
    Breach,
    Case,
    Part,
    Rule,
    acceptance_of,
    breach,
    first,
    is_before,
    is_blank,
    is_normal,
    is_paid,
    money,
)
from tests.oracle.known_history import Cycle, Known

# --- fees ----------------------------------------------------------------------------------------


def fee_though_free(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find cycles that are free of charge, in a part in which something was charged or paid."""
    for part, cycle in case.every_cycle():
        paid = _paid(case, part)
        if cycle.completion and is_paid(cycle.completion.data.get("fee")):
            paid.append(cycle.completion)
        charged = first(paid)
        if _is_chargeable(case, cycle) is False and charged:
            yield breach(rule, part, cycle, acceptance_of(cycle), charged)


def fee_missing(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find normal completions of chargeable cycles up to which nothing was charged or paid."""
    for part, cycle in case.every_cycle():
        completion = cycle.completion
        if completion is None or not is_normal(completion) or not _is_chargeable(case, cycle):
            continue
        up_to_it = [fact for fact in _paid(case, part) if is_before(fact, completion)]
        if not up_to_it and not is_paid(completion.data.get("fee")):
            yield breach(rule, part, cycle, acceptance_of(cycle), completion)


def fee_other_than_basis(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each fee charged on another basis, or above the amount, that the catalogue says."""
    for part, cycles in case.cycles.items():
        for fact in case.in_part(part, "fee-charged") if cycles else ():
            begun = [cycle for cycle in cycles if is_before(cycle.opener, fact)]
            cycle = begun[-1] if begun else cycles[0]
            if _is_other_fee(fact, case.law(cycle).matter.get("fee") or {}):
                yield breach(rule, part, cycle, cycle.opener, fact)


def _is_other_fee(fact: Known, fee: dict[str, object]) -> bool:
    basis, currency = fact.data.get("basis"), fact.data.get("currency")
    if not is_blank(basis) and not is_blank(fee.get("basis")) and basis != fee["basis"]:
        return True
    is_same_currency = not currency or not fee.get("currency") or currency == fee["currency"]
    return fee.get("amount") is not None and is_same_currency and money(fact.data) > money(fee)


def _is_chargeable(case: Case, cycle: Cycle) -> bool | None:
    """Tell what the acceptance says, else the catalogue; None if neither says it."""
    said = acceptance_of(cycle).data.get("chargeable")
    if said is not None:
        return bool(said)
    fee = case.law(cycle).matter.get("fee")
    return None if fee is None else not fee.get("free", False)


def _paid(case: Case, part: Part) -> list[Known]:
    return [fact for fact in case.in_part(part, "fee-charged", "fee-paid") if is_paid(fact.data)]


# --- stages --------------------------------------------------------------------------------------


def stage_count_differs(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find normal completions of cycles with more or fewer stages than defined."""
    for part, cycle in case.every_cycle():
        defined = _stages_defined(case, cycle)
        if cycle.completion is None or not is_normal(cycle.completion) or not defined:
            continue
        gone_through = {fact.data["stage"] for fact in _stages(cycle)}
        if len(gone_through) != len(set(defined)):
            yield breach(rule, part, cycle, acceptance_of(cycle), cycle.completion)


def stage_out_of_order(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find stages started before the one defined before them, or finished before they began."""
    for part, cycle in case.every_cycle():
        begun: dict[str, list[Known]] = {}
        ended: dict[str, list[Known]] = {}
        for fact in _stages(cycle):
            kinds = begun if fact.kind == "stage-started" else ended
            kinds.setdefault(fact.data["stage"], []).append(fact)
        present = [stage for stage in _stages_defined(case, cycle) if stage in begun]
        for earlier, later in pairwise(present):
            if begun[later][0].time < begun[earlier][0].time:
                yield breach(rule, part, cycle, begun[later][0], begun[earlier][0])
        for stage, finishes in ended.items():
            starts = begun.get(stage)
            if starts and is_before(finishes[0], starts[0]):
                yield breach(rule, part, cycle, finishes[0], starts[0])


def _stages(cycle: Cycle) -> list[Known]:
    return [fact for fact in cycle.facts if fact.kind in ("stage-started", "stage-finished")]


def _stages_defined(case: Case, cycle: Cycle) -> list[str]:
    """Return the catalogue's stages in order, else those with a limit at acceptance."""
    catalogue = [stage["name"] for stage in case.law(cycle).matter.get("stages") or ()]
    return catalogue or list(acceptance_of(cycle).data.get("stage_limits") or {})
