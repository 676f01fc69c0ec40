"""The clocks of a part that no handling cycle owns: acceptance questions, and replies of parts.

It stands apart because these run before there is a cycle, and one of them makes one (视为受理).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.oracle.handling_limit import DesignSilent
from tests.oracle.known_history import Cycle, Known, by_facts
from tests.oracle.laws import Law, Laws
from tests.oracle.other_clocks import RULES, Running, after, first

ANSWERS = ("accepted", "acceptance-refused", "completed")


def acceptance_questions(mine: Sequence[Known], laws: Laws) -> Iterator[Running]:
    """Yield the pre-review and correction-notice clocks of one part; `mine` are its facts.

    One opens at a receipt when none of its kind is open and no acceptance has come before.
    """

    def is_online(receipt: Known, law: Law) -> bool:
        return receipt.data.get("channel") in law.pack.get("online_channels", ())

    def is_any(_receipt: Known, _law: Law) -> bool:
        return True

    def ends_pre_review(fact: Known) -> bool:
        return fact.kind in ANSWERS or fact.kind == "pre-reviewed"

    def ends_notice(fact: Known) -> bool:
        if fact.kind == "pre-reviewed":
            return fact.data["result"] in ("refused", "correction")
        return fact.kind in ANSWERS or fact.kind == "correction-requested"

    yield from _questions("pre-review", mine, laws, is_online, ends_pre_review)
    yield from _questions("correction-notice", mine, laws, is_any, ends_notice)


def _questions(
    kind: str,
    mine: Sequence[Known],
    laws: Laws,
    opens: Callable[[Known, Law], bool],
    ends: Callable[[Known], bool],
) -> Iterator[Running]:
    open_until: Known | None = None
    is_open = False
    for fact in mine:
        if fact.kind == "accepted":
            return
        if is_open and open_until and by_facts(fact) >= by_facts(open_until):
            is_open = False
        law = laws.of(fact)
        if is_open or fact.kind != "received" or not law.thresholds(RULES[kind]):
            continue
        if opens(fact, law):
            is_open = True
            open_until = first(each for each in after(fact, mine) if ends(each))
            yield Running(kind=kind, opener=fact, closer=open_until, law=law)


def refuse_questions_after_deemed(questions: Sequence[Running], deemed_at: Known | None) -> None:
    """Refuse an acceptance question that opens after the part counted as accepted.

    Raises:
        DesignSilent: there is one.
    """
    for question in questions:
        if deemed_at and by_facts(question.opener) > by_facts(deemed_at):
            raise DesignSilent("acceptance question opened after a deemed acceptance")


def part_replies(
    facts: Sequence[Known],
    cycles: Mapping[str | None, Sequence[Cycle]],
    laws: Laws,
) -> Iterator[Running]:
    """Yield the part-reply clocks of a joint case; `facts` are those of all parts.

    Raises:
        DesignSilent: a completion without acceptance, or a repeated one, would close one.
    """
    for part in sorted({fact.part for fact in facts if fact.part is not None}):
        mine = [fact for fact in facts if fact.part == part]
        closers = [fact for fact in mine if fact.kind == "part-replied"]
        closers += [cycle.closer for cycle in cycles[part] if cycle.closer]
        closers += completions_of_the_whole(facts, cycles.get(None, ()))
        running: Running | None = None
        for fact in mine:
            if fact.kind != "part-dispatched":
                continue
            if running and (running.closer is None or by_facts(fact) < by_facts(running.closer)):
                continue
            law = laws.of(fact)
            running = Running(
                kind="part-reply",
                opener=fact,
                closer=first(after(fact, closers)),
                due=fact.data.get("due"),
                law=law,
            )
            if law.thresholds(RULES["part-reply"]):
                _refuse_doubtful_closers(running, facts, cycles[part], law)
                yield running


def _refuse_doubtful_closers(
    running: Running, facts: Sequence[Known], own: Sequence[Cycle], law: Law
) -> None:
    part = running.opener.part
    doubtful = [fact for fact in facts if fact.part is None and fact.kind == "completed"]
    if not own:
        doubtful += [f for f in facts if f.part == part and f.kind in law.pack["closes"]]
    closer = first(after(running.opener, doubtful))
    if closer and (running.closer is None or by_facts(closer) < by_facts(running.closer)):
        raise DesignSilent("completion without acceptance, or repeated, while a reply is awaited")


def completions_of_the_whole(facts: Sequence[Known], whole: Sequence[Cycle]) -> list[Known]:
    """Return the completions of the whole that change something; a repeated one does not.

    Where the whole was never accepted its first completion is the one.
    """
    completed = [fact for fact in facts if fact.part is None and fact.kind == "completed"]
    if not whole:
        return completed[:1]
    counting = [fact for cycle in whole for fact in (cycle.closer, cycle.completion)]
    return [fact for fact in completed if fact in counting]


def refuse_repeated_completion(
    facts: Sequence[Known], cycles: Mapping[str | None, Sequence[Cycle]]
) -> None:
    """Refuse a repeated completion of the whole while a part is open.

    Raises:
        DesignSilent: there is one.
    """
    counting = completions_of_the_whole(facts, cycles.get(None, ()))
    for fact in facts:
        if fact.part is not None or fact.kind != "completed" or fact in counting:
            continue
        for part, own in cycles.items():
            if part is not None and any(_is_open_at(cycle, fact) for cycle in own):
                raise DesignSilent("repeated completion of the whole while a part is open")


def _is_open_at(cycle: Cycle, fact: Known) -> bool:
    began = by_facts(cycle.opener) < by_facts(fact)
    return began and (cycle.closer is None or by_facts(cycle.closer) > by_facts(fact))
