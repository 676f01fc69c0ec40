from collections.abc import Sequence
from datetime import timedelta

from ledger.case_events import (
    AcceptanceRefused,
    CaseAmended,
    CaseRated,
    CaseReceived,
    CaseReleased,
    CorrectionReceived,
    CorrectionRequested,
)
from ledger.fact import Identity
from ledger.findings import AnomalyFound, CaseUnjudged
from ledger.record import AnyRecord, micros
from tests.projections import records as r
from tests.projections.memory_tables import MemoryTables, Row

RECEIVED = CaseReceived(matter="M1", hall="H1", department="D1", channel="counter")


def amended(when_days: float, **change: object) -> AnyRecord:
    of = str(change.pop("of", "a"))
    fact = CaseAmended(
        amends=Identity(source="/halls/1/approval", id=of),
        reason="entered wrongly",
        **change,  # type: ignore[arg-type] # one of void and replacement
    )
    return r.record(fact, r.at(when_days), name=f"amend-{of}-{when_days}")


def tables_of(records: Sequence[AnyRecord]) -> MemoryTables:
    """Run the records as one batch and as many; both must agree."""
    whole = MemoryTables(r.projections()).run(records)
    single = MemoryTables(r.projections()).run(records, batch=1)
    assert single.tables == whole.tables
    return whole


def case_of(*records: AnyRecord) -> Row:
    return tables_of(records).one("cases")


def test_a_received_case_waits_for_acceptance() -> None:
    case = case_of(r.record(RECEIVED, r.at()))

    assert case["phase"] == "received"
    assert (case["matter"], case["hall"], case["department"]) == ("M1", "H1", "D1")
    assert case["received_us"] == micros(r.at())


def test_a_notice_of_correction_is_answered_by_time_and_not_by_arrival() -> None:
    asked = r.record(CorrectionRequested(items=("form",)), r.at(1))
    answered_before = r.record(CorrectionReceived(), r.at(0.5))
    answered_after = r.record(CorrectionReceived(), r.at(2))

    assert case_of(r.record(RECEIVED, r.at()), asked, answered_before)["phase"] == "correction"
    assert case_of(answered_after, r.record(RECEIVED, r.at()), asked)["phase"] == "received"


def test_a_refused_case_is_refused() -> None:
    assert case_of(r.record(AcceptanceRefused(), r.at()))["phase"] == "refused"


def test_an_accepted_case_is_open_under_the_limits_that_supervision_set() -> None:
    case = case_of(r.accepted(r.at()), r.limits(r.at()))

    assert case["phase"] == "accepted"
    assert case["accepted_us"] == micros(r.at())
    assert case["promised_due_us"] == micros(r.at(5))
    assert case["statutory_due_us"] == micros(r.at(20))


def test_a_stopped_clock_shows_no_due_instant() -> None:
    case = case_of(r.accepted(r.at()), r.limits(r.at()), r.limits(r.at(), cause="x", stopped=True))

    assert case["phase"] == "stopped"
    assert case["promised_due_us"] is None


def test_a_completion_counts_once_supervision_has_settled_it() -> None:
    begun = [r.accepted(r.at()), r.limits(r.at()), r.completed(r.at(2))]

    assert case_of(*begun)["phase"] == "accepted"
    done = case_of(*begun, r.settled(r.at(), r.at(2)))
    assert (done["phase"], done["outcome"]) == ("completed", "granted")
    assert done["completed_us"] == micros(r.at(2))


def test_an_orphan_completion_is_shown_as_it_is_told() -> None:
    case = case_of(r.completed(r.at(2)))

    assert (case["phase"], case["outcome"], case["accepted_us"]) == ("completed", "granted", None)


def test_an_acceptance_that_no_finding_followed_is_shown_as_it_is_told() -> None:
    case = case_of(r.accepted(r.at()))

    assert (case["phase"], case["accepted_us"]) == ("accepted", micros(r.at()))


def test_limits_of_a_new_cycle_open_the_case_again_and_the_old_cycle_keeps_its_verdict() -> None:
    tables = tables_of(
        [
            r.accepted(r.at()),
            r.limits(r.at()),
            r.settled(r.at(), r.at(2)),
            r.accepted(r.at(3), name="again", department="D2"),
            r.limits(r.at(3), cycle="/halls/1/approval#again", department="D2"),
        ]
    )
    case = tables.one("cases")

    assert (case["phase"], case["reopened"], case["department"]) == ("accepted", 1, "D2")
    assert (case["completed_us"], case["outcome"]) == (None, None)
    assert [row["closed_us"] for row in tables.rows("case_limits")] == [micros(r.at(2)), None]


def test_a_late_fact_that_changes_settled_limits_does_not_open_the_case_again() -> None:
    cause = "/halls/1/approval#late-extension"
    case = case_of(
        r.accepted(r.at()),
        r.limits(r.at()),
        r.settled(r.at(), r.at(2)),
        r.limits(r.at(), cause=cause, promised_days=7),
        r.settled(r.at(), r.at(2), cause=cause, on_time=False),
    )

    assert case["phase"] == "completed"


