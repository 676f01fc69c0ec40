"""Which fact shows that a standing card was not due: what a rescission must cite.

Only a fact that was stepped at or after the card's detection can be blamed. Where a card stands
wrongly whatever fact is left out, rules or calendar have changed, and that is for people.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from ledger.case import Known
from ledger.case_events import CaseAmended
from ledger.fact import Identity
from processors.supervision.case_file import Breach
from processors.supervision.judge import Verdict
from processors.supervision.pack import RuleInForce
from processors.supervision.state import CaseState


class Blame(NamedTuple):
    """The fact a rescission cites, and what kind of evidence it is."""

    identity: Identity
    reason: Literal["late_evidence", "amendment"]


def wrong_cards(state: CaseState, verdict: Verdict) -> frozenset[str]:
    """Return the ids of standing cards, not touched by people, that a verdict does not show."""
    standing = [card for card in state.cards if card.standing and not card.by_people]
    if not standing:
        return frozenset()
    shown: set[tuple[object, ...]] = {
        (clock.part, mark.threshold.rule, clock.kind, clock.cycle, mark.threshold.rank,
         mark.effective_us)
        for clock in verdict.clocks
        for mark in clock.marks
        if mark.crossed
    }  # fmt: skip
    shown.update(
        (breach.part, rule.name, None, breach.cycle, rule.rank, breach.effective_us)
        for rule, breach in first_breaches(verdict.breaches)
    )
    return frozenset(
        card.card_id for card in standing if (*card[:5], card.effective_us) not in shown
    )


def first_breaches(
    breaches: Iterable[tuple[RuleInForce, Breach]],
) -> list[tuple[RuleInForce, Breach]]:
    """Return the earliest breach of each rule, part and cycle that the pack makes a card."""
    first: dict[tuple[str, str | None, str | None], tuple[RuleInForce, Breach]] = {}
    for rule, breach in breaches:
        key = (breach.rule, breach.part, breach.cycle)
        if rule.rank is None:
            continue
        if key not in first or breach.effective_us < first[key][1].effective_us:
            first[key] = (rule, breach)
    return list(first.values())


def blamed(
    state: CaseState, candidates: Sequence[Known], judged: Callable[[Sequence[Known]], Verdict]
) -> dict[str, Blame]:
    """Return for each card that stands wrongly the candidate that made it so.

    That is the first one without which the card would stand rightly; where several would each do,
    the first that does it alone.

    Args:
        state: the case with all its facts and cards.
        candidates: facts of it that may be blamed, in log order; usually the one at hand, after a
            suspension all that came meanwhile.
        judged: gives the verdict on some of the facts; may raise.
    """
    wrong = _wrong(state, state.facts, judged) or frozenset()
    orders = {known.order for known in candidates}
    before = [known for known in state.facts if known.order not in orders]
    always_wrong = _wrong(state, before, judged) or frozenset()
    found: dict[str, Blame] = {}
    for candidate in candidates:
        others = [known for known in state.facts if known is not candidate]
        without = _wrong(state, others, judged)
        if without is not None:
            _blame(found, candidate, wrong - without - always_wrong)
    for candidate in candidates:
        alone = _wrong(state, sorted([*before, candidate]), judged)
        if alone is not None:
            _blame(found, candidate, (wrong & alone) - always_wrong)
    return found


def _blame(found: dict[str, Blame], known: Known, card_ids: frozenset[str]) -> None:
    identity = Identity(source=known.source, id=known.id)
    amends = isinstance(known.fact, CaseAmended)
    for card_id in card_ids:
        found.setdefault(card_id, Blame(identity, "amendment" if amends else "late_evidence"))


def _wrong(
    state: CaseState, facts: Sequence[Known], judged: Callable[[Sequence[Known]], Verdict]
) -> frozenset[str] | None:
    """Return the cards that some of the facts leave wrong; None where these cannot be judged."""
    try:
        return wrong_cards(state, judged(facts))
    except Exception:  # noqa: BLE001 - what suspended the case may still be among these facts
        return None
