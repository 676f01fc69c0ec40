"""What the pages read of a hall, from records in a real log folded by real drivers."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from consoles.pages.efficiency_table import COLUMNS, efficiency_table
from consoles.pages.reading import Reading, days_between
from tests.consoles.api_hall import SmallHall, open_small
from tests.consoles.page_rows import reader
from tests.projections import records as r

FIRST = r.MONDAY.date()
LAST = FIRST + timedelta(days=6)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallHall]:
    """SCJ completes on two days, BDC has an old case open and a card taken back."""
    hall = open_small(tmp_path_factory.mktemp("hall"))
    hall.add(
        *(
            record
            for n, hours in enumerate((2, 4, 9))
            for record in (
                r.limits(r.at(), subject=f"c{n}", department="SCJ"),
                r.settled(
                    r.at(),
                    r.at(1 + n % 2),
                    subject=f"c{n}",
                    department="SCJ",
                    working_us=hours * r.HOUR_US,
                ),
            )
        ),
        r.limits(r.at(-30), subject="old", department="BDC"),
        r.card(r.at(-2), subject="old", department="BDC", card_id="k"),
        r.rescinded(r.at(1), "k", subject="old"),
        r.limits(r.at(-30), subject="still", department="GAJ"),
    )
    yield hall
    hall.close()


def rows_of(hall: SmallHall, first: date, last: date) -> dict[str, dict[str, str]]:
    """Return the cells of the efficiency page by department, and of its total."""
    found = Reading(hall).efficiency(first, last)
    table = efficiency_table(
        found.departments, found.daily, days_between(first, last), found.p90_us, reader()
    )
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in [*table.rows, table.total]}


def test_hours_of_a_range_are_of_all_its_cases_however_many_days(hall: SmallHall) -> None:
    rows = rows_of(hall, FIRST, LAST)

    row = rows["市场监督管理局"]
    assert (row["completed"], row["mean"], row["p90"]) == ("3", "5.0", "9.0")
    assert (rows["合计"]["mean"], rows["合计"]["p90"]) == ("5.0", "9.0")


def test_departments_that_counted_nothing_are_listed_with_their_open_cases(
    hall: SmallHall,
) -> None:
    rows = rows_of(hall, FIRST, LAST)

    quiet = rows["GAJ"]
    assert (quiet["open"], quiet["accepted"], quiet["mean"], quiet["p90"]) == ("1", "0", "—", "—")
    assert rows["合计"]["open"] == "2"


def test_cards_count_on_the_day_of_their_issue_and_of_their_rescission(hall: SmallHall) -> None:
    row = rows_of(hall, FIRST, LAST)["BDC"]
    assert (row["yellow"], row["taken_back"]) == ("0", "1")
    before = rows_of(hall, FIRST - timedelta(days=7), FIRST - timedelta(days=1))["BDC"]
    assert (before["yellow"], before["taken_back"]) == ("1", "0")