def test_a_completion_that_an_amendment_made_void_opens_the_case_again() -> None:
    void = amended(3, of="c", void=True)
    done = [r.accepted(r.at()), r.limits(r.at()), r.completed(r.at(2)), r.settled(r.at(), r.at(2))]
    tables = tables_of([*done, void, r.limits(r.at(), cause=void.name)])

    case = tables.one("cases")
    assert (case["phase"], case["completed_us"], case["outcome"]) == ("accepted", None, None)
    cycle = tables.one("case_cycles")
    assert (cycle["closed_us"], cycle["working_us"]) == (None, None)
    assert sum(row["completed"] for row in tables.rows("efficiency_days")) == 0


def test_an_amendment_that_only_moves_a_completion_leaves_the_case_completed() -> None:
    moved = amended(3, of="c", replacement={"outcome": "refused"})
    case = case_of(
        r.accepted(r.at()),
        r.limits(r.at()),
        r.settled(r.at(), r.at(2)),
        moved,
        r.limits(r.at(), cause=moved.name, promised_days=6),
        r.settled(r.at(), r.at(2), cause=moved.name, outcome="refused"),
    )

    assert (case["phase"], case["outcome"]) == ("completed", "refused")


def test_an_amendment_corrects_what_describes_the_case() -> None:
    change = amended(1, replacement={"channel": "online", "handling_type": "joint"})
    case = case_of(r.accepted(r.at()), change)

    assert (case["channel"], case["handling_type"], case["matter"]) == ("online", "joint", "M1")


def test_a_void_acceptance_is_none() -> None:
    case = case_of(r.record(RECEIVED, r.at()), r.accepted(r.at(1)), amended(2, void=True))

    assert (case["phase"], case["accepted_us"]) == ("received", None)


def test_an_orphan_completion_follows_its_amendment() -> None:
    change = amended(2, of="c", replacement={"outcome": "refused"})

    assert case_of(r.completed(r.at(1)), change)["outcome"] == "refused"


def test_a_void_orphan_completion_is_none() -> None:
    case = case_of(r.accepted(r.at()), r.completed(r.at(1)), amended(2, of="c", void=True))

    assert (case["phase"], case["outcome"]) == ("accepted", None)


def counted(tables: MemoryTables) -> dict[str, tuple[int, int]]:
    """Return (accepted, completed) by day."""
    rows = tables.rows("efficiency_days")
    return {row["day"]: (row["accepted"], row["completed"]) for row in rows}


def test_a_withdrawn_cycle_leaves_no_row_and_no_count() -> None:
    void = amended(3, void=True)
    received, begun = r.record(RECEIVED, r.at()), [r.accepted(r.at(1)), r.limits(r.at(1))]
    tables = tables_of([received, *begun, void, r.withdrawn(r.at(3), cause=void.name)])
    case = tables.one("cases")

    assert (tables.rows("case_limits"), tables.rows("case_cycles")) == ([], [])
    assert set(counted(tables).values()) == {(0, 0)}
    assert (case["phase"], case["accepted_us"], case["cycle"]) == ("received", None, None)
    assert (case["promised_due_us"], case["statutory_due_us"]) == (None, None)


def test_a_settled_cycle_that_is_withdrawn_leaves_the_completion_as_it_was_told() -> None:
    void = amended(3, void=True)
    tables = tables_of(
        [
            r.accepted(r.at()),
            r.limits(r.at()),
            r.completed(r.at(2)),
            r.settled(r.at(), r.at(2)),
            void,
            r.withdrawn(r.at(3), cause=void.name),
        ]
    )
    case = tables.one("cases")

    assert (case["phase"], case["outcome"], case["accepted_us"]) == ("completed", "granted", None)
    assert case["completed_us"] == micros(r.at(2))
    assert set(counted(tables).values()) == {(0, 0)}


def test_a_case_whose_later_cycle_is_withdrawn_is_what_its_earlier_one_says() -> None:
    again = "/halls/1/approval#again"
    begun = [r.limits(r.at()), r.settled(r.at(), r.at(2)), r.limits(r.at(3), cycle=again)]
    tables = tables_of([*begun, r.withdrawn(r.at(4), cycle=again)])
    case = tables.one("cases")

    assert (case["phase"], case["reopened"], case["outcome"]) == ("completed", 0, "granted")
    assert (case["accepted_us"], case["completed_us"]) == (micros(r.at()), micros(r.at(2)))
    assert counted(tables)["2026-11-26"] == (0, 0)


def test_a_withdrawn_part_leaves_the_other_clocks_of_its_case() -> None:
    one, two = "/halls/1/approval#p1", "/halls/1/approval#p2"
    begun = [r.limits(r.at(), cycle=one, part="p1"), r.limits(r.at(), cycle=two, part="p2")]
    done = r.settled(r.at(), r.at(1), cycle=one, part="p1", cause="x")

    tables = tables_of([*begun, done, r.withdrawn(r.at(2), cycle=two, part="p2")])
    assert tables.one("cases")["phase"] == "completed"
    assert tables.one("case_limits")["part"] == tables.one("case_cycles")["part"] == "p1"


