"""Histories that properties found once, made small: what went wrong there must not again."""

from processors.supervision.state import CaseState
from processors.supervision.state_codec import encode_state
from processors.supervision.step import judged_step, step
from tests.golden.language import completed, fact, policy


def test_a_reply_told_after_the_completion_names_the_parts_that_are_still_open() -> None:
    """One department's reply came in time and is reported late; another's never came."""
    records = [
        fact("part-dispatched", "2018-10-15 10:00:00", part="land", department="D-2"),
        fact("part-dispatched", "2018-10-15 11:00:00", part="fire", department="D-3"),
        completed("2018-10-18 10:00:00"),
        fact("part-replied", "2018-10-16 10:00:00", "2018-10-22 10:00:00",
             part="fire", department="D-3"),
    ]  # fmt: skip
    state = CaseState("C-1")
    for order, record in enumerate(records):
        stepped = step(state, record, order, policy("statutory"))
        judged = judged_step(state, record, order, policy("statutory"))
        assert encode_state(stepped.state) == encode_state(judged.state)
        assert stepped.records == judged.records
        state = stepped.state
    rules = [getattr(made.data, "rule", "") for made in stepped.records]
    assert rules == ["completed-before-parts"]
