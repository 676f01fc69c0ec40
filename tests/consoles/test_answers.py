"""The state of a case as an answer: what its records and findings, taken together, leave it in."""

from collections.abc import Sequence
from typing import Any

from consoles.answers import case_history
from ledger.log import Position
from ledger.record import AnyRecord
from tests.golden.language import SHANGHAI, accepted, at, fact, recorded_us, stopped, told

CASE = [
    accepted(stage_limits={"审查": "1 working_day"}),
    fact("stage-started", "2018-10-15 11:00:00", stage="审查"),
    stopped("2018-10-16 10:00:00", "9 working_day"),
]


def state(records: Sequence[AnyRecord], until: str) -> dict[str, Any]:
    """The state of a case after supervision has told what it found up to an instant."""
    log = [*records, *told(records, "hunan", until).records]
    entries = [(Position(0, n), record) for n, record in enumerate(log)]
    history = case_history("C-1", entries, SHANGHAI, None, None)
    assert history is not None
    found: dict[str, Any] = history["state"]
    return found


def test_the_due_instants_of_a_case_are_those_of_its_handling_clock() -> None:
    found = state(CASE, "2018-10-16 11:00:00")
    told_last = told(CASE, "hunan", "2018-10-16 11:00:00").limits[-1]
    assert told_last.clock != "handling"
    assert found["promised_due"] == "2018-11-06T10:00:00+08:00"
    assert found["phase"] == "stopped"


def test_limits_of_another_clock_alone_leave_a_case_received() -> None:
    receipt = fact("received", "2018-10-15 10:00:00", matter="M-1", channel="online")
    found = state([receipt], "2018-10-15 12:00:00")
    assert (found["phase"], found["promised_due"]) == ("received", None)


def test_limits_of_a_cycle_that_was_withdrawn_are_not_shown() -> None:
    opening = accepted()
    amends = {"source": opening.source, "id": opening.id}
    void = fact("amended", "2018-10-16 10:00:00", amends=amends, reason="wrong", void=True)
    assert recorded_us(void) == at("2018-10-16 10:00:00")
    found = state([opening, void], "2018-10-16 11:00:00")
    assert (found["phase"], found["promised_due"]) == ("received", None)
