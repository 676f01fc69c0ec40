"""体外循环: what follows a decision, on record for a case of which nobody recorded an acceptance.

It stands apart because four rules differ only in the fact that shows it.
"""

from collections.abc import Callable, Iterator

from ledger.case import Known
from ledger.case_events import CaseAccepted
from ledger.fact import Fact, Limit
from processors.supervision.case_file import Breach, CaseFile
from processors.supervision.clock import span_later
from processors.supervision.law import Law
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState


def without_acceptance(
    name: str,
    meaning: str,
    meaning_en: str,
    *kinds: type[Fact],
    excused_by: tuple[type[Fact], ...] = (),
) -> Rule:
    """Return the rule that the first fact of these kinds breaks where no acceptance is known.

    An acceptance that comes to be known within the rule's `wait` puts it right, and so does a fact
    of a kind that excuses it.
    """
    return Rule(
        name=name,
        meaning=meaning,
        meaning_en=meaning_en,
        triggers=frozenset(kinds),
        find=_finder(name, kinds, excused_by),
        read=_read,
        parameters=(("wait", "time for which an acceptance reported later is waited for"),),
        heeds=_heeds,
    )


def _read(entry: PackReader) -> Limit:
    return entry.span("wait")


def _finder(
    name: str, kinds: tuple[type[Fact], ...], excused_by: tuple[type[Fact], ...]
) -> Callable[[CaseFile, Limit], Iterator[Breach]]:
    def find(case: CaseFile, wait: Limit) -> Iterator[Breach]:
        for share in case.shares:
            if share.handling:
                return
        if any(isinstance(known.fact, excused_by) for known in case.facts):
            return
        for known in case.facts:
            if isinstance(known.fact, kinds):
                part: str | None = getattr(known.fact, "part", None)
                pack, calendar, _ = case.law
                until_us = span_later(calendar, pack.counting, known.time_us, wait)
                yield Breach(name, part, None, (known,), until_us, waits=True)
                return

    return find


def _heeds(state: CaseState, _known: Known, _law: Law) -> bool:
    return not any(isinstance(each.fact, CaseAccepted) for each in state.facts)
