"""反复移交: a case that goes to and fro between the same two departments."""

from collections.abc import Iterator

from ledger.case import Cycle, Known
from ledger.case_events import CaseTransferred
from processors.supervision.case_file import Breach, CaseFile, breach, is_blank
from processors.supervision.law import Law
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _read(entry: PackReader) -> int:
    return entry.whole("times", least=2)


def _find(case: CaseFile, times: int) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, _ in share.handling:
            if len(cycle.handled) >= times:
                for transfers in _between_two(cycle, times):
                    yield breach(RULE.name, share.part, cycle, *transfers)


def _between_two(cycle: Cycle, times: int) -> Iterator[list[Known]]:
    """Yield the first so many transfers between two departments, whichever way they went."""
    made: dict[frozenset[str], list[Known]] = {}
    for known in cycle.handled:
        fact = known.fact
        if not isinstance(fact, CaseTransferred):
            continue
        one, other = fact.from_department, fact.to_department
        if one is None or other is None or is_blank(one) or is_blank(other) or one == other:
            continue
        transfers = made.setdefault(frozenset((one, other)), [])
        transfers.append(known)
        if len(transfers) == times:
            yield transfers[:]


def _heeds(state: CaseState, _known: Known, _law: Law) -> bool:
    return any(isinstance(each.fact, CaseTransferred) for each in state.facts)


RULE = Rule(
    name="repeated-transfer",
    meaning="同两个部门之间反复移交",
    meaning_en="transfers to and fro between the same two departments",
    triggers=frozenset({CaseTransferred}),
    find=_find,
    read=_read,
    parameters=(("times", "so many transfers between two departments in one cycle are too many"),),
    heeds=_heeds,
)