def test_what_was_never_set_can_be_withdrawn() -> None:
    tables = tables_of([r.accepted(r.at()), r.withdrawn(r.at(1))])

    assert tables.rows("case_cycles") == tables.rows("efficiency_days") == []


def test_an_earlier_acceptance_that_comes_late_takes_the_place_of_the_opener() -> None:
    early = "/halls/1/approval#earlier"
    tables = tables_of(
        [
            r.accepted(r.at(1)),
            r.limits(r.at(1)),
            r.accepted(r.at(0), name="earlier", recorded=r.at(2)),
            r.withdrawn(r.at(2), cause=early),
            r.limits(r.at(0), cycle=early, cause=early),
        ]
    )

    assert tables.one("case_limits")["cycle"] == tables.one("cases")["cycle"] == early
    assert tables.one("case_cycles")["cycle"] == early
    assert tables.one("cases")["reopened"] == 0
    assert counted(tables) == {"2026-11-23": (1, 0), "2026-11-24": (0, 0)}


def test_of_two_cycles_opened_at_one_instant_the_open_one_is_the_present_one() -> None:
    first, second = "/halls/1/approval#z", "/halls/1/approval#a"
    tables = tables_of(
        [
            r.limits(r.at(3), cycle=first),
            r.settled(r.at(3), r.at(1), cycle=first),
            r.limits(r.at(3), cycle=second),
        ]
    )

    assert (tables.one("cases")["cycle"], tables.one("cases")["phase"]) == (second, "accepted")


def test_a_joint_case_known_by_its_parts_is_completed_when_the_last_part_is() -> None:
    one, two = "/halls/1/approval#p1", "/halls/1/approval#p2"
    begun = [r.limits(r.at(), cycle=one, part="p1"), r.limits(r.at(), cycle=two, part="p2")]
    first_done = r.settled(r.at(), r.at(1), cycle=one, part="p1", cause="x")
    last_done = r.settled(r.at(), r.at(2), cycle=two, part="p2", cause="y")

    assert case_of(*begun)["phase"] == "accepted"
    assert case_of(*begun, first_done)["phase"] == "accepted"
    assert case_of(*begun, first_done, last_done)["phase"] == "completed"


def test_suspension_anomalies_and_ratings_are_noted() -> None:
    anomaly = AnomalyFound(rule="event-after-completion", detail="", evidence=())
    case = case_of(
        r.accepted(r.at()),
        r.finding(anomaly, r.at(1), name="n1"),
        r.finding(anomaly, r.at(2), name="n2"),
        r.finding(CaseUnjudged(error="policy.error"), r.at(3)),
        r.record(CaseRated(score=2), r.at(4)),
    )

    assert (case["anomalies"], case["suspended"], case["rating"]) == (2, 1, 2)
    assert case["changed_us"] == micros(r.at(4))


def test_a_release_ends_the_suspension() -> None:
    unjudged = r.finding(CaseUnjudged(error="policy.error"), r.at(1))
    released = r.record(CaseReleased(actor_ref="operator:1"), r.at(2))

    assert case_of(r.accepted(r.at()), unjudged, released)["suspended"] == 0


def test_an_anomaly_of_a_subject_that_is_no_case_makes_no_case() -> None:
    anomaly = AnomalyFound(rule="bulk-entry", detail="", evidence=())
    tables = MemoryTables(r.projections()).run([r.finding(anomaly, r.at(), subject="unit:D1")])

    assert tables.rows("cases") == []


def test_thresholds_are_kept_by_level_with_the_earliest_of_each() -> None:
    limits = MemoryTables(r.projections()).run([r.limits(r.at())]).one("case_limits")

    assert limits["warning_us"] == micros(r.at(3))
    assert limits["yellow_us"] == micros(r.at(5))
    assert limits["red_us"] == micros(r.at() + timedelta(days=20))


def test_a_late_acceptance_that_takes_a_completion_over_opens_the_later_cycle_again() -> None:
    early, cause = "/halls/1/approval#early", "/halls/1/approval#early"
    tables = tables_of(
        [
            r.accepted(r.at(3)),
            r.limits(r.at(3)),
            r.settled(r.at(3), r.at(1)),
            r.accepted(r.at(0), name="early", recorded=r.at(5)),
            r.limits(r.at(0), cycle=early, cause=cause),
            r.limits(r.at(3), cause=cause),
            r.settled(r.at(0), r.at(1), cycle=early, cause=cause),
        ]
    )

    closed = {row["cycle"]: row["closed_us"] for row in tables.rows("case_cycles")}
    assert closed == {early: micros(r.at(1)), "/halls/1/approval#a": None}
    case = tables.one("cases")
    assert (case["phase"], case["reopened"], case["accepted_us"]) == (
        "accepted",
        1,
        micros(r.at(3)),
    )
