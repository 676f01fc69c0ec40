"""环节次序颠倒: a stage begun before an earlier one, or finished before it was started."""

from collections.abc import Iterator
from itertools import pairwise

from ledger.case import Known
from ledger.case_events import StageFinished, StageStarted
from processors.supervision.case_file import Breach, CaseFile, Handling, breach
from processors.supervision.law import Law
from processors.supervision.rules.rule import Rule
from processors.supervision.rules.stage_reading import defined_stages, may_be_defined
from processors.supervision.state import CaseState


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for handling in share.handling:
            if handling.cycle.handled:
                for earlier, later in _reversed(handling):
                    yield breach(RULE.name, share.part, handling.cycle, earlier, later)


def _reversed(handling: Handling) -> Iterator[tuple[Known, Known]]:
    """Yield pairs of facts that lie in an order which the stages do not allow."""
    started: dict[str, Known] = {}
    finished: dict[str, Known] = {}
    for known in handling.cycle.handled:
        fact = known.fact
        if type(fact) is StageStarted:
            if fact.stage not in started:
                started[fact.stage] = known
                if finished and fact.stage in finished:
                    yield finished[fact.stage], known
        elif type(fact) is StageFinished and fact.stage not in started:
            finished.setdefault(fact.stage, known)
    if len(started) < 2:
        return
    present = [started[name] for name in defined_stages(handling) if name in started]
    for one, next_one in pairwise(present):
        if next_one.time_us < one.time_us:
            yield next_one, one


def _heeds(state: CaseState, known: Known, law: Law) -> bool:
    if not isinstance(known.fact, StageStarted):
        return False
    finished = [each.fact.stage for each in state.facts if type(each.fact) is StageFinished]
    return known.fact.stage in finished or may_be_defined(state, law)


RULE = Rule(
    name="stage-out-of-order",
    meaning="后一环节早于前一环节，或环节结束早于开始",
    meaning_en="a stage begun before an earlier one, or finished before it was started",
    triggers=frozenset({StageStarted, StageFinished}),
    find=_find,
    heeds=_heeds,
)
