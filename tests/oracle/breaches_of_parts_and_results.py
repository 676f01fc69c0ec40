"""Rules about joint cases and about what happens outside the system, sentence by sentence.

It stands apart because these look at the whole case, and some wait for what may still come
(law of rules §3, §6). Chosen where the text leaves it open:

- a dispatch awaits its reply while its clock runs: until the part replies, its own handling closes
  or the whole is completed; a further dispatch meanwhile is not shown;
- a part is completed if its last cycle before the whole's completion has been closed, or, never
  accepted, if it names a completion before that;
- a whole that was never accepted is completed by its first completion, in no cycle;
- a part replied without dispatch only if no dispatch of it is known, of whatever time;
- rules of the case without acceptance name the part of the fact and no cycle; so do ratings;
- a rating is wrong where no limit of that name has passed, also where there is none at all, and
  with tags of both lists where one of them is wrong.

Beyond the letter of §6: who was refused acceptance may rate that, so such a case's rating is not
one without acceptance.
"""

from collections.abc import Iterator

from tests.oracle.breaches_case import Breach, Case, Rule, breach, first, is_before
from tests.oracle.handling_limit import passing
from tests.oracle.known_history import Known
from tests.oracle.part_clocks import completions_of_the_whole


def completed_before_parts(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find completions of the whole while a part owes its reply and is not completed either."""
    whole = case.cycles.get(None, [])
    for completion in completions_of_the_whole(case.facts, whole):
        awaited = [
            dispatch
            for part in case.parts()
            if part is not None and (dispatch := _awaited(case, part, completion))
        ]
        if awaited:
            yield breach(rule, None, case.cycle_of(completion), *awaited, completion)


def _awaited(case: Case, part: str, completion: Known) -> Known | None:
    """Return the dispatch whose clock runs when the whole is completed, of a part not completed."""
    cycles = case.cycles[part]
    closers = [cycle.closer for cycle in cycles if cycle.closer]
    wholes = completions_of_the_whole(case.facts, case.cycles.get(None, []))
    ends = {fact.identity for fact in (*closers, *wholes)}
    waiting: Known | None = None
    for fact in case.facts:
        if not is_before(fact, completion):
            break
        if fact.identity in ends or (fact.kind == "part-replied" and fact.part == part):
            waiting = None
        elif fact.kind == "part-dispatched" and fact.part == part:
            waiting = waiting or fact
    return None if _is_completed(case, part, completion) else waiting


def _is_completed(case: Case, part: str, at: Known) -> bool:
    begun = [cycle for cycle in case.cycles[part] if is_before(cycle.opener, at)]
    if begun:
        closer = begun[-1].closer
        return closer is not None and is_before(closer, at)
    return any(is_before(fact, at) for fact in case.in_part(part, "completed"))


def reply_without_dispatch(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each reply of a part that nobody asked; the dispatch may still come for a while."""
    for reply in case.of("part-replied"):
        if not case.in_part(reply.part, "part-dispatched"):
            until = case.later(reply.time, rule["wait"])
            yield breach(rule, reply.part, None, reply, effective=until)


def certificate_without_acceptance(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find the first certificate of a case that nobody accepted (体外循环)."""
    yield from _without_acceptance(case, rule, "certificate-issued")


def fee_without_acceptance(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find the first fee of a case that nobody accepted (体外循环)."""
    yield from _without_acceptance(case, rule, "fee-charged", "fee-paid")


def delivery_without_acceptance(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find the first delivery of a case that nobody accepted (体外循环)."""
    yield from _without_acceptance(case, rule, "delivered")


def rating_without_acceptance(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find the first rating of a case that nobody accepted or refused to accept (体外循环)."""
    if not case.of("acceptance-refused"):
        yield from _without_acceptance(case, rule, "rated")


def _without_acceptance(case: Case, rule: Rule, *kinds: str) -> Iterator[Breach]:
    fact = first(case.of(*kinds))
    if fact and not case.is_accepted():
        until = case.later(fact.time, rule["wait"])
        yield breach(rule, fact.part, None, fact, effective=until)


def rating_says_overdue(case: Case, rule: Rule) -> Iterator[Breach]:
    """Find each bad rating for lateness of a case in which no such limit had passed."""
    for rating in case.of("rated"):
        if int(rating.data["score"]) not in (4, 5):
            continue
        tags = set(rating.data.get("tags") or ())
        about = {
            "statutory": tags & set(rule.get("statutory_tags", ())),
            "promised": tags & set(rule.get("promised_tags", ())),
        }
        if any(said and not _passed(case, limit, rating) for limit, said in about.items()):
            yield breach(rule, rating.part, None, rating)


def _passed(case: Case, limit: str, rating: Known) -> bool:
    """Tell whether a limit of any handling clock was over before a rating."""
    for _, cycle in case.every_cycle():
        clock, grant = case.clock(cycle), case.grants(cycle).get(limit)
        end = passing(clock, grant, 0) if grant else None
        if end is None or end.effective >= rating.time:
            continue
        if clock.closed is None or clock.closed > end.effective:
            return True
    return False
