"""Rules about reasons, materials and the order in which a case is accepted, sentence by sentence.

It stands apart because these rules look at facts alone, without counting any office time
(law of rules §6). Chosen where the text leaves it open:

- a completion is looked at once, as a fact of its own part, also where it closed other parts; the
  breach names no cycle;
- facts of the acceptance question (refusal, 补正) belong to no cycle;
- "before its first acceptance" means an acceptance that was recorded, not one that is deemed;
- a round of 补正 begins with its first request and ends with the first receipt after it, and the
  part is named once, at the first request too many;
- which facts lie between two others is decided by the order of facts.
"""

from collections.abc import Iterator

from tests.oracle.breaches_case import (
    Breach,
    Case,
    Part,
    Rule,
    acceptance_of,
    breach,
    first,
    is_before,
    is_blank,
    is_normal,
)
from tests.oracle.known_history import Cycle, Known

HANDLING = (
    *("transferred", "stage-started", "stage-finished"),
    *("clock-stopped", "clock-resumed", "extended"),
)
"""What is done with a case that has been accepted."""


def outcome_without_reason(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each completion, repeated ones too, whose outcome needs a reason and has none."""
    for fact in case.of("completed"):
        if fact.data["outcome"] in rule["outcomes"] and is_blank(fact.data.get("reason")):
            yield breach(rule, fact.part, None, fact)


def refusal_without_reason(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each refusal of acceptance that gives no reason."""
    for fact in case.of("acceptance-refused"):
        if is_blank(fact.data.get("reason")):
            yield breach(rule, fact.part, None, fact)


def materials_incomplete(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find normal completions of cycles accepted with too few materials, if none came since."""
    for part, cycle in case.every_cycle():
        acceptance, completion = acceptance_of(cycle), cycle.completion
        materials = acceptance.data.get("materials") or {}
        submitted, required = materials.get("submitted"), materials.get("required")
        if completion is None or not is_normal(completion):
            continue
        if submitted is None or required is None or int(submitted) >= int(required):
            continue
        tolerated = acceptance.data.get("missing_materials") is not None
        if tolerated and _came_between(case, part, acceptance, completion):
            continue
        yield breach(rule, part, cycle, acceptance, completion)


def _came_between(case: Case, part: Part, acceptance: Known, completion: Known) -> bool:
    return any(
        is_before(acceptance, fact) and is_before(fact, completion)
        for fact in case.in_part(part, "correction-received")
    )


def repeated_correction_notice(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find parts whose applicant was told more than once what to correct, before acceptance."""
    for part in case.parts():
        accepted = first(case.in_part(part, "accepted"))
        requests = [
            fact
            for fact in case.in_part(part, "correction-requested")
            if accepted is None or is_before(fact, accepted)
        ]
        if len(requests) > rule["most"]:
            yield breach(rule, part, None, *requests[: rule["most"] + 1])


def correction_to_and_fro(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find parts in which a request follows `rounds` completed rounds of request and receipt."""
    for part in case.parts():
        shown: list[Known] = []
        rounds, is_waiting = 0, False
        for fact in case.in_part(part, "correction-requested", "correction-received"):
            if fact.kind == "correction-requested" and not is_waiting:
                shown.append(fact)
                is_waiting = True
                if rounds >= rule["rounds"]:
                    yield breach(rule, part, None, *shown)
                    break
            elif fact.kind == "correction-received" and is_waiting:
                shown.append(fact)
                is_waiting = False
                rounds += 1


def correction_before_notice(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each receipt of corrections that no request precedes but one follows."""
    for part in case.parts():
        requests = case.in_part(part, "correction-requested")
        for receipt in case.in_part(part, "correction-received"):
            if requests and is_before(receipt, requests[0]):
                yield breach(rule, part, None, receipt, requests[0])


def correction_without_list(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each request for correction that lists nothing to correct (补办无一次性清单)."""
    for fact in case.of("correction-requested"):
        if all(is_blank(item) for item in fact.data.get("items") or ()):
            yield breach(rule, fact.part, None, fact)


def completed_before_accepted(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find cycles that a fact of an earlier time than their opening closed."""
    for part, cycle in case.every_cycle():
        if cycle.closer and cycle.closer.time < cycle.opener.time:
            yield breach(rule, part, cycle, cycle.closer, cycle.opener)


def handled_before_acceptance(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find the first act of handling of an earlier time than the opening of its part's cycle."""
    for part, cycles in case.cycles.items():
        if not cycles:
            continue
        opener = cycles[0].opener
        early = [fact for fact in case.in_part(part, *HANDLING) if fact.time < opener.time]
        if early:
            yield breach(rule, part, cycles[0], early[0], opener)


def repeated_transfer(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find cycles handed over `times` times between the same two departments (反复移交)."""
    for part, cycle in case.every_cycle():
        between: dict[frozenset[str], list[Known]] = {}
        for fact in _transfers(cycle):
            pair = frozenset((fact.data["from_department"], fact.data["to_department"]))
            between.setdefault(pair, []).append(fact)
        for transfers in between.values():
            if len(transfers) >= rule["times"]:
                yield breach(rule, part, cycle, *transfers[: rule["times"]])


def _transfers(cycle: Cycle) -> Iterator[Known]:
    for fact in cycle.facts:
        if fact.kind != "transferred":
            continue
        origin, target = fact.data.get("from_department"), fact.data.get("to_department")
        if not is_blank(origin) and not is_blank(target) and origin != target:
            yield fact
