"""Rules about limits, stops and extensions, which count office time, sentence by sentence.

It stands apart because these alone ask when a limit ends (law of rules §4, §6). Chosen where the
text leaves it open:

- an end is the moment after which a limit has passed (`effective_at`, the last moment of a
  plateau), not the due instant shown to people; what happens at that very instant is in time;
- the promise is the one in force, that is cut where the pack's promise outlasts the statute;
- a stop or an extension is one of a handling cycle, whether or not it counts; a cycle that counts
  as accepted without acceptance has the handling type of its receipt: none;
- "without this and later stops" leaves all extensions that count in place, later ones too;
- a stop before the opening used nothing of the limit, and is not near it;
- used time is that of the settlement: running time of the limit's unit, in both ways of counting;
- with `most` = 0 a second extension is shown by itself alone;
- whether handling is 即办 is what the acceptance says, not the catalogue.

Beyond the letter of §6: a declared promise of no more of the statutory limit's own unit is not
beyond it, even where days off let it end later (three natural days may roll past five).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.oracle.breaches_case import (
    Breach,
    Case,
    Rule,
    acceptance_of,
    breach,
    is_blank,
    is_normal,
)
from tests.oracle.handling_clock import Clock, counted, extensions_that_count, resumptions
from tests.oracle.handling_limit import passing, plain_end
from tests.oracle.known_history import Cycle, Known, instant
from tests.oracle.office_time import NOTHING

# --- limits --------------------------------------------------------------------------------------


def promise_beyond_statute(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find acceptances that declare a promise which ends after the statutory limit."""
    for part, cycle in case.every_cycle():
        said = acceptance_of(cycle)
        if not said.data.get("promised_limit") and not said.data.get("promised_due"):
            continue
        grants, bare = case.grants(cycle), case.bare_clock(cycle)
        if "promised" not in grants or "statutory" not in grants:
            continue
        promised, statutory = grants["promised"], grants["statutory"]
        alike = not promised.declared and promised.unit == statutory.unit
        if alike and promised.amount <= statutory.amount:
            continue  # no more of the same unit, wherever days off let the two end
        if plain_end(bare, promised).effective > plain_end(bare, statutory).effective:
            yield breach(rule, part, cycle, said)


