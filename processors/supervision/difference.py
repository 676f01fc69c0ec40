"""The difference between what should stand and what stands: which findings it gives.

An issued card is an act, not a computation: it is rescinded only where a fact shows that it was not
due, and where the rules as they are now merely disagree with it, that is an anomaly for people.
"""

from collections.abc import Iterator, Mapping

from ledger.case import Disorder
from ledger.fact import Fact, Identity
from ledger.findings import LEVELS, AnomalyFound, CardIssued, CardRescinded, CaseSettled, LimitsSet
from ledger.identifiers import finding_id
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.work_calendar import WorkCalendar
from processors.supervision import findings_of
from processors.supervision.blame import Blame, wrong_cards
from processors.supervision.judge import HANDLING, ClockVerdict, Mark, Verdict
from processors.supervision.policy import Pack
from processors.supervision.state import CardOnFile, CaseState

Emission = tuple[Fact, str]


class Difference:
    """Compares one verdict with one state; `findings` emits in a fixed order."""

    def __init__(
        self, state: CaseState, verdict: Verdict, pack: Pack, calendar: WorkCalendar, cause: str
    ) -> None:
        self._state = state
        self._verdict = verdict
        self._pack = pack
        self._calendar = calendar
        self._cause = cause

    def findings(self, blamed: Mapping[str, Blame]) -> Iterator[Emission]:
        """Yield (data, id): limits, rescissions, cards, settlements, anomalies.

        Limits and settlements are noted in the state here; the caller takes in each other finding
        before it asks for the next.

        Args:
            blamed: the fact to cite by card; a tick can rescind nothing.
        """
        yield from self._withdrawn()
        for clock in self._verdict.clocks:
            yield from self._limits(clock)
        wrong = wrong_cards(self._state, self._verdict)
        for card in [card for card in self._state.cards if card.card_id in wrong]:
            yield from self._wrong_card(card, blamed.get(card.card_id))
        for clock in self._verdict.clocks:
            yield from self._cards(clock)
            yield from self._settled(clock)
        for part, disorder in self._verdict.disorder:
            found = anomaly(self._state, part, disorder, self._cause)
            if found is not None:
                yield found

    def _withdrawn(self) -> Iterator[Emission]:
        """Yield that cycles whose limits were set do not exist (any more)."""
        known = self._state.limits
        gone = set(known).difference((clock.part, clock.cycle) for clock in self._verdict.clocks)
        for part, cycle in [key for key in known if key in gone]:
            del known[part, cycle]
            self._state.settled.pop((part, cycle), None)
            data = findings_of.limits_withdrawn(part, cycle, self._pack, self._calendar)
            yield data, self._id(LimitsSet.TYPE, part, None, cycle, None, self._cause)

    def _limits(self, clock: ClockVerdict) -> Iterator[Emission]:
        """Yield limits that changed, or that run again; a closed clock is then settled anew."""
        key = (clock.part, clock.cycle)
        content = findings_of.limits_signature(clock)
        runs_again = clock.closed_us is None and key in self._state.settled
        if not runs_again and self._state.limits.get(key) == content:
            return
        self._state.limits[key] = content
        self._state.settled.pop(key, None)
        yield (
            findings_of.limits_set(clock, self._pack),
            self._id(LimitsSet.TYPE, clock.part, None, clock.cycle, None, self._cause),
        )

    def _cards(self, clock: ClockVerdict) -> Iterator[Emission]:
        """Yield the highest level crossed, if it is above all that still stand for its rule."""
        highest: dict[str, Mark] = {}
        for mark in clock.marks:
            if mark.crossed and mark.issuable:
                best = highest.get(mark.threshold.rule)
                if best is None or mark.threshold.rank > best.threshold.rank:
                    highest[mark.threshold.rule] = mark
        for rule, mark in highest.items():
            key = (clock.part, rule, HANDLING, clock.cycle)
            of_rule = [card for card in self._state.cards if card[:4] == key]
            rank = mark.threshold.rank
            if any(card.standing and card.rank >= rank for card in of_rule):
                continue
            occurrence = sum(1 for card in of_rule if card.rank == rank)
            card_id = finding_id(
                CardIssued.TYPE, self._state.subject, *key, LEVELS[rank], occurrence
            )
            now_us = self._verdict.now_us
            yield findings_of.card_issued(clock, mark, card_id, now_us, self._pack), card_id

    def _wrong_card(self, card: CardOnFile, blamed: Blame | None) -> Iterator[Emission]:
        if blamed is None:
            found = self._anomaly_of_card("verdict-differs", card, ())
            if found is not None:
                yield found
            return
        id_ = self._id(
            CardRescinded.TYPE, card.part, card.rule, card.cycle, LEVELS[card.rank], self._cause
        )
        yield (
            CardRescinded(card_id=card.card_id, reason=blamed.reason, evidence=(blamed.identity,)),
            id_,
        )
        if blamed.reason == "late_evidence":
            found = self._anomaly_of_card("late-evidence", card, (blamed.identity,))
            if found is not None:
                yield found

    def _settled(self, clock: ClockVerdict) -> Iterator[Emission]:
        if clock.closed_us is None:
            return
        key = (clock.part, clock.cycle)
        data = findings_of.case_settled(clock, self._pack)
        content = findings_of.settled_signature(data)
        if self._state.settled.get(key) == content:
            return
        self._state.settled[key] = content
        yield data, self._id(CaseSettled.TYPE, clock.part, None, clock.cycle, None, self._cause)

    def _id(
        self, type_: str, part: str | None, rule: str | None, cycle: str | None,
        level: str | None, *last: object,
    ) -> str:  # fmt: skip
        return finding_id(type_, self._state.subject, part, rule, HANDLING, cycle, level, *last)

    def _anomaly_of_card(
        self, rule: str, card: CardOnFile, evidence: tuple[Identity, ...]
    ) -> Emission | None:
        data = AnomalyFound(
            rule=rule,
            detail=f"{LEVELS[card.rank]} {card.card_id}",
            part=card.part,
            cycle=card.cycle,
            evidence=(Identity(source=SUPERVISION_SOURCE, id=card.card_id), *evidence),
        )
        return _new_anomaly(self._state, data, self._cause)


def anomaly(state: CaseState, part: str | None, disorder: Disorder, cause: str) -> Emission | None:
    """Return an anomaly that the state has not named yet."""
    return _new_anomaly(state, findings_of.anomaly_found(part, disorder), cause)


def _new_anomaly(state: CaseState, data: AnomalyFound, cause: str) -> Emission | None:
    if findings_of.anomaly_signature(data) in state.anomalies:
        return None
    evidence = [f"{each.source}#{each.id}" for each in data.evidence]
    id_ = finding_id(
        AnomalyFound.TYPE, state.subject, data.part, data.rule, None, data.cycle, None,
        cause, evidence,
    )  # fmt: skip
    return data, id_
