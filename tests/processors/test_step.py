"""One step: ticks that a record overtakes, one `now`, identities, causes, human acts."""

import json
from collections.abc import Sequence
from uuid import UUID, uuid5

from ledger.record import AnyRecord, instant, micros
from ledger.system_events import ClockReached
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.state_codec import decode_state, encode_state
from processors.supervision.step import step
from tests.golden.language import (
    SOURCE,
    Told,
    accepted,
    amended,
    at,
    completed,
    fact,
    ids,
    local,
    local_pack,
    policy,
    stopped,
    tick,
    told,
)

LATE = "2018-11-05 09:00:00"
NAMESPACE = UUID("6f0d3c52-8a4e-5f61-9d27-43b0c8e1a975")


def uuid_of(*parts: object) -> str:
    """The id as the design defines it, by the standard library alone."""
    return str(uuid5(NAMESPACE, json.dumps(parts, separators=(",", ":"), ensure_ascii=False)))


def stepped(
    records: Sequence[AnyRecord], using: Policy | None = None
) -> tuple[CaseState, list[AnyRecord]]:
    """State and everything emitted after records in log order; no time passes by itself."""
    state: CaseState | None = None
    emitted: list[AnyRecord] = []
    for order, record in enumerate(records):
        state, made = step(state, record, order, using or policy())
        emitted += made
    assert state is not None
    return state, emitted


def urged(when: str, recorded: str | None = None) -> AnyRecord:
    return fact("urged", when, recorded, actor_ref="A-1")


# --- one now -----------------------------------------------------------------------------------


def test_now_is_the_greatest_recordedtime_of_facts_and_instant_of_ticks() -> None:
    state, _ = stepped([accepted(), urged("2018-10-16 10:00:00", "2018-10-17 10:00:00")])
    assert local(state.now_us) == "2018-10-17 10:00:00"
    state, _ = stepped([accepted(), urged("2018-10-17 10:00:00"), urged("2018-10-16 10:00:00")])
    assert local(state.now_us) == "2018-10-17 10:00:00"
    state, _ = stepped([accepted(), tick("2018-10-19 10:00:00")])
    assert local(state.now_us) == "2018-10-19 10:00:05.000001"


def test_findings_never_move_now_and_reading_one_back_changes_nothing() -> None:
    state, emitted = stepped([accepted(), urged(LATE)])
    for finding in Told(records=tuple(emitted)).findings:
        assert step(state, finding, 9, policy()) == (state, [])


def test_a_threshold_has_not_passed_until_the_grace_is_over() -> None:
    assert Told(records=tuple(stepped([accepted(), urged("2018-10-19 10:00:05")])[1])).cards == []
    _, emitted = stepped([accepted(), urged("2018-10-19 10:00:05.000001")])
    assert Told(records=tuple(emitted)).cards == ["warning 2018-10-19 10:00:00"]


def test_a_closing_fact_shows_within_the_grace_that_a_threshold_has_passed() -> None:
    _, emitted = stepped([accepted(), completed("2018-10-24 10:00:02")])
    found = Told(records=tuple(emitted))
    assert found.detected[-1] == "yellow 2018-10-24 10:00:02"


def test_the_next_tick_is_the_nearest_effective_instant_plus_grace_and_a_microsecond() -> None:
    state, _ = stepped([accepted()])
    assert state.next_tick_us == at("2018-10-19 10:00:05.000001")
    state, _ = stepped([accepted(), completed("2018-10-16 10:00:00")])
    assert state.next_tick_us is None


# --- one step ----------------------------------------------------------------------------------


def test_a_record_first_lets_the_ticks_happen_that_it_overtook() -> None:
    _, emitted = stepped([accepted(), urged(LATE)])
    assert [record.type.split(".")[2] for record in emitted] == [
        "limits-set",
        *("reached", "card-issued") * 3,
    ]


