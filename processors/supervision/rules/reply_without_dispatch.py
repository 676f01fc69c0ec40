"""未转办即反馈: a department's answer on a part of a joint case that was never sent to it."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import PartDispatched, PartReplied
from ledger.fact import Limit
from processors.supervision.case_file import Breach, CaseFile
from processors.supervision.clock import span_later
from processors.supervision.law import Law
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _read(entry: PackReader) -> Limit:
    return entry.span("wait")


def _find(case: CaseFile, wait: Limit) -> Iterator[Breach]:
    for share in case.shares:
        if share.part is None or any(isinstance(k.fact, PartDispatched) for k in share.facts):
            continue
        for known in share.facts:
            if isinstance(known.fact, PartReplied):
                pack, calendar, _ = case.law
                until_us = span_later(calendar, pack.counting, known.time_us, wait)
                yield Breach(RULE.name, share.part, None, (known,), until_us, waits=True)


def _heeds(state: CaseState, known: Known, _law: Law) -> bool:
    """A reply may lack its dispatch, and a dispatch may put a reply right."""
    if isinstance(known.fact, PartDispatched):
        return _has(PartReplied, state, known.fact.part)
    return not _has(PartDispatched, state, getattr(known.fact, "part", None))


def _has(kind: type[PartDispatched | PartReplied], state: CaseState, part: str | None) -> bool:
    return any(isinstance(k.fact, kind) and k.fact.part == part for k in state.facts)


RULE = Rule(
    name="reply-without-dispatch",
    meaning="部门反馈意见而无转办记录",
    meaning_en="an answer on a part that was never dispatched",
    triggers=frozenset({PartReplied, PartDispatched}),
    find=_find,
    read=_read,
    parameters=(("wait", "time for which a dispatch reported later is waited for"),),
    heeds=_heeds,
)
