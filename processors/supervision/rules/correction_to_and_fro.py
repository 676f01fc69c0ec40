"""补正反复: corrections asked for again after each of several came in."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CorrectionReceived, CorrectionRequested
from processors.supervision.case_file import Breach, CaseFile, Share, breach
from processors.supervision.law import Law
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _read(entry: PackReader) -> int:
    return entry.whole("rounds", least=1)


def _find(case: CaseFile, rounds: int) -> Iterator[Breach]:
    for share in case.shares:
        shown = _one_too_many(share, rounds)
        if shown is not None:
            yield breach(RULE.name, share.part, None, *shown)


def _one_too_many(share: Share, rounds: int) -> list[Known] | None:
    """Return so many requests, each with what came in upon it, and the request after them."""
    shown: list[Known] = []
    for known in share.facts:
        awaited = len(shown) % 2 == 1
        if isinstance(known.fact, CorrectionRequested) and not awaited:
            shown.append(known)
            if len(shown) > 2 * rounds:
                return shown
        elif isinstance(known.fact, CorrectionReceived) and awaited:
            shown.append(known)
    return None


def _heeds(state: CaseState, known: Known, _law: Law) -> bool:
    return isinstance(known.fact, CorrectionRequested) and any(
        isinstance(each.fact, CorrectionReceived) for each in state.facts
    )


RULE = Rule(
    name="correction-to-and-fro",
    meaning="补正后再次要求补正（补正反复）",
    meaning_en="corrections asked for again after they came in, time after time",
    triggers=frozenset({CorrectionRequested, CorrectionReceived}),
    find=_find,
    read=_read,
    parameters=(("rounds", "a request after so many answered ones is one too many"),),
    heeds=_heeds,
)
