from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger import card_events as acts
from ledger.hall_events import TicketDrawn
from ledger.log import Position
from ledger.record import AnyRecord, micros
from projections.drivers.readers import Readers
from tests.projections import records as r
from tests.projections import stores

pytestmark = pytest.mark.usefixtures("dialect")

NOW_US = micros(r.at(4))


class Board:
    """A store that has applied some records, and its readers."""

    def __init__(self, folder: Path, records: Sequence[AnyRecord], partitions: int = 1) -> None:
        self.log = r.log_of(records, partitions)
        store = stores.store_on(stores.engine_at(folder))
        stores.project(self.log, store)
        self.readers = Readers(store.engine, r.ZONE)


def case(number: int, opened_day: float, **more: object) -> list[AnyRecord]:
    subject = f"case-{number}"
    timeline = more.pop("timeline", None)
    assert timeline is None or isinstance(timeline, str)
    opened = r.at(opened_day)
    return [
        r.accepted(opened, subject=subject, timeline=timeline),
        r.limits(opened, subject=subject, timeline=timeline, **more),  # type: ignore[arg-type] # passed through
    ]


def carded(number: int, day: float, **more: object) -> AnyRecord:
    return r.card(
        r.at(day),
        card_id=f"k{number}",
        subject=f"case-{number}",
        **more,  # type: ignore[arg-type] # passed through
    )


