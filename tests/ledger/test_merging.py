"""Partitions merge into one sequence without reordering any, and references govern as before."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import wire
from ledger.log import Position
from ledger.merging import merged
from ledger.reading import Read
from ledger.record import instant
from tests.ledger.moved_logs import NOON_US, SECOND_US, fact, reference


@given(
    partitions=st.lists(
        st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=12), max_size=5
    )
)
def test_merging_never_reorders_a_partition(partitions: list[list[tuple[int, bool]]]) -> None:
    streams = [
        [read(number, offset, *each) for offset, each in enumerate(stream)]
        for number, stream in enumerate(partitions)
    ]
    together = list(merged(streams))
    for number, stream in enumerate(streams):
        assert [each for each in together if each.position.partition == number] == stream


@given(
    partitions=st.lists(st.lists(st.integers(0, 20), max_size=12).map(sorted), max_size=5),
)
def test_partitions_whose_stamps_are_in_order_merge_into_that_order(
    partitions: list[list[int]],
) -> None:
    streams = [
        [read(number, offset, second, True) for offset, second in enumerate(stream)]
        for number, stream in enumerate(partitions)
    ]
    expected = sorted(
        (second, number, offset)
        for number, stream in enumerate(partitions)
        for offset, second in enumerate(stream)
    )
    assert [each.position for each in merged(streams)] == [
        Position(number, offset) for _, number, offset in expected
    ]


def test_a_reference_governs_after_the_move_what_it_governed_before() -> None:
    """Its copies lie behind other facts in each partition, and clocks of two nodes differ."""
    first, second = wire.decode(wire.stamp(reference("1").raw, NOON_US)), "reference:department:zjj"
    streams = [
        [read(0, 0, 0, True), Read(Position(0, 1), b"", first), read(0, 2, 1, True)],
        [*(read(1, offset, 9, True) for offset in range(3)), Read(Position(1, 3), b"", first)],
        [Read(Position(2, 0), b"", first), *(read(2, offset, 0, True) for offset in (1, 2))],
    ]
    places = [tuple(each.position) for each in merged(streams)]
    copies = {(0, 1), (1, 3), (2, 0)}
    begin = min(places.index(copy) for copy in copies)
    assert set(places[:begin]) == {(0, 0), (1, 0), (1, 1), (1, 2)}
    assert first.subject == second


@pytest.mark.parametrize("orders", [("ab", "ba"), ("ab", "a"), ("ab", ""), ("a", "b")])
def test_references_in_another_order_or_without_a_copy_hold_nothing_up(
    orders: tuple[str, str],
) -> None:
    published = {name: wire.decode(wire.stamp(reference(name).raw, NOON_US)) for name in "ab"}
    streams = [
        [
            *(Read(Position(number, at), b"", published[name]) for at, name in enumerate(order)),
            read(number, len(order), 1, True),
        ]
        for number, order in enumerate(orders)
    ]
    together = list(merged(streams))
    for number, stream in enumerate(streams):
        assert [each for each in together if each.position.partition == number] == stream


def read(partition: int, offset: int, second: int, live: bool) -> Read:
    stamp = instant(NOON_US) + timedelta(seconds=second)
    raw = wire.stamp(fact("case-1", "1").raw, NOON_US + second * SECOND_US)
    record = wire.decode(raw)
    assert record.recordedtime == stamp
    if not live:
        raw = raw.replace(b',"data":', b',"timeline":"receipt","data":')
    return Read(Position(partition, offset), raw, wire.decode(raw))
