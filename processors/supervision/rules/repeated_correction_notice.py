"""多次补正告知: what to correct is to be told once (行政许可法 art. 32, item 4: 一次告知)."""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CaseAccepted, CorrectionRequested
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.law import Law
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def _read(entry: PackReader) -> int:
    return entry.whole("most", least=1)


def _find(case: CaseFile, most: int) -> Iterator[Breach]:
    for share in case.shares:
        requests: list[Known] = []
        for known in share.facts:
            if isinstance(known.fact, CaseAccepted):
                break
            if isinstance(known.fact, CorrectionRequested):
                requests.append(known)
                if len(requests) > most:
                    yield breach(RULE.name, share.part, None, *requests)
                    break


def _heeds(state: CaseState, _known: Known, _law: Law) -> bool:
    return any(isinstance(each.fact, CorrectionRequested) for each in state.facts)


RULE = Rule(
    name="repeated-correction-notice",
    meaning="受理前补正告知超过规定次数（未一次性告知）",
    meaning_en="what to correct was told more often than once before acceptance",
    triggers=frozenset({CorrectionRequested}),
    find=_find,
    read=_read,
    parameters=(("most", "so many requests before acceptance are in order"),),
    heeds=_heeds,
)
