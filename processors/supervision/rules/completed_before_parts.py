"""部门未反馈即办结: a joint case completed while a department's part is not answered.

The answers of all departments come first, then the whole is handled (行政许可法 art. 26).
"""

from collections.abc import Iterator, Sequence

from ledger.case import Cycle, Known
from ledger.case_events import CaseCompleted, PartDispatched, PartReplied
from processors.supervision.case_file import Breach, CaseFile, Share, breach
from processors.supervision.clocks.parts import completions_of_whole
from processors.supervision.law import Law
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    whole = case.shares[0]
    if whole.part is not None or len(case.shares) == 1:
        return
    completions = completions_of_whole(whole.facts, [cycle for cycle, _ in whole.handling])
    if not completions:
        return
    for cycle, completion in _completed(whole, completions):
        pending = [
            dispatch
            for share in case.shares[1:]
            if (dispatch := _unanswered(share, completions, completion)) is not None
        ]
        if pending:
            yield breach(RULE.name, None, cycle, *pending, completion)


def _completed(whole: Share, completions: Sequence[Known]) -> Iterator[tuple[Cycle | None, Known]]:
    """Yield the completions of the whole with their cycles; the first where it has no cycle."""
    if not whole.handling:
        yield None, completions[0]
    for cycle, _ in whole.handling:
        if cycle.completion is not None:
            yield cycle, cycle.completion


def _unanswered(share: Share, completions: Sequence[Known], until: Known) -> Known | None:
    """Return the dispatch of a part that is open at a completion of the whole, if one is."""
    closers = [clock.closer for _, clock in share.handling]
    dispatch: Known | None = None
    for known in sorted([*share.facts, *completions]):
        if known >= until:
            break
        if isinstance(known.fact, PartDispatched):
            dispatch = dispatch or known
        elif isinstance(known.fact, PartReplied | CaseCompleted) or known in closers:
            dispatch = None
    return None if dispatch is None or _is_completed(share, until) else dispatch


def _is_completed(share: Share, until: Known) -> bool:
    """Whether a part's last cycle is closed by then; never accepted, whether it was completed."""
    begun = [cycle for cycle, _ in share.handling if cycle.opener < until]
    if begun:
        closer = begun[-1].closer
        return closer is not None and closer < until
    return any(isinstance(known.fact, CaseCompleted) and known < until for known in share.facts)


def _heeds(state: CaseState, _known: Known, _law: Law) -> bool:
    return any(isinstance(each.fact, CaseCompleted) for each in state.facts)


RULE = Rule(
    name="completed-before-parts",
    meaning="联办件在部门反馈意见之前办结",
    meaning_en="a joint case completed before a department it went to has answered",
    triggers=frozenset({PartDispatched, PartReplied}),
    find=_find,
    heeds=_heeds,
)
