"""The clocks of complaints and consultations, which are subjects of their own.

It stands apart because their due instants are replaced by people, not moved by time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.oracle.handling_limit import DesignSilent
from tests.oracle.known_history import Known, by_facts
from tests.oracle.laws import Laws
from tests.oracle.other_clocks import Running, after, first


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """A clock of a complaint and the extensions, in order of facts, that name a new due instant."""

    running: Running
    extensions: tuple[Known, ...] = ()


def consultation_clock(facts: Sequence[Known], laws: Laws) -> Iterator[Extended]:
    """Yield the clock of a consultation, if it was asked.

    Raises:
        DesignSilent: an answer came before the question.
    """
    mine = [fact for fact in facts if fact.family == "consultation"]
    asked = first(fact for fact in mine if fact.kind == "asked")
    if asked is None:
        return
    answers = [fact for fact in mine if fact.kind == "answered"]
    if any(by_facts(fact) < by_facts(asked) for fact in answers):
        raise DesignSilent("consultation answered before it was asked")
    yield Extended(
        running=Running(
            kind="consultation",
            opener=asked,
            closer=first(answers),
            due=asked.data.get("due"),
            law=laws.of(asked),
        )
    )


def complaint_clock(facts: Sequence[Known], laws: Laws) -> Iterator[Extended]:
    """Yield the clock of a complaint, if it was accepted.

    Raises:
        DesignSilent: it was extended before it was accepted, or filed with two due instants.
    """
    mine = [fact for fact in facts if fact.family == "complaint"]
    accepted = first(fact for fact in mine if fact.kind == "accepted")
    if accepted is None:
        return
    closer = first(
        fact for fact in after(accepted, mine) if fact.kind in ("answered", "closed", "refused")
    )
    filed = {fact.data["due"] for fact in mine if fact.kind == "filed" and fact.data.get("due")}
    due = accepted.data.get("due")
    if not due and len(filed) > 1:
        raise DesignSilent("complaint filed with several due instants")
    extensions = [fact for fact in mine if fact.kind == "extended" and fact.data.get("due")]
    if any(by_facts(fact) < by_facts(accepted) for fact in extensions):
        raise DesignSilent("complaint extended before it was accepted")
    if closer:
        extensions = [fact for fact in extensions if by_facts(fact) < by_facts(closer)]
    yield Extended(
        running=Running(
            kind="complaint",
            opener=accepted,
            closer=closer,
            due=due or next(iter(filed), None),
            law=laws.of(accepted),
        ),
        extensions=tuple(extensions),
    )
