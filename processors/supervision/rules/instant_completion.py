"""秒办: a case that needs handling, completed minutes after its acceptance."""

from collections.abc import Iterator

from ledger.case_events import CaseAccepted, CaseCompleted
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.cycle_reading import normal_completion
from processors.supervision.rules.rule import Rule

_MINUTE_US = 60_000_000


def _read(entry: PackReader) -> int:
    return entry.whole("minutes", least=1) * _MINUTE_US


def _find(case: CaseFile, within_us: int) -> Iterator[Breach]:
    for share in case.shares:
        for cycle, _ in share.handling:
            accepted, done = cycle.acceptance, normal_completion(cycle)
            if accepted is None or done is None:
                continue
            if not 0 <= done.time_us - cycle.opener.time_us < within_us:
                continue
            entry = accepted.fact
            assert isinstance(entry, CaseAccepted)
            if entry.handling_type not in (None, "immediate"):
                yield breach(RULE.name, share.part, cycle, accepted, done)


RULE = Rule(
    name="instant-completion",
    meaning="非即办件受理后数分钟内办结（秒办）",
    meaning_en="a case that is not immediate, completed within minutes of its acceptance",
    triggers=frozenset({CaseCompleted}),
    find=_find,
    read=_read,
    parameters=(("minutes", "a completion in less than this many is one"),),
)