def test_an_overtaken_tick_is_judged_on_what_was_known_before_the_record() -> None:
    stop = stopped("2018-10-16 10:00:00", recorded=LATE)
    _, emitted = stepped([accepted(), stop])
    found = Told(records=tuple(emitted))
    assert found.cards == [
        "warning 2018-10-19 10:00:00",
        "yellow 2018-10-24 10:00:00",
        "red 2018-10-29 10:00:00",
        "red 2018-11-01 10:00:00",
    ]


def test_a_record_stamped_at_the_very_instant_of_a_tick_has_overtaken_it() -> None:
    _, emitted = stepped([accepted(), urged("2018-10-19 10:00:05.000001")])
    assert [isinstance(record.data, ClockReached) for record in emitted] == [False, True, False]
    card = emitted[-1]
    assert card.causationid == f"/supervision#{emitted[1].id}"


def test_a_newer_pack_that_disagrees_with_a_standing_card_is_an_anomaly_and_never_an_act() -> None:
    state, _ = stepped([accepted(), urged("2018-10-25 10:00:00")])
    newer = policy(local_pack({"offset = -3": "offset = -2"}))
    _, emitted = step(state, accepted("2018-10-25 11:00:00"), 9, newer)
    found = Told(records=tuple(emitted))
    assert sorted(found.anomalies) == ["repeated-acceptance", "verdict-differs"]
    assert (found.rescinded, found.cards) == ([], [])


def test_a_tick_written_at_a_later_moment_changes_no_finding() -> None:
    late = urged(LATE)
    due = "2018-10-19 10:00:00"
    _, at_once = stepped([accepted(), tick(due), late])
    _, overtaken = stepped([accepted(), late, tick(due)])
    assert Told(records=tuple(at_once)).findings == Told(records=tuple(overtaken)).findings


def test_a_repeated_tick_changes_nothing() -> None:
    state, emitted = stepped([accepted(), tick("2018-10-19 10:00:00")])
    assert step(state, tick("2018-10-19 10:00:00"), 9, policy()) == (state, [])
    assert emitted


def test_a_tick_of_a_case_without_facts_says_nothing() -> None:
    assert stepped([tick("2018-10-19 10:00:00")])[1] == []


def test_the_same_record_again_changes_nothing_whenever_it_was_recorded_again() -> None:
    state, _ = stepped([accepted()])
    again = accepted(recorded=LATE)
    assert step(state, again, 9, policy()) == (state, [])


def test_other_content_under_a_known_identity_has_no_effect() -> None:
    state, _ = stepped([accepted(id_="1")])
    for other in (
        accepted(id_="1", promised="1 working_day"),
        completed("2018-10-16 10:00:00", id_="1"),
    ):
        assert step(state, other, 9, policy()) == (state, [])


def test_the_same_id_of_another_source_is_another_fact() -> None:
    records = [accepted(id_="1"), completed("2018-10-16 10:00:00", id_="1", source="/other")]
    assert len(stepped(records)[0].facts) == 2


def test_a_step_leaves_the_state_it_was_given_as_it_was() -> None:
    before, _ = stepped([accepted(), tick("2018-10-19 10:00:00")])
    kept = encode_state(before)
    step(before, completed("2018-10-18 10:00:00", LATE), 9, policy())
    assert encode_state(before) == kept


def test_a_state_survives_its_encoding() -> None:
    records = [accepted(), stopped("2018-10-16 10:00:00", recorded="2018-10-25 10:00:00")]
    state, emitted = stepped([*records, completed("2018-10-30 10:00:00")])
    card = next(each for each in state.cards if each.standing and each.rank == 1)
    for act in appeal(card.card_id, "revoked"):
        state, _ = step(state, act, 9, policy())
    assert any(each.by_people for each in state.cards)
    assert len(Told(records=tuple(emitted)).rescinded) == 2
    assert decode_state(encode_state(state)) == state


# --- identities --------------------------------------------------------------------------------


