"""材料不完整: completed normally though fewer mandatory materials came in than are required.

Materials still owed after an acceptance under tolerance (容缺受理) count as complete once corrected
materials have come in before the completion.
"""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CaseCompleted, CorrectionReceived
from processors.supervision.case_file import Breach, CaseFile, Share, breach
from processors.supervision.rules.cycle_reading import acceptance_of, normal_completion
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, _clock in share.handling:
            accepted = acceptance_of(cycle)
            if accepted is None or accepted.materials is None:
                continue
            if accepted.materials.submitted >= accepted.materials.required:
                continue
            done, acceptance = normal_completion(cycle), cycle.acceptance
            if done is None or acceptance is None:
                continue
            owed = accepted.missing_materials is not None
            if not (owed and _came_in(share, acceptance, done)):
                yield breach(RULE.name, share.part, cycle, acceptance, done)


def _came_in(share: Share, since: Known, until: Known) -> bool:
    """Whether corrected materials came in between two facts."""
    return any(
        isinstance(known.fact, CorrectionReceived) and since < known < until
        for known in share.facts
    )


RULE = Rule(
    name="materials-incomplete",
    meaning="必备材料未交齐而正常办结",
    meaning_en="completed normally with fewer mandatory materials than required",
    triggers=frozenset({CaseCompleted}),
    find=_find,
)
