"""临期停表: a special procedure that begins when most of the promised time is used."""

from collections.abc import Iterator

from ledger.case_events import ClockStopped
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.limit_reading import promise_without_stop
from processors.supervision.rules.rule import Rule


def _read(entry: PackReader) -> int:
    percent = entry.whole("percent", least=1)
    if percent > 100:
        raise entry.wrong("percent", percent, "at most 100")
    return percent


def _find(case: CaseFile, percent: int) -> Iterator[Breach]:
    for share in case.shares:
        for handling in share.handling:
            cycle = handling.cycle
            for number, (start, _) in enumerate(cycle.stops):
                if start.time_us < cycle.opener.time_us:
                    continue
                promise = promise_without_stop(handling, number)
                if promise is None or start.time_us > promise.end_us:
                    continue
                clock, unit = promise.clock, promise.limit.unit
                used_us, _ = clock.used(unit, start.time_us)
                granted_us, _ = clock.used(unit, promise.end_us)
                if used_us * 100 >= percent * granted_us:
                    yield breach(RULE.name, share.part, cycle, start)


RULE = Rule(
    name="stop-near-limit",
    meaning="承诺时限将满时开始特别程序（临期停表）",
    meaning_en="a special procedure that begins when most of the promised time is used",
    triggers=frozenset({ClockStopped}),
    find=_find,
    read=_read,
    parameters=(("percent", "share of the promised time from which on a stop is one"),),
)