def test_the_id_of_a_card_is_made_of_what_it_is_about() -> None:
    card = told([accepted()]).issued[0]
    opener = f"{SOURCE}#{accepted().id}"
    type_, rule = "hall.finding.card-issued.v1", "handling-limit"
    assert card.cycle == opener
    assert card.card_id == uuid_of(type_, "C-1", None, rule, "handling", opener, "warning", 0)


def test_the_occurrence_is_the_number_of_earlier_rescissions_of_the_same_card() -> None:
    found = told([accepted(), stopped("2018-10-16 10:00:00", "1 working_day", recorded=LATE)])
    opener = f"{SOURCE}#{accepted().id}"
    type_, rule = "hall.finding.card-issued.v1", "handling-limit"
    reds = [card.card_id for card in found.issued if card.level == "red"]
    assert reds == [
        uuid_of(type_, "C-1", None, rule, "handling", opener, "red", occurrence)
        for occurrence in (0, 1)
    ]


def test_other_findings_take_their_cause_instead_and_anomalies_their_evidence_besides() -> None:
    case, again = accepted(), accepted("2018-10-16 10:00:00")
    opener = f"{SOURCE}#{case.id}"
    found = told([case, again], until=None).findings
    limits, anomaly = found[0], found[-1]
    assert limits.id == uuid_of(
        "hall.finding.limits-set.v1", "C-1", None, None, "handling", opener, None, opener
    )
    assert anomaly.type == "hall.finding.anomaly-found.v1"
    assert anomaly.id == uuid_of(
        *("hall.finding.anomaly-found.v1", "C-1", None, "repeated-acceptance", None, opener, None),
        f"{SOURCE}#{again.id}",
        [opener, f"{SOURCE}#{again.id}"],
    )


def test_the_id_of_a_tick_is_made_of_subject_what_and_due_instant() -> None:
    first = next(r for r in told([accepted()]).records if isinstance(r.data, ClockReached))
    assert isinstance(first.data, ClockReached)
    assert first.id == uuid_of("C-1", "limit", at("2018-10-19 10:00:00"))
    assert local(first.data.due_at) == "2018-10-19 10:00:00"
    assert local(first.time) == "2018-10-19 10:00:05.000001"
    assert first.causationid is None


def test_an_amended_opener_keeps_its_identity_and_so_do_its_cards() -> None:
    case = accepted()
    change = amended(case, "2018-10-16 10:00:00", replacement={"matter": "M-2"})
    plain, changed = told([case]), told([case, change])
    assert [card.card_id for card in plain.issued] == [card.card_id for card in changed.issued]


def test_ids_do_not_depend_on_order_in_the_partition() -> None:
    apart = [
        fact("urged", f"2018-10-1{n} 10:00:00", subject=f"X-{n}", actor_ref="A") for n in (1, 2)
    ]
    alone = [r for r in told([accepted()]).findings if r.subject == "C-1"]
    among = [r for r in told([apart[0], accepted(), apart[1]]).findings if r.subject == "C-1"]
    assert ids(alone) == ids(among)


def test_a_finding_bears_the_judged_instant_and_the_record_that_caused_it() -> None:
    done = completed("2018-10-24 10:00:00", "2018-10-30 10:00:00")
    found = told([accepted(), done])
    for record in found.findings:
        assert (record.source, record.subject) == ("/supervision", "C-1")
        assert record.recordedtime is None
    reached = [r for r in found.records if isinstance(r.data, ClockReached)]
    warning = next(r for r in found.findings if r.type.endswith("card-issued.v1"))
    assert warning.causationid == f"/supervision#{reached[0].id}"
    assert warning.time == reached[0].time
    rescission = next(r for r in found.findings if r.type.endswith("rescinded.v1"))
    assert rescission.causationid == f"{SOURCE}#{done.id}"
    assert local(rescission.time) == "2018-10-30 10:00:00"


