"""What rules ask of stages (环节): how they are defined for a cycle."""

from processors.supervision.case_file import Handling
from processors.supervision.law import Law
from processors.supervision.rules.cycle_reading import acceptance_of, has_one_law
from processors.supervision.state import CaseState


def defined_stages(handling: Handling) -> tuple[str, ...]:
    """Return the stages in their order: the catalogue's, else those accepted with limits."""
    matter = handling.clock.law.matter
    if matter is not None and matter.stages:
        return tuple(stage.name for stage in matter.stages)
    accepted = acceptance_of(handling.cycle)
    return tuple((accepted.stage_limits if accepted is not None else None) or ())


def may_be_defined(state: CaseState, law: Law) -> bool:
    """Whether stages may be defined for a case."""
    if not has_one_law(state, law):
        return True
    return (law.matter is not None and bool(law.matter.stages)) or any(
        accepted.stage_limits for accepted in state.acceptances()
    )
