"""What a new calendar changes: which open limits move, and which cards would have differed.

Each case is judged twice on the same facts, by the calendar it has and by the new one. Nothing
follows from it: cards that were issued stand, and open cases move when the calendar is published.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from ledger.case import Known
from ledger.findings import LEVELS, Level
from ledger.work_calendar import WorkCalendar
from processors.supervision.blame import first_breaches
from processors.supervision.judge import Verdict, judge
from processors.supervision.law import Law, Laws
from processors.supervision.policy import Policy, lives_on_import_time
from processors.supervision.state import CaseState
from processors.supervision.step import cut_over

Effect = Literal["gone", "moved", "added"]
Key = tuple[str | None, str, str | None, str | None, int]
"""What a card is about: part, rule, kind of clock, cycle, rank of its level."""


class MovedLimit(NamedTuple):
    """A limit of a running clock that ends at another instant.

    Attributes:
        cycle: identity of the fact that opened the clock.
        was_due_us, due_us: the instant shown to people, by the calendar it has and by the new one;
            None while an open stop without a cap holds it.
    """

    case: str
    part: str | None
    clock: str
    cycle: str
    limit: str
    department: str | None
    was_due_us: int | None
    due_us: int | None


class DifferentCard(NamedTuple):
    """A card that the new calendar would have given otherwise.

    Attributes:
        effect: issued and would not have been; would have had another instant; would have been
            issued and was not.
        issued_us: `effective_at` of the card the ledger has.
        recomputed_us: of the one the new calendar gives.
    """

    effect: Effect
    case: str
    part: str | None
    rule: str
    clock: str | None
    cycle: str | None
    level: Level
    department: str | None
    issued_us: int | None
    recomputed_us: int | None


class Restated(NamedTuple):
    """What a new calendar changes for one case; `unjudged` if it could not be judged."""

    case: str
    limits: list[MovedLimit]
    cards: list[DifferentCard]
    unjudged: bool = False


class _Recounted(Laws):
    """The law of a case with another version of its calendar."""

    __slots__ = ("_calendar", "_laws")

    def __init__(self, laws: Laws, calendar: WorkCalendar) -> None:
        super().__init__(self._with(laws.standing, calendar))
        self._laws, self._calendar = laws, calendar

    def of(self, opener: Known) -> Law:
        return self._with(self._laws.of(opener), self._calendar)

    def of_case(self, facts: Sequence[Known]) -> Law:
        return self._with(self._laws.of_case(facts), self._calendar)

    @staticmethod
    def _with(law: Law, calendar: WorkCalendar) -> Law:
        return (
            law if law.calendar.spec.name != calendar.spec.name else law._replace(calendar=calendar)
        )


def restate(
    states: Iterable[CaseState],
    policy: Policy,
    calendar: WorkCalendar,
    now_us: int,
    *,
    from_opening: bool = False,
) -> Iterator[Restated]:
    """Yield what a calendar changes, for each case it changes anything for.

    Args:
        states: the cases of one partition.
        policy: with what the partition has published.
        calendar: the new version; cases that count by a calendar of another name are passed over.
        now_us: the instant up to which live cases are judged; others on the time of their import.
        from_opening: compare with the calendar a cycle was opened under, not with that of the last
            plan: for a calendar by which cases were planned anew already.
    """
    for state in states:
        if state.suspended or not state.facts:
            continue
        laws = policy.laws(state.timeline) if from_opening else policy.laws_of(state)
        try:
            restated = _restated(state, laws, calendar, now_us)
        except Exception:  # noqa: BLE001 - what suspends a case does not end the report
            restated = Restated(state.subject, [], [], unjudged=True)
        if restated.limits or restated.cards or restated.unjudged:
            yield restated


def _restated(state: CaseState, laws: Laws, calendar: WorkCalendar, now_us: int) -> Restated:
    is_live = not lives_on_import_time(state.timeline)
    now_us = max(now_us, state.now_us) if is_live else state.now_us
    was = judge(state.facts, laws, now_us, cut_over(state))
    new = judge(state.facts, _Recounted(laws, calendar), now_us, cut_over(state))
    return Restated(
        state.subject, list(_moved(state.subject, was, new)), list(_cards(state, was, new))
    )


def _moved(case: str, was: Verdict, new: Verdict) -> Iterator[MovedLimit]:
    there = {(clock.part, clock.kind, clock.cycle): clock for clock in new.clocks}
    for clock in was.clocks:
        other = there.get((clock.part, clock.kind, clock.cycle))
        if other is None or clock.closed_us is not None:
            continue
        dues = {due.limit.name: due.due_us for due in other.dues}
        for due in clock.dues:
            due_us = dues.get(due.limit.name)
            if due_us != due.due_us:
                yield MovedLimit(
                    case, clock.part, clock.kind, clock.cycle, due.limit.name,
                    clock.responsible().department, due.due_us, due_us,
                )  # fmt: skip


def _cards(state: CaseState, was: Verdict, new: Verdict) -> Iterator[DifferentCard]:
    """Compare issued cards with what the new calendar gives, and both calendars where none is."""
    issued: dict[Key, int] = {card[:5]: card.effective_us for card in state.cards if card.standing}
    departments = {
        (clock.part, clock.kind, clock.cycle): clock.responsible().department
        for clock in (*was.clocks, *new.clocks)
    }
    before, after = _crossed(was), _crossed(new)
    for key in dict.fromkeys((*issued, *after)):
        issued_us, recomputed_us = issued.get(key), after.get(key)
        if issued_us is None and (key in before or recomputed_us is None):
            continue
        if issued_us == recomputed_us:
            continue
        effect: Effect = "moved"
        if issued_us is None:
            effect = "added"
        elif recomputed_us is None:
            effect = "gone"
        part, rule, clock, cycle, rank = key
        department = departments.get((part, clock or "handling", cycle or ""))
        yield DifferentCard(
            effect, state.subject, part, rule, clock, cycle, LEVELS[rank], department,
            issued_us, recomputed_us,
        )  # fmt: skip


def _crossed(verdict: Verdict) -> dict[Key, int]:
    """Return the instants of the levels that a verdict shows; of one instant only the highest.

    A warning counts though its clock is known to have closed since: it was given while it ran.
    """
    found: dict[Key, int] = {}
    for clock in verdict.clocks:
        highest: dict[tuple[str, int], int] = {}
        for mark in clock.marks:
            if not (mark.crossed and mark.possible) or mark.effective_us is None:
                continue
            if mark.effective_us >= verdict.cut_over_us:
                at = mark.threshold.rule, mark.effective_us
                highest[at] = max(mark.threshold.rank, highest.get(at, 0))
        for (rule, effective_us), rank in highest.items():
            found[clock.part, rule, clock.kind, clock.cycle, rank] = effective_us
    for rule_in_force, breach in first_breaches(verdict.breaches):
        if rule_in_force.rank is not None and breach.effective_us >= verdict.cut_over_us:
            key = (breach.part, rule_in_force.name, None, breach.cycle, rule_in_force.rank)
            found[key] = breach.effective_us
    return found