def tolerance_beyond_promise(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find acceptances that give until after the promised end to supply materials (容缺受理)."""
    for part, cycle in case.every_cycle():
        said = acceptance_of(cycle)
        due = (said.data.get("missing_materials") or {}).get("due")
        promised = case.grants(cycle).get("promised") if due else None
        if due is None or promised is None:
            continue
        if instant(due) > plain_end(case.bare_clock(cycle), promised).effective:
            yield breach(rule, part, cycle, said)


def instant_completion(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find normal completions within minutes of an acceptance that is not of 即办 (秒办)."""
    for part, cycle in case.every_cycle():
        said, completion = acceptance_of(cycle), cycle.completion
        if completion is None or not is_normal(completion):
            continue
        if said.data.get("handling_type") in (None, "", "immediate"):
            continue
        taken = completion.time - cycle.opener.time
        if NOTHING <= taken < timedelta(minutes=rule["minutes"]):
            yield breach(rule, part, cycle, said, completion)


# --- stops ---------------------------------------------------------------------------------------


def result_before_application(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find special procedures whose result came when they began, or before."""
    for part, cycle in case.every_cycle():
        resumed = resumptions(cycle.facts)
        stops = _stops(cycle)
        for stop in stops:
            if stop.place in resumed and resumed[stop.place].time == stop.time:
                yield breach(rule, part, cycle, stop, resumed[stop.place])
        paired = {fact.place for fact in resumed.values()}
        for fact in cycle.facts:
            if fact.kind != "clock-resumed" or fact.place in paired:
                continue
            # The facts of a cycle lie in order.
            later = cycle.facts[cycle.facts.index(fact) + 1 :]
            waiting = [stop for stop in stops if stop in later and stop.place not in resumed]
            if waiting:
                yield breach(rule, part, cycle, fact, waiting[0])


def stop_near_limit(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find stops that begin when most of the promised time is used up (临期停表)."""
    for part, cycle in case.every_cycle():
        for stop in _stops(cycle):
            if stop.time < cycle.opener.time:
                continue
            clock, end = _promised_end_without(case, cycle, stop)
            if end is None or stop.time > end:
                continue
            unit = case.grants(cycle)["promised"].unit
            used = counted(clock, unit, clock.opened, stop.time)
            granted = counted(clock, unit, clock.opened, end)
            if used * 100 >= granted * rule["percent"]:
                yield breach(rule, part, cycle, stop)


def resumed_after_promise(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find stops that were resumed just after the promise would have ended without them."""
    for part, cycle in case.every_cycle():
        resumed = resumptions(cycle.facts)
        for stop in _stops(cycle):
            if stop.place not in resumed:
                continue
            resumption = resumed[stop.place]
            _, end = _promised_end_without(case, cycle, stop)
            if end and end < resumption.time <= case.later(end, rule["within"]):
                yield breach(rule, part, cycle, stop, resumption)


def stop_without_notice(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each stop of a cycle that the applicant was not told of in writing."""
    for part, cycle in case.every_cycle():
        for stop in _stops(cycle):
            if is_blank(stop.data.get("notice_at")):
                yield breach(rule, part, cycle, stop)


def stop_not_listed(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each stop of a cycle for a procedure that the pack does not list."""
    listed = case.pack.get("stops", {}).get("procedures")
    for part, cycle in case.every_cycle() if listed is not None else ():
        for stop in _stops(cycle):
            if stop.data["procedure"] not in listed:
                yield breach(rule, part, cycle, stop)


def stop_after_expiry(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each stop that begins after the last limit has passed."""
    yield from _after_expiry(case, rule, "clock-stopped")


def extension_after_expiry(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each extension after the last limit has passed."""
    yield from _after_expiry(case, rule, "extended")


def _after_expiry(case: Case, rule: Rule, kind: str) -> Iterator[Breach]:
    for part, cycle in case.every_cycle():
        late = [fact for fact in cycle.facts if fact.kind == kind]
        grants = case.grants(cycle) if late else {}
        last = grants.get("statutory") or grants.get("promised")
        end = passing(case.clock(cycle), last, 0) if last else None
        for fact in late:
            if end and fact.time > end.effective:
                yield breach(rule, part, cycle, fact)


def _stops(cycle: Cycle) -> list[Known]:
    return [fact for fact in cycle.facts if fact.kind == "clock-stopped"]


def _extensions(cycle: Cycle) -> list[Known]:
    return [fact for fact in cycle.facts if fact.kind == "extended"]


def _promised_end_without(case: Case, cycle: Cycle, stop: Known) -> tuple[Clock, datetime | None]:
    """Return the clock without a stop and later ones, and when its promise passes, if it does."""
    clock, promised = case.clock_before(cycle, stop), case.grants(cycle).get("promised")
    end = passing(clock, promised, 0) if promised else None
    return clock, end.effective if end else None


# --- extensions ----------------------------------------------------------------------------------


def second_extension(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each extension after as many have counted as the pack allows."""
    table = case.pack.get("extensions", {})
    if "most" not in table:
        return
    for part, cycle in case.every_cycle():
        counting = {fact.identity for fact in extensions_that_count(cycle, case.pack)}
        counted_before: list[Known] = []
        for fact in cycle.facts:
            if fact.kind != "extended":
                continue
            if len(counted_before) == table["most"]:
                yield breach(rule, part, cycle, *counted_before[-1:], fact)
            elif fact.identity in counting:
                counted_before.append(fact)


def extension_without_approval(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each extension of a cycle without an approver or without a reason."""
    for part, cycle in case.every_cycle():
        for fact in _extensions(cycle):
            if is_blank(fact.data.get("approver_ref")) or is_blank(fact.data.get("reason")):
                yield breach(rule, part, cycle, fact)


def extension_too_long(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each extension of a cycle longer than the longest allowed for its handling type."""
    rows = case.pack.get("extensions", {}).get("longest", ())
    longest = {row["handling_type"]: row for row in rows}
    for part, cycle in case.every_cycle():
        of_type = acceptance_of(cycle).data.get("handling_type")
        row = longest.get(of_type or "*") or longest.get("*")
        for fact in _extensions(cycle):
            by = fact.data["by"]
            if row and by["unit"] == row["unit"] and by["amount"] > row["amount"]:
                yield breach(rule, part, cycle, fact)
