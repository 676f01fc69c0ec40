"""The breaches of rules of procedure and truthfulness that a case's facts show, and their findings.

It stands apart because it is all that a test calls: facts and a pack in, breaches or findings out.
The rules are in `breaches_of_*`, each the plain sentence of the law of rules §6; what was chosen
where that is silent is told at the head of each of these files, and here:

- `cycle` is the handling cycle inside which the shown facts lie, or that the rule speaks of. A fact
  after the close of its cycle lies in none; facts of the acceptance question and of dispatch never
  do. Rules that look at such facts, at completions by themselves or at ratings name no cycle;
- all rules go by the pack and the office given, and by the matter if the cycle is about its code;
- the order of breaches, and of findings of one judged instant, is: the pack's order of rules, then
  the whole before the parts by name, then the order of facts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.oracle import breaches_of_acceptance as acceptance
from tests.oracle import breaches_of_fees_and_stages as fees_and_stages
from tests.oracle import breaches_of_parts_and_results as parts_and_results
from tests.oracle import breaches_of_time as times
from tests.oracle.breaches_case import Breach, Case, Rule, case_of
from tests.oracle.grants import grant_of
from tests.oracle.handling_clock import plain_clock
from tests.oracle.handling_limit import INSTANT, passing
from tests.oracle.known_history import Event, Identity, identity_of, instant
from tests.oracle.office_time import Office
from tests.oracle.part_clocks import acceptance_questions

__all__ = ["RULES", "WAITING", "Breach", "Finding", "breaches", "rule_findings"]

Finding = dict[str, Any]

RULES: dict[str, Callable[[Case, Rule], Iterator[Breach]]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        acceptance.outcome_without_reason,
        acceptance.refusal_without_reason,
        acceptance.materials_incomplete,
        fees_and_stages.fee_though_free,
        fees_and_stages.fee_missing,
        fees_and_stages.fee_other_than_basis,
        times.result_before_application,
        acceptance.repeated_correction_notice,
        acceptance.correction_to_and_fro,
        acceptance.correction_before_notice,
        acceptance.correction_without_list,
        acceptance.completed_before_accepted,
        acceptance.handled_before_acceptance,
        fees_and_stages.stage_count_differs,
        fees_and_stages.stage_out_of_order,
        times.promise_beyond_statute,
        times.tolerance_beyond_promise,
        parts_and_results.completed_before_parts,
        parts_and_results.reply_without_dispatch,
        times.instant_completion,
        times.stop_near_limit,
        times.resumed_after_promise,
        times.stop_without_notice,
        times.stop_not_listed,
        times.stop_after_expiry,
        times.extension_after_expiry,
        times.second_extension,
        times.extension_without_approval,
        times.extension_too_long,
        acceptance.repeated_transfer,
        parts_and_results.certificate_without_acceptance,
        parts_and_results.fee_without_acceptance,
        parts_and_results.delivery_without_acceptance,
        parts_and_results.rating_without_acceptance,
        parts_and_results.rating_says_overdue,
    )
}
"""Every rule by the name under which a pack lists it."""

WAITING = frozenset(
    (
        "reply-without-dispatch",
        "certificate-without-acceptance",
        "fee-without-acceptance",
        "delivery-without-acceptance",
        "rating-without-acceptance",
    )
)
"""Rules that wait for what may still come: found once `now` > effective instant + grace."""


def breaches(
    known_facts: Sequence[Event],
    pack: dict[str, Any],
    office: Office,
    matter: dict[str, Any] | None = None,
    now: datetime | None = None,
) -> list[Breach]:
    """Return all breaches of the pack's rules that the facts of one case known so far show.

    Rules that wait are among them, also while their effective instant has not come. `now` decides
    what counts as accepted; it is the last recording if not given.

    Raises:
        DesignSilent: the law does not say what these facts lead to.
        KeyError: the pack lists a rule that the oracle does not know.
    """
    known = _without_repeats(known_facts)
    if not known:
        return []
    moment = now or max(instant(event["recordedtime"]) for event in known)
    case = case_of(known, pack, office, matter, moment)
    found: dict[Breach, None] = {}
    for rule in pack.get("rule", ()):
        own = RULES[rule["name"]](case, rule)
        found |= dict.fromkeys(sorted(own, key=lambda each: _order(each, case)))
    return list(found)


def rule_findings(
    log: Iterable[Event],
    pack: dict[str, Any],
    office: Office,
    until: datetime,
    matter: dict[str, Any] | None = None,
) -> list[Finding]:
    """Return every anomaly of a case's log in the order judged, with time running on to `until`.

    Each is named once and never taken back. Rules that the pack makes cards are left out. Besides
    records, these instants are judged: where a waiting rule shows, and where a receipt comes to
    count as an acceptance.

    Raises:
        DesignSilent: the law does not say what this history leads to.
    """
    anomalies = [rule for rule in pack.get("rule", ()) if not rule.get("card")]
    course = _Course({**pack, "rule": anomalies}, office, matter)
    for event in _without_repeats(log):
        recorded = instant(event["recordedtime"])
        course.run_to(max(recorded, course.now or recorded))
        course.known.append(event)
        course.judge()
    course.run_to(until)
    return course.found


class _Course:
    """One case as its records come in and time goes by."""

    def __init__(self, pack: dict[str, Any], office: Office, matter: dict[str, Any] | None) -> None:
        self.pack, self.office, self.matter = pack, office, matter
        rules = [rule for rule in pack["rule"] if rule["name"] in WAITING]
        self.waiting = {**pack, "rule": rules}
        self.grace = timedelta(seconds=pack["report_grace_seconds"])
        self.known: list[Event] = []
        self.found: list[Finding] = []
        self.now: datetime | None = None
        self._named: set[tuple[object, ...]] = set()

    def run_to(self, until: datetime) -> None:
        """Judge at each instant up to `until` at which time alone shows something."""
        while self.now is not None and self.known:
            ends = {each.effective for each in self._breaches(self.waiting)}
            ends |= _lapses(case_of(self.known, self.pack, self.office, self.matter, self.now))
            ticks = {end + self.grace + INSTANT for end in ends}
            tick = min((each for each in ticks if self.now < each <= until), default=None)
            if tick is None:
                break
            self.now = tick
            self.judge()
        self.now = until

    def judge(self) -> None:
        """Name what is new at this moment."""
        assert self.now is not None
        for each in self._breaches(self.pack):
            about = each[:4]
            is_shown = each.rule not in WAITING or self.now > each.effective + self.grace
            if about not in self._named and is_shown:
                self._named.add(about)
                named = {"rule": each.rule, "part": each.part, "cycle": each.cycle}
                told = {"kind": "anomaly-found", "at": self.now, **named}
                self.found.append({**told, "evidence": each.evidence})

    def _breaches(self, pack: dict[str, Any]) -> list[Breach]:
        return breaches(self.known, pack, self.office, self.matter, self.now)


def _lapses(case: Case) -> set[datetime]:
    """Return when receipts come to count as acceptances (行政许可法 32), closed questions aside."""
    if not case.pack.get("deemed_acceptance", False):
        return set()
    lapses = set()
    for part in case.parts():
        mine = [fact for fact in case.facts if fact.part == part]
        for question in acceptance_questions(mine, case.laws):
            grant = grant_of(question) if question.kind == "correction-notice" else None
            if grant:
                opened, closed = question.opener.time, question.closed
                law = question.law
                end = passing(plain_clock(opened, closed, law.office, law.pack), grant, 0)
                lapses |= {end.effective} if end else set()
    return lapses


def _order(each: Breach, case: Case) -> tuple[bool, str, list[int]]:
    places: dict[Identity, int] = {fact.identity: n for n, fact in enumerate(case.facts)}
    return each.part is not None, each.part or "", [places[shown] for shown in each.evidence]


def _without_repeats(log: Iterable[Event]) -> list[Event]:
    """Drop every record whose identity came before, whatever it says; number the others."""
    first: dict[Identity, Event] = {}
    for order, event in enumerate(log):
        first.setdefault(identity_of(event), {"order": order, **event})
    return list(first.values())
