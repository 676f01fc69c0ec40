"""再次延期: an extension beyond the number that the law allows (行政许可法 art. 42: one)."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CaseExtended
from processors.supervision.case_file import Breach, CaseFile, Handling, breach
from processors.supervision.clocks.handling import is_approved
from processors.supervision.rules.rule import Rule


def _find(case: CaseFile, _: None) -> Iterator[Breach]:
    for share in case.shares:
        for handling in share.handling:
            cycle = handling.cycle
            most = handling.clock.law.pack.extensions.most
            if most is None or len(cycle.extensions) <= most:
                continue
            for counted, known in _beyond(handling, most):
                shown = (known,) if counted is None else (counted, known)
                yield breach(RULE.name, share.part, cycle, *shown)


def _beyond(handling: Handling, most: int) -> Iterator[tuple[Known | None, Known]]:
    """Yield each extension after as many as are allowed have counted, with the last of these."""
    approval_required = handling.clock.law.pack.extensions.approval_required
    last: Known | None = None
    made = 0
    for known in handling.cycle.extensions:
        fact = known.fact
        assert isinstance(fact, CaseExtended)
        if made >= most:
            yield last, known
        elif not approval_required or is_approved(fact):
            made += 1
            last = known


RULE = Rule(
    name="second-extension",
    meaning="延期次数超过规定",
    meaning_en="an extension beyond the number allowed",
    triggers=frozenset({CaseExtended}),
    find=_find,
)
