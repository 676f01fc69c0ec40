from ledger import card_events as acts
from ledger.findings import CardIssuedByHand, Responsible
from ledger.record import AnyRecord, micros
from tests.projections import records as r
from tests.projections.memory_tables import MemoryTables, Row

OPEN = (r.accepted(r.at()), r.limits(r.at()))


def tables_of(*records: AnyRecord) -> MemoryTables:
    whole = MemoryTables(r.projections()).run([*OPEN, *records])
    assert MemoryTables(r.projections()).run([*OPEN, *records], batch=1).tables == whole.tables
    return whole


def cards_of(*records: AnyRecord) -> dict[str, Row]:
    return {row["card_id"]: row for row in tables_of(*records).rows("cards")}


def day_sums(tables: MemoryTables, name: str) -> dict[str, int]:
    return {row["day"]: row[name] for row in tables.rows("card_days") if row[name]}


def test_a_card_is_kept_with_what_it_was_issued_from() -> None:
    card = cards_of(r.card(r.at(5)))["card-yellow"]

    assert (card["level"], card["level_code"], card["state"], card["live"]) == (
        "yellow",
        2,
        "issued",
        1,
    )
    assert (card["hall"], card["department"], card["clerk_ref"], card["stage"]) == (
        "H1",
        "D1",
        "clerk:1",
        "s1",
    )
    assert (card["promised_amount"], card["promised_unit"]) == (5, "working_day")
    assert card["promised_due_us"] == micros(r.at(5))
    assert card["statutory_due_us"] is None
    assert (card["used_us"], card["overdue_us"]) == (40 * r.HOUR_US, 1)
    assert (card["pack"], card["calendar_version"]) == ("hunan", "cn-1")
    assert (card["log_offset"], card["changed_offset"]) == (2, 2)


def test_a_higher_card_leaves_the_lower_one_live_and_no_longer_highest() -> None:
    cards = cards_of(r.card(r.at(3), "warning"), r.card(r.at(5), "yellow"))

    assert [cards[f"card-{level}"]["is_highest"] for level in ("warning", "yellow")] == [0, 1]
    assert [cards[f"card-{level}"]["live"] for level in ("warning", "yellow")] == [1, 1]
    assert cards["card-warning"]["changed_offset"] == 3


def test_cards_of_another_cycle_do_not_shadow_each_other() -> None:
    cards = cards_of(
        r.card(r.at(5), "red", cycle="/halls/1/approval#a"),
        r.card(r.at(6), "yellow", cycle="/halls/1/approval#b"),
    )

    assert [card["is_highest"] for card in cards.values()] == [1, 1]


def test_a_rescission_takes_a_card_back_and_the_lower_one_stands_again_as_highest() -> None:
    tables = tables_of(
        r.card(r.at(3), "warning"),
        r.card(r.at(5), "yellow"),
        r.rescinded(r.at(6), "card-yellow"),
    )
    cards = {row["card_id"]: row for row in tables.rows("cards")}
    case = tables.one("cases")

    assert cards["card-yellow"]["state"] == "rescinded"
    assert cards["card-yellow"]["rescind_reason"] == "late_evidence"
    assert cards["card-warning"]["is_highest"] == 1
    assert (case["level"], case["warning_standing"], case["yellow_standing"]) == (1, 1, 0)


def test_issues_are_counted_by_the_day_of_the_finding_and_rescissions_by_their_own() -> None:
    tables = tables_of(r.card(r.at(5), "yellow"), r.rescinded(r.at(6), "card-yellow"))

    assert day_sums(tables, "yellow_issued") == {"2026-11-28": 1}
    assert day_sums(tables, "yellow_rescinded") == {"2026-11-29": 1}


def test_a_card_counts_on_the_local_day_and_not_on_the_day_in_utc() -> None:
    before_eight = r.at(5, hours=-2)  # 07:00 in Shanghai, still the day before in UTC

    assert day_sums(tables_of(r.card(before_eight)), "yellow_issued") == {"2026-11-28": 1}


def test_the_same_card_issued_twice_counts_once() -> None:
    tables = tables_of(r.card(r.at(5)), r.card(r.at(5), name="another-record"))

    assert len(tables.rows("cards")) == 1
    assert day_sums(tables, "yellow_issued") == {"2026-11-28": 1}


def test_a_card_that_waits_for_a_person_counts_only_when_confirmed() -> None:
    waiting = r.card(r.at(5), mode="confirm")
    confirmed = r.record(acts.CardConfirmed(card_id="card-yellow", actor_ref="o:1"), r.at(7))

    assert tables_of(waiting).one("cases")["level"] == 0
    assert day_sums(tables_of(waiting), "yellow_issued") == {}
    tables = tables_of(waiting, confirmed)
    assert tables.one("cases")["level"] == 2
    assert day_sums(tables, "yellow_issued") == {"2026-11-28": 1}


def test_a_waiting_card_that_is_rescinded_counts_nowhere() -> None:
    tables = tables_of(r.card(r.at(5), mode="confirm"), r.rescinded(r.at(6), "card-yellow"))

    assert tables.one("cards")["state"] == "rescinded"
    assert tables.rows("card_days") == []


def test_a_card_revoked_on_appeal_is_counted_by_the_day_of_the_decision() -> None:
    who = {"card_id": "card-yellow", "actor_ref": "o:1"}
    tables = tables_of(
        r.card(r.at(5)),
        r.record(acts.CardAppealed(**who), r.at(6)),
        r.record(acts.CardAppealDecided(**who, decision="revoked"), r.at(8)),
        r.rescinded(r.at(9), "card-yellow"),
    )

    assert day_sums(tables, "yellow_revoked") == {"2026-12-01": 1}
    assert day_sums(tables, "yellow_rescinded") == {}
    assert tables.one("cases")["level"] == 0


def test_an_act_on_a_card_of_another_case_changes_nothing() -> None:
    signed = acts.CardSigned(card_id="card-yellow", actor_ref="o:1")
    tables = tables_of(r.card(r.at(5)), r.record(signed, r.at(6), subject="case-2"))

    assert tables.one("cards")["state"] == "issued"


def test_an_act_moves_the_place_of_the_last_change() -> None:
    signed = acts.CardSigned(card_id="card-yellow", actor_ref="o:1")
    card = cards_of(r.card(r.at(5)), r.record(signed, r.at(6)))["card-yellow"]

    assert (card["log_offset"], card["changed_offset"]) == (2, 3)


def test_a_card_issued_by_hand_takes_what_it_does_not_say_from_its_case() -> None:
    by_hand = CardIssuedByHand(
        card_id="hand-1",
        level="yellow",
        rule="attitude",
        effective_at=r.at(2),
        detected_at=r.at(2),
        responsible=Responsible(),
        basis="hall rules 7",
        actor_ref="officer:1",
    )
    card = cards_of(r.record(by_hand, r.at(2)))["hand-1"]

    assert (card["by_hand"], card["department"], card["hall"], card["matter"]) == (
        1,
        "D1",
        "H1",
        "M1",
    )
    assert card["used_us"] is None


def test_a_card_on_a_subject_that_is_no_case_is_kept() -> None:
    tables = MemoryTables(r.projections()).run([r.card(r.at(5), subject="complaint-1")])

    assert tables.one("cards")["subject"] == "complaint-1"
    assert tables.rows("cases") == []
