"""The clocks of a case beside handling, each as the sentences of the law tell when it runs.

It stands apart because it knows facts, openings and closings, but neither how time is counted nor
what a threshold is. Every clock is a `Running`: what it is about and from when to when it ran.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.oracle.handling_clock import resumptions
from tests.oracle.handling_limit import DesignSilent
from tests.oracle.known_history import Cycle, Known, by_facts
from tests.oracle.laws import Law

RULES = {
    "handling": "handling-limit",
    "special-procedure": "special-procedure-limit",
    "pre-review": "pre-review-limit",
    "correction-notice": "correction-notice-limit",
    "certificate": "certificate-limit",
    "delivery": "delivery-limit",
    "stage": "stage-limit",
    "part-reply": "part-reply-limit",
    "missing-materials": "missing-materials-limit",
    "consultation": "consultation-limit",
    "complaint": "complaint-limit",
}
"""Every kind of clock and the rule under which a pack names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One clock beside handling: its kind, the fact that opened it, and what closed it, if any.

    `span` or `due` is what the facts or the catalogue grant it; without either the pack's default
    holds. `cycle` is the handling cycle that it belongs to, if it belongs to one; the stops of that
    cycle hold it if `is_held_by_stops`.
    """

    kind: str
    opener: Known
    closer: Known | None
    span: dict[str, Any] | None = None
    due: str | None = None
    cycle: Cycle | None = None
    is_held_by_stops: bool = False
    law: Law

    @property
    def closed(self) -> datetime | None:
        """The instant at which it closed."""
        return self.closer.time if self.closer else None


def clocks_of_cycle(cycle: Cycle, mine: Sequence[Known], law: Law) -> Iterator[Running]:
    """Yield the clocks that a handling cycle has beside its own; `mine` are its part's facts.

    A cycle that was closed before it was opened has none.

    Raises:
        DesignSilent: a stop lies in a cycle that was closed before it was opened.
    """
    if cycle.is_closed_early:
        if _is_on("special-procedure", law) and any(
            fact.data.get("applied") for fact in cycle.facts
        ):
            raise DesignSilent("special procedure of a cycle completed before its acceptance")
        return
    yield from _special_procedures(cycle, law)
    yield from _stages(cycle, law)
    yield from _results(cycle, mine, law)
    yield from _missing_materials(cycle, mine, law)


def first(facts: Iterable[Known | None]) -> Known | None:
    """Return the first of some facts in the order of facts."""
    return min((fact for fact in facts if fact is not None), key=by_facts, default=None)


def after(opener: Known, facts: Iterable[Known]) -> list[Known]:
    """Return the facts that come later than a fact in the order of facts."""
    return [fact for fact in facts if by_facts(fact) > by_facts(opener)]


def _special_procedures(cycle: Cycle, law: Law) -> Iterator[Running]:
    resumed = resumptions(cycle.facts)
    for stop in cycle.facts:
        if stop.kind != "clock-stopped" or not stop.data.get("applied"):
            continue
        ended = cycle.completion
        if ended and ended.data["outcome"] not in law.pack.get("stop_ended_by", ()):
            ended = None
        yield Running(
            kind="special-procedure",
            opener=stop,
            closer=first([resumed.get(stop.place), ended]),
            span=stop.data["applied"],
            cycle=cycle,
            law=law,
        )


def _stages(cycle: Cycle, law: Law) -> Iterator[Running]:
    limits = {
        stage["name"]: stage["limit"]
        for stage in law.matter.get("stages", ())
        if stage.get("limit")
    }
    limits |= cycle.said.get("stage_limits") or {}
    for stage, span in limits.items():
        about = [fact for fact in cycle.facts if fact.data.get("stage") == stage]
        running: Running | None = None
        for fact in sorted(about, key=by_facts):
            if fact.kind != "stage-started":
                continue
            if running and (running.closer is None or by_facts(fact) < by_facts(running.closer)):
                continue
            finished = [each for each in after(fact, about) if each.kind == "stage-finished"]
            running = Running(
                kind="stage",
                opener=fact,
                closer=first([*finished, cycle.closer]),
                span=span,
                cycle=cycle,
                is_held_by_stops=True,
                law=law,
            )
            yield running


def _results(cycle: Cycle, mine: Sequence[Known], law: Law) -> Iterator[Running]:
    """Yield the clocks of the certificate and of its delivery (行政许可法 44)."""
    completion = cycle.completion
    granted = completion is not None and completion.data["outcome"] == "granted"
    has_certificate = granted and bool(
        (completion and completion.data.get("certificate_ref"))
        or law.matter.get("issues_certificate", False)
    )
    inside = [*cycle.facts, *([cycle.closer] if cycle.closer else [])]
    decided = [fact for fact in inside if fact.kind == "decided"]
    openers = {
        "certificate": completion if has_certificate else None,
        "delivery": first(fact for fact in decided if fact.data["outcome"] == "granted"),
    }
    if not decided and has_certificate:
        openers["delivery"] = completion
    handed_over = first(
        fact
        for fact in mine
        if fact.kind in ("certificate-issued", "delivered") and fact.time >= cycle.opener.time
    )
    for kind, opener in openers.items():
        if opener is None or (handed_over and handed_over.time <= opener.time):
            continue
        if _is_on(kind, law) and opener.part != cycle.opener.part:
            raise DesignSilent(f"{kind} of a part that the whole's completion has closed")
        yield Running(kind=kind, opener=opener, closer=handed_over, cycle=cycle, law=law)


def _missing_materials(cycle: Cycle, mine: Sequence[Known], law: Law) -> Iterator[Running]:
    """Yield the clock of 容缺受理, if the acceptance says until when."""
    if cycle.is_deemed:
        return
    due = (cycle.opener.data.get("missing_materials") or {}).get("due")
    if not due:
        return
    came = [
        fact
        for fact in mine
        if fact.kind == "correction-received" and fact.time >= cycle.opener.time
    ]
    # A receipt of the very instant of the acceptance comes before it by rank, and closes it too.
    closer = min([*came, *([cycle.closer] if cycle.closer else [])], key=by_facts, default=None)
    yield Running(
        kind="missing-materials",
        opener=cycle.opener,
        closer=closer,
        due=due,
        cycle=cycle,
        law=law,
    )


def _is_on(kind: str, law: Law) -> bool:
    return bool(law.thresholds(RULES[kind]))
