"""评价称超期而台账未超期: a bad rating says that a limit was missed, and by the ledger none was.

Either the applicant is mistaken or what was recorded is not what happened.
"""

from collections.abc import Iterator

from ledger.case import Known
from ledger.case_events import CaseRated
from ledger.findings import LimitName
from processors.supervision.case_file import Breach, CaseFile, breach
from processors.supervision.law import Law
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules.limit_reading import due_of
from processors.supervision.rules.rule import Rule
from processors.supervision.state import CaseState

_BAD = 4


Tags = tuple[tuple[LimitName, frozenset[str]], ...]
"""Tags that say a limit was missed, by that limit."""


def _read(entry: PackReader) -> Tags:
    return (
        ("statutory", frozenset(entry.texts("statutory_tags"))),
        ("promised", frozenset(entry.texts("promised_tags"))),
    )


def _find(case: CaseFile, tags: Tags) -> Iterator[Breach]:
    for known in case.facts:
        fact = known.fact
        if not isinstance(fact, CaseRated) or fact.score < _BAD or not fact.tags:
            continue
        if any(
            not says.isdisjoint(fact.tags) and not _has_passed(case, limit, known.time_us)
            for limit, says in tags
        ):
            yield breach(RULE.name, fact.part, None, known)


def _has_passed(case: CaseFile, name: LimitName, until_us: int) -> bool:
    """Whether a running handling clock of the case had passed a limit before an instant."""
    for share in case.shares:
        for _, clock in share.handling:
            due = due_of(clock, name)
            if due is None or due.effective_us is None:
                continue
            ran_until_us = until_us
            if clock.closed_us is not None:
                ran_until_us = min(clock.closed_us, until_us)
            if ran_until_us > due.effective_us:
                return True
    return False


def _heeds(_state: CaseState, known: Known, _law: Law) -> bool:
    fact = known.fact
    return isinstance(fact, CaseRated) and fact.score >= _BAD and bool(fact.tags)


RULE = Rule(
    name="rating-says-overdue",
    meaning="差评称超过时限，而台账记录未超期",
    meaning_en="a bad rating says that a limit was missed, and the ledger shows none",
    triggers=frozenset({CaseRated}),
    find=_find,
    read=_read,
    parameters=(
        ("statutory_tags", "tags that say the statutory limit was missed"),
        ("promised_tags", "tags that say the promised limit was missed"),
    ),
    heeds=_heeds,
)
