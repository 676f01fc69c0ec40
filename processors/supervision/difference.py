"""The difference between what should stand and what stands: which findings it gives.

An issued card is an act, not a computation: it is rescinded only where a fact shows that it was not
due, and where the rules as they are now merely disagree with it, that is an anomaly for people.
"""

from collections.abc import Iterator, Mapping

from ledger.case import Disorder
from ledger.fact import Fact, Identity
from ledger.findings import (
    LEVELS,
    AnomalyFound,
    CardIssued,
    CardRescinded,
    CaseSettled,
    DeemedAccepted,
    LimitsSet,
)
from ledger.identifiers import finding_id
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.record import instant
from processors.supervision import findings_of
from processors.supervision.blame import Blame, first_breaches, wrong_cards
from processors.supervision.judge import Verdict
from processors.supervision.state import HANDLING, CardOnFile, CaseState
from processors.supervision.verdict import ClockVerdict, Mark

Emission = tuple[Fact, str]


class Difference:
    """Compares one verdict with one state; `findings` emits in a fixed order."""

    def __init__(
        self, state: CaseState, verdict: Verdict, cause: str, *, tells_limits: bool = True
    ) -> None:
        self._state = state
        self._verdict = verdict
        self._cause = cause
        self._tells_limits = tells_limits

    def findings(self, blamed: Mapping[str, Blame]) -> Iterator[Emission]:
        """Yield (data, id): deemed acceptances, limits, rescissions, cards, settlements, anomalies.

        Limits and settlements are noted in the state here; the caller takes in each other finding
        before it asks for the next.

        Args:
            blamed: the fact to cite by card; a tick can rescind nothing.
        """
        if self._verdict.deemed or self._state.deemed:
            yield from self._deemed()
        if self._state.limits:
            yield from self._withdrawn()
        yield from filter(None, map(self._limits, self._verdict.clocks))
        wrong = wrong_cards(self._state, self._verdict)
        for card in [card for card in self._state.cards if card.card_id in wrong]:
            yield from self._wrong_card(card, blamed.get(card.card_id))
        for clock in self._verdict.clocks:
            yield from filter(None, (self._card(clock), self._settled(clock)))
        for part, disorder in self._verdict.disorder:
            found = anomaly(self._state, part, disorder, self._cause)
            if found is not None:
                yield found
        if self._verdict.breaches:
            yield from self._breaches()

    def _deemed(self) -> Iterator[Emission]:
        """Yield receipts at which the case counts as accepted, and where it no longer does."""
        law, state = self._verdict.law, self._state
        now = {(part, receipt.name): receipt for part, receipt in self._verdict.deemed}
        for part, cycle in [key for key in state.deemed if key not in now]:
            receipt = next((known for known in state.facts if known.name == cycle), None)
            at_us = self._verdict.now_us if receipt is None else receipt.time_us
            data = DeemedAccepted(
                part=part,
                cycle=cycle,
                effective_at=instant(at_us, findings_of.calendar_zone(law.calendar)),
                withdrawn=True,
            )
            yield (
                data,
                self._id(DeemedAccepted.TYPE, part, None, HANDLING, cycle, None, self._cause),
            )
        for (part, cycle), receipt in now.items():
            if (part, cycle) not in state.deemed:
                told = findings_of.deemed_accepted(part, receipt, law)
                id_ = self._id(told.TYPE, part, None, HANDLING, cycle, None, self._cause)
                yield told, id_

    def _withdrawn(self) -> Iterator[Emission]:
        """Yield that clocks whose limits were set do not exist (any more)."""
        known = self._state.limits
        there = {(clock.part, clock.kind, clock.cycle) for clock in self._verdict.clocks}
        if known.keys() <= there:
            return
        for part, kind, cycle in [key for key in known if key not in there]:
            del known[part, kind, cycle]
            if kind == HANDLING:
                self._state.settled.pop((part, cycle), None)
            if self._tells_limits:
                data = findings_of.limits_withdrawn(part, kind, cycle, self._verdict.law)
                yield data, self._id(LimitsSet.TYPE, part, None, kind, cycle, None, self._cause)

    def _limits(self, clock: ClockVerdict) -> Emission | None:
        """Return limits that changed, or that run again; a closed clock is then settled anew."""
        key = (clock.part, clock.kind, clock.cycle)
        content = findings_of.limits_signature(clock)
        settled = self._state.settled
        runs_again = (
            clock.closed_us is None and clock.kind == HANDLING and (key[0], key[2]) in settled
        )
        if not runs_again and self._state.limits.get(key) == content:
            return None
        self._state.limits[key] = content
        if clock.kind == HANDLING:
            settled.pop((key[0], key[2]), None)
        if not self._tells_limits:
            return None
        id_ = self._id(LimitsSet.TYPE, key[0], None, key[1], key[2], None, self._cause)
        return findings_of.limits_set(clock), id_

    def _card(self, clock: ClockVerdict) -> Emission | None:
        """Return the highest level crossed, if it is above all that still stand for its rule."""
        highest: Mark | None = None
        for mark in clock.marks:
            if not mark.crossed or not mark.issuable:
                continue
            if highest is None or mark.threshold.rank > highest.threshold.rank:
                highest = mark
        if highest is None:
            return None
        key = (clock.part, highest.threshold.rule, clock.kind, clock.cycle)
        card_id = self._new_card(key, highest.threshold.rank)
        if card_id is None:
            return None
        return findings_of.card_issued(clock, highest, card_id, self._verdict.now_us), card_id

    def _new_card(
        self, key: tuple[str | None, str, str | None, str | None], rank: int
    ) -> str | None:
        """Return the id of a card to be issued; None where one at least as high stands."""
        of_rule = [card for card in self._state.cards if card[:4] == key]
        if any(card.standing and card.rank >= rank for card in of_rule):
            return None
        occurrence = sum(1 for card in of_rule if card.rank == rank)
        subject = self._state.subject
        return finding_id(CardIssued.TYPE, subject, *key, LEVELS[rank], occurrence)

    def _breaches(self) -> Iterator[Emission]:
        """Yield a finding, or the pack's card, for each broken rule."""
        for rule, breach in self._verdict.breaches:
            if rule.rank is None:
                disorder = Disorder(breach.rule, breach.cycle, breach.evidence)
                found = anomaly(self._state, breach.part, disorder, self._cause)
                if found is not None:
                    yield found
        for rule, breach in first_breaches(self._verdict.breaches):
            if rule.rank is None or breach.effective_us < self._verdict.cut_over_us:
                continue
            card_id = self._new_card((breach.part, rule.name, None, breach.cycle), rule.rank)
            if card_id is not None:
                yield findings_of.card_of_breach(self._verdict, rule, breach, card_id), card_id

    def _wrong_card(self, card: CardOnFile, blamed: Blame | None) -> Iterator[Emission]:
        if blamed is None:
            found = self._anomaly_of_card("verdict-differs", card, ())
            if found is not None:
                yield found
            return
        id_ = self._id(
            CardRescinded.TYPE, card.part, card.rule, card.clock, card.cycle, LEVELS[card.rank],
            self._cause,
        )  # fmt: skip
        yield (
            CardRescinded(card_id=card.card_id, reason=blamed.reason, evidence=(blamed.identity,)),
            id_,
        )
        if blamed.reason == "late_evidence":
            found = self._anomaly_of_card("late-evidence", card, (blamed.identity,))
            if found is not None:
                yield found

    def _settled(self, clock: ClockVerdict) -> Emission | None:
        """Return the settlement of a closed handling clock, if it is not what was settled."""
        if clock.closed_us is None or clock.kind != HANDLING:
            return None
        key = (clock.part, clock.cycle)
        figures = findings_of.figures_of(clock)
        content = findings_of.settlement_signature(clock, figures)
        if self._state.settled.get(key) == content:
            return None
        self._state.settled[key] = content
        if not self._tells_limits:
            return None
        data = findings_of.case_settled(clock, figures)
        return data, self._id(CaseSettled.TYPE, key[0], None, HANDLING, key[1], None, self._cause)

    def _id(self, type_: str, *about: str | None) -> str:
        """Return an id from part, rule, clock, cycle, level and cause."""
        return finding_id(type_, self._state.subject, *about)

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
