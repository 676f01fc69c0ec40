"""环节数不符: completed normally through more or fewer stages than are defined."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CaseCompleted, StageFinished, StageStarted
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.rules.cycle_reading import normal_completion
from processors.supervision.rules.rule import Rule
from processors.supervision.rules.stage_reading import defined_stages


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for handling in share.handling:
            cycle = handling.cycle
            done = normal_completion(cycle)
            if done is None:
                continue
            defined = defined_stages(handling)
            if defined and len(_passed(cycle.handled)) != len(set(defined)):
                entry = cycle.acceptance or cycle.opener
                yield breach(RULE.name, share.part, cycle, entry, done)


def _passed(handled: list[Known]) -> set[str]:
    return {
        known.fact.stage
        for known in handled
        if isinstance(known.fact, (StageStarted, StageFinished))
    }


RULE = Rule(
    name="stage-count-differs",
    meaning="环节数与事项定义不符",
    meaning_en="completed through more or fewer stages than are defined",
    triggers=frozenset({CaseCompleted}),
    find=_find,
)