def test_findings_and_ticks_of_an_import_are_recorded_at_the_judged_instant() -> None:
    found = told([accepted(timeline="receipt@abc")])
    assert found.cards
    for record in found.records:
        assert record.timeline == "receipt@abc"
        assert record.recordedtime is not None
        assert micros(record.recordedtime) == micros(record.time)


def test_findings_are_written_with_the_offset_of_the_hall() -> None:
    for record in told([accepted()]).records:
        assert record.time.isoformat().endswith("+08:00")
        assert record.time == instant(micros(record.time))


# --- human acts --------------------------------------------------------------------------------


def card_of(level: str) -> str:
    return next(card.card_id for card in told([accepted()]).issued if card.level == level)


def appeal(card_id: str, decision: str, when: str = "2018-10-30 11:00:00") -> list[AnyRecord]:
    """An appeal against a card, and what people decided on it."""
    made, said = "hall.card.appealed.v1", "hall.card.appeal-decided.v1"
    return [
        fact(made, when, card_id=card_id, actor_ref="P-2"),
        fact(said, when, id_=decision + when, card_id=card_id, actor_ref="P-1", decision=decision),
    ]


def taken_back(*acts: AnyRecord) -> list[str]:
    """Levels that a late known, timely completion rescinds after the acts."""
    found = told([accepted(), *acts, completed("2018-10-18 10:00:00", LATE)])
    return [each.split()[0] for each in found.rescinded]


def test_a_card_revoked_by_people_counts_as_standing_and_is_not_issued_again() -> None:
    later_stop = stopped("2018-10-16 10:00:00", "1 working_day", recorded=LATE)
    case = accepted(statutory="90 working_day")
    moved = told([case, later_stop], until="2018-12-01 00:00:00")
    assert moved.cards.count("yellow 2018-10-25 10:00:00") == 1
    acts = appeal(card_of("yellow"), "revoked")
    revoked = told([case, *acts, later_stop], until="2018-12-01 00:00:00")
    assert [card.level for card in revoked.issued] == ["warning", "yellow"]


def test_a_card_revoked_or_downgraded_by_people_is_not_rescinded_afterwards() -> None:
    assert taken_back() == ["warning", "yellow", "red"]
    for decision in ("revoked", "downgraded"):
        assert taken_back(*appeal(card_of("yellow"), decision)) == ["warning", "red"]


def test_a_card_upheld_by_people_is_rescinded_by_late_evidence() -> None:
    assert taken_back(*appeal(card_of("yellow"), "upheld")) == ["warning", "yellow", "red"]


def test_a_second_decision_on_an_appeal_is_without_effect() -> None:
    first = appeal(card_of("yellow"), "upheld")
    _, second = appeal(card_of("yellow"), "revoked", "2018-10-31 11:00:00")
    assert taken_back(*first, second) == ["warning", "yellow", "red"]


def test_an_act_on_a_card_that_was_never_issued_is_without_effect() -> None:
    before = appeal(card_of("yellow"), "revoked", "2018-10-16 11:00:00")
    assert taken_back(*before) == ["warning", "yellow", "red"]


def test_a_higher_level_is_issued_above_a_revoked_one() -> None:
    acts = appeal(card_of("yellow"), "revoked", "2018-10-25 10:00:00")
    assert told([accepted(), *acts]).cards[-1] == "red 2018-10-29 10:00:00"


def test_an_act_lets_the_ticks_happen_that_it_overtook() -> None:
    signed = fact("hall.card.signed.v1", LATE, card_id=card_of("red"), actor_ref="P-1")
    assert told([accepted(), signed], until=None).cards == told([accepted()]).cards


def test_the_same_act_again_changes_nothing() -> None:
    acts = appeal(card_of("yellow"), "revoked")
    state, _ = stepped([accepted(), *acts])
    assert step(state, acts[-1], 9, policy()) == (state, [])
