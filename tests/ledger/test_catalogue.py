"""The catalogue: which publication governs, for every order of publishing and of asking."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.catalogue import (
    LATEST,
    Catalogue,
    Department,
    Entry,
    Matter,
    Published,
    kind_of,
    subject_of,
    type_of_kind,
)
from ledger.events import FACT_TYPES
from ledger.fact import Limit
from ledger.record import AnyRecord, Record, instant, micros
from ledger.wire import decode, encode

DAY_US = 86_400_000_000
NEW_YEAR_US = micros(datetime(2026, 1, 1, tzinfo=UTC))


def matter(days: int = 5, code: str = "M-1") -> Matter:
    limit = Limit(amount=days, unit="working_day")
    return Matter(code=code, name="食品经营许可", department="SCJ", promised_limit=limit)


def publication(
    entry: Entry | dict[str, Any] | None,
    day: int,
    id_: str,
    kind: str = "matter",
    code: str = "M-1",
) -> AnyRecord:
    """A publication that takes effect on a day of the year; without an entry a withdrawal."""
    made = FACT_TYPES[f"hall.reference.{kind}-published.v1"]
    assert issubclass(made, Published)
    effective = instant(NEW_YEAR_US + day * DAY_US)
    data = made(effective_from=effective, entry=entry, withdrawn=True if entry is None else None)
    return Record(
        type=made.TYPE,
        source="/catalogue",
        id=id_,
        subject=f"reference:{kind}:{code}",
        time=effective,
        data=data,
    )


def of_day(catalogue: Catalogue, order: int, day: float) -> Matter | None:
    return catalogue.matter("M-1", order, NEW_YEAR_US + int(day * DAY_US))


def filled(*publications: AnyRecord) -> Catalogue:
    catalogue = Catalogue()
    for order, each in enumerate(publications):
        catalogue.apply(each, order)
    return catalogue


def test_an_entry_governs_from_its_day_on_and_only_what_comes_after_it_in_the_log() -> None:
    catalogue = filled(publication(matter(), 10, "a"))
    assert of_day(catalogue, 1, 10) == matter()
    assert of_day(catalogue, LATEST, 300) == matter()
    assert of_day(catalogue, 1, 9.999) is None
    assert of_day(catalogue, 0, 300) is None
    assert catalogue.matter("M-2", LATEST, NEW_YEAR_US) is None


def test_a_later_day_governs_though_it_was_published_earlier() -> None:
    catalogue = filled(publication(matter(3), 50, "a"), publication(matter(7), 20, "b"))
    assert of_day(catalogue, 2, 30) == matter(7)
    assert of_day(catalogue, 2, 50) == matter(3)
    assert of_day(catalogue, 1, 30) is None


def test_of_one_day_the_later_publication_governs() -> None:
    catalogue = filled(publication(matter(3), 20, "a"), publication(matter(7), 20, "b"))
    assert of_day(catalogue, 1, 20) == matter(3)
    assert of_day(catalogue, 2, 20) == matter(7)


def test_a_withdrawal_ends_an_entry_until_it_is_published_again() -> None:
    catalogue = filled(
        publication(matter(3), 0, "a"), publication(None, 20, "b"), publication(matter(4), 40, "c")
    )
    assert [of_day(catalogue, 3, day) for day in (19, 20, 40)] == [matter(3), None, matter(4)]
    day_30 = NEW_YEAR_US + 30 * DAY_US
    assert catalogue.in_force("matter", 3, day_30) == {}
    assert catalogue.in_force("matter", 1, day_30) == {"M-1": matter(3)}


def test_a_repeat_of_a_publication_counts_where_it_lies_first() -> None:
    first, second = publication(matter(3), 20, "a"), publication(matter(7), 20, "b")
    assert of_day(filled(first, second, first), LATEST, 20) == matter(7)


def test_entries_of_all_kinds_are_found_in_order_of_their_codes() -> None:
    offices = [Department(code=code, name="局") for code in ("ZJJ", "SCJ")]
    catalogue = filled(
        *(publication(each, 0, each.code, "department", each.code) for each in offices)
    )
    found = catalogue.in_force("department", LATEST, NEW_YEAR_US)
    assert list(found.items()) == [("SCJ", offices[1]), ("ZJJ", offices[0])]


@pytest.mark.parametrize(
    "other",
    [
        publication({"name": "市住建局"}, 0, "of an earlier version"),
        publication(matter(), 0, "of another kind", kind="department"),
        publication(None, 0, "withdrawn", kind="department"),
    ],
)
def test_what_publishes_no_entry_of_its_kind_governs_nothing(other: AnyRecord) -> None:
    moved = Record(
        type=other.type, source="/x", id=other.id, subject="reference:matter:M-1",
        time=other.time, data=other.data,
    )  # fmt: skip
    catalogue = filled(publication(matter(), 0, "a"), moved)
    assert of_day(catalogue, LATEST, 1) == matter()


def test_a_publication_keeps_its_entry_on_the_wire() -> None:
    record = publication(matter(), 3, "a")
    again = decode(encode(record))
    assert again == record
    assert isinstance(again.data, Published)
    assert type(again.data.entry) is Matter
    assert again.type == type_of_kind(kind_of(again.data.entry))
    assert again.subject == subject_of("matter", again.data.entry.code)


PUBLICATIONS = st.lists(
    st.tuples(st.integers(0, 4), st.none() | st.integers(1, 3)), min_size=1, max_size=8
)


@given(published=PUBLICATIONS, data=st.data())
def test_what_governs_is_what_the_definition_says(
    published: list[tuple[int, int | None]], data: st.DataObject
) -> None:
    """Among entries below an order the one with the greatest (effective_from, order) in effect."""
    records = [
        (order, publication(None if days is None else matter(days), day, f"{order}"))
        for order, (day, days) in enumerate(published)
    ]
    catalogue = Catalogue()
    for order, record in data.draw(st.permutations(records + records[:2])):
        catalogue.apply(record, order)
    for order in range(len(records) + 2):
        for day in range(6):
            in_effect = [
                (effective, at, days)
                for at, (effective, days) in enumerate(published)
                if at < order and effective <= day
            ]
            days = max(in_effect, key=lambda each: each[:2])[2] if in_effect else None
            assert of_day(catalogue, order, day) == (None if days is None else matter(days))
