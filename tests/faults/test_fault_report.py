"""The report of the faults: a row a fault, in order of their numbers, kept from run to run."""

from tests.faults.checker import Outcome
from tests.faults.scenario import BEGIN, END, PAGE, Row, write_page

PAGE_BEFORE = f"# Page\n\n{BEGIN}\n\n{END}\n\n## Next\n"


def row(fault: str, facts: int, *recoveries: float) -> Row:
    return Row(fault, "something", "short", Outcome(facts=facts, records=9), recoveries)


def test_a_run_replaces_its_own_rows_and_leaves_those_of_other_faults() -> None:
    page = write_page(PAGE_BEFORE, [row("F10a", 1), row("F2", 2, 3.0, 1.0, 2.0)])
    page = write_page(page, [row("F2", 5), row("F1a", 3)])
    rows = [line.split("|")[1:5] for line in page.splitlines() if line.startswith("| F")]
    assert [(fault.strip(), int(facts)) for fault, _, _, facts in rows] == [
        ("F1a", 3),
        ("F2", 5),
        ("F10a", 1),
    ]
    assert page.startswith("# Page\n")
    assert page.endswith("\n## Next\n")


def test_a_row_says_what_was_lost_and_how_long_recovery_took() -> None:
    told = Row("F1", "kill", "long", Outcome(facts=7, records=9, lost=["a"]), (3.0, 1.0, 2.0))
    assert told.text() == "| F1 | kill | long | 7 | 9 | 1 | 0 | 0 | 0 | 0 | 2 (most 3) |"


def test_the_page_has_room_for_it() -> None:
    page = PAGE.read_text("utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
