"""The contract of stamps: when the ledger learned something never runs backwards.

It stands apart because a log whose intake nodes stamp by their own clocks cannot promise it, and is
then not asked for any of it.
"""

from typing import TYPE_CHECKING

from ledger.log import ORDERED_STAMPS, partitions_of
from ledger.record import instant

if TYPE_CHECKING:
    from tests.conformance.conftest import Trial

SECOND_US = 1_000_000


def test_stamps_never_decrease_though_the_clock_does(trial: "Trial") -> None:
    """Time never runs backwards: a clock set back is held at the greatest stamp so far."""
    noon_us = trial.clock.us
    trial.needs(ORDERED_STAMPS)
    for number, change_us in enumerate([0, SECOND_US, -3600 * SECOND_US, 5, 3602 * SECOND_US]):
        trial.clock.us += change_us
        trial.log.append([trial.entry("case-1", f"{number}-{part}") for part in range(2)])
    (number,) = partitions_of("case-1", trial.partitions)
    found = [us - noon_us for us in trial.stamps(trial.all()[number])]
    late_us = 3_000_005
    assert found == [0, 0, *[SECOND_US] * 6, late_us, late_us]


def test_a_live_stamp_that_is_carried_holds_later_ones_up(trial: "Trial") -> None:
    """A record moved from another log was learned when it says, and what follows comes after."""
    noon_us = trial.clock.us
    trial.needs(ORDERED_STAMPS)
    ahead_us = noon_us + 60 * SECOND_US
    trial.log.append([trial.stamped("case-1", "1", ahead_us), trial.entry("case-1", "2")])
    trial.log.append([trial.entry("case-1", "3")])
    (number,) = partitions_of("case-1", trial.partitions)
    assert trial.stamps(trial.all()[number]) == [ahead_us] * 3


def test_the_stamp_is_the_logs_and_not_a_partitions(trial: "Trial") -> None:
    """A clock set back is held up in every partition."""
    noon_us = trial.clock.us
    trial.needs(ORDERED_STAMPS)
    trial.log.append([trial.entry("case-1", "1")])
    trial.clock.us -= SECOND_US
    trial.log.append([trial.entry(f"case-{n}", "2") for n in range(30)])
    for read in trial.all().values():
        assert set(trial.stamps(read)) <= {noon_us}


def test_stamps_of_an_import_do_not_touch_live_time(trial: "Trial") -> None:
    """Records of a timeline live on the import's own time, even if it lies ahead."""
    noon_us = trial.clock.us
    trial.needs(ORDERED_STAMPS)
    ahead_us = noon_us + 60 * SECOND_US
    trial.log.append([trial.stamped("case-1", "1", ahead_us, timeline="receipt")])
    trial.log.append([trial.entry("case-1", "2")])
    (number,) = partitions_of("case-1", trial.partitions)
    assert trial.stamps(trial.all()[number]) == [ahead_us, noon_us]


def test_no_stamp_lies_below_an_earlier_tick(trial: "Trial") -> None:
    """A tick says that an instant has passed: what comes after it was not learned before it."""
    noon_us = trial.clock.us
    trial.needs(ORDERED_STAMPS)
    tick_us = noon_us + 5 * SECOND_US
    tick = trial.entry(
        "case-1",
        "tick",
        type="hall.clock.reached.v1",
        time=instant(tick_us).isoformat(),
        data={"what": "limit", "due_at": instant(noon_us).isoformat()},
    )
    trial.log.append([trial.entry("case-1", "1"), tick, trial.entry("case-1", "2")])
    (number,) = partitions_of("case-1", trial.partitions)
    assert trial.stamps(trial.all()[number]) == [noon_us, tick_us, tick_us]
