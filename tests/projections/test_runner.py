import pytest

from ledger import wire
from ledger.hall_events import TicketDrawn
from ledger.log import Position
from projections.case_history import CaseHistory
from projections.runner import Runner, identity_hash
from projections.warning_board import WarningBoard
from tests.projections import records as r
from tests.projections.memory_tables import MemoryTables

LIFE = (
    r.accepted(r.at()),
    r.limits(r.at()),
    r.card(r.at(5)),
    r.completed(r.at(6)),
    r.settled(r.at(), r.at(6), on_time=False),
)


def test_a_repeat_in_one_batch_is_dropped() -> None:
    once = MemoryTables(r.projections(), repeats=True).run(LIFE)
    anew = MemoryTables(r.projections(), repeats=True)
    anew.run([record for record in LIFE for _ in range(2)])

    assert _without_places(anew) == _without_places(once)


def test_a_repeat_in_a_later_batch_is_dropped_however_late() -> None:
    once = MemoryTables(r.projections(), repeats=True).run(LIFE)
    anew = MemoryTables(r.projections(), repeats=True).run(LIFE, batch=1).run(LIFE, batch=2)

    assert anew.tables == once.tables


def test_other_content_under_a_known_identity_has_no_effect() -> None:
    drawn = r.record(TicketDrawn(hall="H1"), r.at(), subject="t", name="1")
    other = r.record(TicketDrawn(hall="H2"), r.at(1), subject="t", name="1")
    tables = MemoryTables(r.projections(), repeats=True).run([drawn], batch=1).run([other])

    assert tables.one("hall_days")["hall"] == "H1"


def test_one_id_under_two_subjects_or_sources_is_two_records() -> None:
    assert (
        len({identity_hash(*of) for of in (("a", "s", "1"), ("b", "s", "1"), ("a", "t", "1"))}) == 3
    )


def test_a_record_that_cannot_be_read_ends_the_batch_before_it() -> None:
    good = wire.encode(LIFE[0])
    batch = Runner(r.projections()).plan(
        [(Position(0, 0), good), (Position(0, 1), b"{broken"), (Position(0, 2), good)]
    )

    assert [seen.position.offset for seen in batch.seen] == [0]
    assert batch.unread is not None
    assert batch.unread[0] == Position(0, 1)


@pytest.mark.parametrize("escaped", [r"a\u0000b", r"a\\\u0000b"])
def test_nul_characters_do_not_reach_the_rows(escaped: str) -> None:
    raw = wire.encode(r.record(TicketDrawn(hall="HALL"), r.at(), subject="t"))
    tables = MemoryTables(r.projections())
    tables.step([(Position(0, 0), raw.replace(b"HALL", escaped.encode()))])

    assert tables.one("hall_days")["hall"] == escaped.replace(r"\u0000", "").replace(r"\\", "\\")


def test_a_backslash_before_letters_that_look_like_nul_is_kept() -> None:
    raw = wire.encode(r.record(TicketDrawn(hall="HALL"), r.at(), subject="t"))
    tables = MemoryTables(r.projections())
    tables.step([(Position(0, 0), raw.replace(b"HALL", rb"a\\u0000b"))])

    assert tables.one("hall_days")["hall"] == r"a\u0000b"


def test_two_projections_cannot_write_one_table() -> None:
    with pytest.raises(AssertionError, match="two projections"):
        Runner([CaseHistory(), CaseHistory()])


def test_asking_names_only_the_subjects_of_the_batch() -> None:
    batch = Runner(r.projections()).plan([(Position(0, 0), wire.encode(LIFE[1]))])

    assert batch.rows.tables["cases"].wanted == {"case-1"}
    assert batch.rows.tables["cards"].wanted == set()
    assert WarningBoard.wants >= {LIFE[1].type}


def _without_places(tables: MemoryTables) -> object:
    places = ("log_offset", "changed_offset")
    return {
        name: [{k: v for k, v in row.items() if k not in places} for row in tables.rows(name)]
        for name in tables.tables
    }