def test_cards_come_newest_first_and_page_without_gap_or_repeat(tmp_path: Path) -> None:
    cards = [carded(n, n // 2) for n in range(7)]  # two share each instant
    readers = Board(tmp_path, cards).readers
    pages = []
    after = None
    while True:
        page = readers.cards(limit=3, after=after)
        pages.append([card["card_id"] for card in page.items])
        after = page.next
        if after is None:
            break

    assert pages == [["k6", "k5", "k4"], ["k3", "k2", "k1"], ["k0"]]
    assert [card["card_id"] for card in readers.recent_cards(2)] == ["k6", "k5"]


def test_a_page_goes_on_rightly_when_new_cards_have_come_meanwhile(tmp_path: Path) -> None:
    board = Board(tmp_path, [carded(n, n) for n in range(4)])
    first = board.readers.cards(limit=2)
    board.log.append([r.entry(carded(9, 9))])
    stores.project(board.log, stores.store_on(stores.engine_at(tmp_path)))

    assert [card["card_id"] for card in board.readers.cards(after=first.next).items] == ["k1", "k0"]


@pytest.mark.parametrize("cursor", ["", "x", "1.2", "1.2.3.4", "1.2.-3", "1.2.3' OR 1=1", "٣.1.1"])
def test_a_cursor_that_no_page_gave_is_refused(tmp_path: Path, cursor: str) -> None:
    with pytest.raises(ValueError, match="is not the `next` of a page"):
        Board(tmp_path, []).readers.cards(after=cursor)


def test_cards_are_filtered(tmp_path: Path) -> None:
    signed = acts.CardSigned(card_id="k2", actor_ref="o:1")
    readers = Board(
        tmp_path,
        [
            carded(1, 1, level="red"),
            carded(2, 2, department="D2"),
            carded(3, 3),
            r.rescinded(r.at(4), "k3", subject="case-3"),
            r.record(signed, r.at(5), subject="case-2"),
        ],
    ).readers

    def ids(**filters: object) -> list[str]:
        page = readers.cards(**filters)  # type: ignore[arg-type] # passed through
        return [card["card_id"] for card in page.items]

    assert ids(level="red") == ["k1"]
    assert ids(department="D2") == ["k2"]
    assert ids(state="signed") == ["k2"]
    assert ids(live=True) == ["k2", "k1"]
    assert ids(live=False) == ["k3"]
    assert ids(subject="case-1") == ["k1"]
    assert ids(hall="H1", level="yellow", live=True) == ["k2"]
    assert ids(hall="elsewhere") == []


def test_one_card_and_one_case_are_found_or_none(tmp_path: Path) -> None:
    readers = Board(tmp_path, [*case(1, 0), carded(1, 5)]).readers
    card, found = readers.card("k1"), readers.case("case-1")

    assert card is not None
    assert card["subject"] == "case-1"
    assert found is not None
    assert (found["phase"], found["level"]) == ("accepted", 2)
    assert readers.card("no") is None
    assert readers.case("no") is None


def test_the_records_of_a_case_are_found_in_the_log(tmp_path: Path) -> None:
    board = Board(tmp_path, [*case(1, 0), *case(2, 0), r.completed(r.at(1), subject="case-1")], 6)
    positions = board.readers.case_positions("case-1")

    assert [position.offset for position in positions] == sorted(p.offset for p in positions)
    assert len({position.partition for position in positions}) == 1
    raws = [board.log.read(*position, 1)[0][1] for position in positions]
    assert [b'"subject":"case-1"' in raw for raw in raws] == [True] * 3
    assert isinstance(positions[0], Position)


def test_changes_of_cards_are_followed_by_position(tmp_path: Path) -> None:
    signed = acts.CardSigned(card_id="k1", actor_ref="o:1")
    records = [carded(1, 1), carded(2, 2), r.record(signed, r.at(3), subject="case-1")]
    readers = Board(tmp_path, records).readers

    def ids(begin: int, end: int) -> list[str]:
        return [card["card_id"] for card in readers.cards_between({0: begin}, {0: end})]

    assert ids(0, 3) == ["k2", "k1"]
    assert ids(2, 3) == ["k1"]
    assert ids(0, 2) == ["k2"]
    assert [card["state"] for card in readers.cards_after({0: 2})] == ["signed"]
    assert readers.cards_after({0: 3}) == []


def test_the_nearest_limits_are_those_whose_next_threshold_comes_first(tmp_path: Path) -> None:
    # Opened on day d: warning at d + 3, yellow at d + 5, red at d + 20; now is day 4.
    readers = Board(
        tmp_path,
        [
            *case(1, 3),  # warning on day 6
            *case(2, 0.5),  # warning passed, yellow on day 5.5
            *case(3, -10),  # red on day 10
            *case(4, 1.2),  # warning on day 4.2
            *case(5, 0.1, stopped=True),
            *case(6, 0.2, timeline="import-1"),
            *case(7, 0.3),
            r.settled(r.at(0.3), r.at(2), subject="case-7"),
        ],
    ).readers
    nearest = readers.nearest_limits(NOW_US)

    assert [(row["subject"], row["next_level"]) for row in nearest] == [
        ("case-4", "warning"),
        ("case-2", "yellow"),
        ("case-1", "warning"),
    ]
    assert nearest[0]["next_us"] == micros(r.at(4.2))
    assert [row["subject"] for row in readers.nearest_limits(NOW_US, 9)][3:] == ["case-3"]
    assert readers.nearest_limits(NOW_US, department="D9") == []


def test_of_limits_that_end_at_one_instant_those_of_special_cases_come_first(
    tmp_path: Path,
) -> None:
    records = [each for number in range(1, 6) for each in case(number, 1.2)]
    special = r.accepted(r.at(1.2), subject="case-5", handling_type="special")
    readers = Board(tmp_path, [*records[:-2], special, records[-1]]).readers

    nearest = readers.nearest_limits(NOW_US, 2)
    assert [row["subject"] for row in nearest] == ["case-5", "case-1"]
    assert [row["handling_type"] for row in nearest] == ["special", None]


def test_two_clocks_of_one_kind_of_a_case_are_two_of_the_nearest(tmp_path: Path) -> None:
    stages = [
        r.limits(r.at(day), clock="stage", cycle=f"/halls/1/approval#s{day}") for day in (1.2, 1.4)
    ]
    readers = Board(tmp_path, [*case(1, 1.3), *stages]).readers

    assert [row["clock"] for row in readers.nearest_limits(NOW_US)] == [
        "stage", "handling", "stage",
    ]  # fmt: skip


def test_a_card_says_how_its_case_is_handled(tmp_path: Path) -> None:
    special = r.accepted(r.at(0), subject="case-1", handling_type="special")
    readers = Board(tmp_path, [special, carded(1, 1), carded(2, 2)]).readers

    assert [card["handling_type"] for card in readers.cards().items] == [None, "special"]
    card = readers.card("k1")
    assert card is not None
    assert card["handling_type"] == "special"


def test_a_threshold_that_is_reached_now_is_no_longer_next(tmp_path: Path) -> None:
    readers = Board(tmp_path, case(1, 1)).readers  # warning on day 4

    assert readers.nearest_limits(NOW_US)[0]["next_level"] == "yellow"
    assert readers.nearest_limits(NOW_US - 1)[0]["next_level"] == "warning"


def test_the_counters_of_the_hall_screen(tmp_path: Path) -> None:
    drawn = r.record(TicketDrawn(hall="H1"), r.at(4), subject="t1")
    readers = Board(
        tmp_path,
        [
            drawn,
            *case(1, 4),
            *case(2, 0.5),  # warning passed: due soon
            *case(3, -2),  # yellow passed: overdue
            *case(4, 0, stopped=True),
            *case(5, 3),
            r.settled(r.at(3), r.at(4), subject="case-5"),
            r.card(r.at(4), "red", card_id="k", subject="case-3"),
            *case(6, -9, timeline="import-1"),
        ],
    ).readers
    counters = readers.hall_counters(NOW_US)

    assert counters["day"] == "2026-11-27"
    assert (counters["tickets_drawn"], counters["accepted"], counters["completed"]) == (1, 1, 1)
    assert (counters["open"], counters["stopped"]) == (4, 1)
    assert (counters["due_soon"], counters["overdue"]) == (1, 1)
    assert (counters["red_issued"], counters["yellow_issued"]) == (1, 0)
    assert readers.hall_counters(NOW_US, hall="H9")["open"] == 0
    assert readers.hall_counters(NOW_US, day="2026-11-26")["accepted"] == 1


def test_a_department_lamp_is_the_highest_card_standing_on_its_open_cases(tmp_path: Path) -> None:
    readers = Board(
        tmp_path,
        [
            *case(1, 0),
            carded(1, 3),
            *case(2, 0),
            carded(2, 3, level="red"),
            r.rescinded(r.at(4), "k2", subject="case-2"),
            *case(3, 0, department="D2"),
            *case(4, 0, department="D2"),
            carded(4, 3, level="red", department="D2"),
            r.settled(r.at(0), r.at(4), subject="case-4", department="D2"),
        ],
    ).readers
    first, second = readers.department_lamps()

    assert (first["department"], first["level"], first["open"]) == ("D1", 2, 2)
    assert (first["yellow"], first["red"], first["stopped"]) == (1, 0, 0)
    assert (second["department"], second["level"], second["open"]) == ("D2", 0, 1)


def test_the_board_counts_cards_by_level_and_what_became_of_them(tmp_path: Path) -> None:
    readers = Board(
        tmp_path,
        [
            carded(1, 1),
            carded(2, 2),
            r.record(acts.CardSigned(card_id="k2", actor_ref="o"), r.at(3), subject="case-2"),
            carded(3, 3, level="red"),
            r.rescinded(r.at(4), "k3", subject="case-3"),
            carded(4, 4, mode="confirm"),
        ],
    ).readers
    counts = readers.board_counts()

    assert (counts["yellow_live"], counts["yellow_unsigned"], counts["yellow_waiting"]) == (3, 1, 1)
    assert (counts["red_live"], counts["red_rescinded"], counts["warning_live"]) == (0, 1, 0)
    assert readers.board_counts(department="D9")["yellow_live"] == 0


def test_the_highest_live_cards_are_counted_by_hall_and_level(tmp_path: Path) -> None:
    readers = Board(
        tmp_path,
        [*case(1, 0), r.card(r.at(3), "warning"), r.card(r.at(5), "yellow"), *case(2, 0)],
    ).readers

    assert readers.cards_by_level_and_hall() == {("H1", "yellow"): 1}


def test_daily_efficiency_is_the_view_of_the_days_asked_for(tmp_path: Path) -> None:
    records = [
        record
        for n in range(6)
        for record in (
            *case(n, n % 3),
            r.settled(r.at(n % 3), r.at(n), subject=f"case-{n}", working_us=n * r.HOUR_US),
        )
    ]
    board = Board(tmp_path, records)
    engine = stores.engine_at(tmp_path)
    whole = stores.rows_of(engine, "SELECT * FROM v_efficiency_daily ORDER BY day")

    asked = board.readers.efficiency_daily("2026-11-24", "2026-11-26")

    assert asked == [row for row in whole if "2026-11-24" <= row["day"] <= "2026-11-26"]
    assert len(asked) == 3
    assert board.readers.efficiency_daily("2026-11-24", "2026-11-26", department="D9") == []


def test_positions_tell_how_far_the_rows_have_read(tmp_path: Path) -> None:
    board = Board(tmp_path, [*case(1, 0), *case(2, 0)])
    board.log.append([r.entry(r.completed(r.at(1)))])

    assert board.readers.positions() == {0: 4}
    assert board.readers.lag(board.log.ends()) == 1


def test_the_clocks_of_a_case_are_listed_with_those_that_run_first(tmp_path: Path) -> None:
    again = "/halls/1/approval#again"
    records = [
        *case(1, 0),
        r.settled(r.at(), r.at(1), subject="case-1"),
        r.limits(r.at(2), subject="case-1", cycle=again),
    ]
    clocks = Board(tmp_path, records).readers.case_limits("case-1")

    assert [(row["cycle"] == again, row["closed"]) for row in clocks] == [(True, 0), (False, 1)]
