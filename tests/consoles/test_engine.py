"""The engine of the embedded edition: it follows the log, ends in order, never fails silently."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from consoles.bootstrap import open_hall
from consoles.clock import LEAP_MAX_US, VirtualClock, WallClock
from consoles.engine import Engine
from consoles.hall import Hall
from consoles.settings import Settings
from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import LogMismatch, LogUnavailable
from ledger.events import REFERENCE_TYPES
from ledger.log import Entry, Position, digest
from ledger.record import Record, instant, micros
from ledger.system_events import ClockReached, LogSkipped, SupervisionJudged
from ledger.wire import accept, decode, encode, stamp
from processors.drivers.embedded import Supervisor
from tests.consoles.commands import acceptance, event, hall, wait_until
from tests.golden.language import at

START_US = at("2018-10-15 10:00:00")
BROKEN = b'{"specversion":"1.0","type":"hall.case.accepted.v9","id":"?"}'


def entry(cloud_event: dict[str, object]) -> Entry:
    record, raw = accept(cloud_event)
    return Entry(record.subject, record.source, record.id, raw)


@contextmanager
def opened(folder: Path, speed: float = 1.0) -> Iterator[Hall]:
    made = open_hall(
        Settings(data=folder), role="supervise", clock=lambda _: VirtualClock(START_US, speed)
    )
    try:
        yield made
    finally:
        made.close()


def types(made: Hall) -> list[str]:
    """The records of the log, what was published at its opening left out."""
    ends = made.log.ends()
    found = [decode(raw).type for n, end in ends.items() for _, raw in made.log.read(n, 0, end)]
    return [type_ for type_ in found if type_ not in REFERENCE_TYPES]


def test_what_is_appended_is_judged_and_projected_by_itself(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        made.engine.start()
        made.log.append([entry(acceptance())])
        wait_until(lambda: made.readers.case("C-1") is not None, "the case is projected")
        wait_until(lambda: len(types(made)) == 2, "its limits are set")
        wait_until(lambda: made.status()["supervision_lag"] == 0, "all is judged")
        assert made.status()["ready"]


def test_time_alone_brings_the_cards(tmp_path: Path) -> None:
    """Four days a second: nothing is appended but the acceptance."""
    with opened(tmp_path, speed=4 * 24 * 3600) as made:
        made.engine.start()
        made.log.append([entry(acceptance())])
        wait_until(lambda: len(made.readers.cards(subject="C-1").items) == 3, "three cards")
        cards = made.readers.cards(subject="C-1").items
    assert [(card["level"], card["effective_us"]) for card in reversed(cards)] == [
        ("warning", at("2018-10-19 10:00:00")),
        ("yellow", at("2018-10-24 10:00:00")),
        ("red", at("2018-10-29 10:00:00")),
    ]


def test_at_its_end_everything_is_judged_and_marked_and_the_next_start_adds_nothing(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as made:
        made.engine.start()
        made.log.append([entry(acceptance())])
        wait_until(lambda: made.status()["supervision_lag"] == 0, "all is judged")
        made.engine.stop()
        assert types(made)[-1] == SupervisionJudged.TYPE
        assert made.status()["projection_lag"] == 0
        before = types(made)
    with opened(tmp_path) as made:
        made.engine.start()
        wait_until(lambda: made.status()["supervision_lag"] == 0, "all is judged")
        made.engine.stop()
        assert types(made) == before


def skip(made: Hall, offset: int, raw: bytes) -> Entry:
    """The record by which an operator passes over one that cannot be read."""
    data = LogSkipped(
        partition=0, offset=offset, sha256=digest(raw), actor_ref="o-1", reason="broken"
    )
    record = Record(
        type=LogSkipped.TYPE,
        source="/operator",
        id=f"skip-{offset}",
        subject="partition:0",
        time=instant(made.now_us()),
        data=data,
    )
    return Entry(record.subject, record.source, record.id, encode(record))


def test_an_unreadable_record_stops_all_behind_it_and_readiness_says_why_until_it_is_skipped(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as made:
        offset = made.log.ends()[0]
        made.log.append([Entry("C-1", "/somewhere", "x", BROKEN, recorded_us=0)])
        made.log.append([entry(acceptance())])
        made.engine.start()
        wait_until(lambda: not made.status()["ready"], "it is not ready")
        assert f"offset {offset}" in made.status()["reasons"][0]
        assert made.figures()["hall_engine_up"][()] == 0
        assert made.readers.case("C-1") is None
        made.log.append([skip(made, offset, BROKEN)])
        wait_until(lambda: made.readers.case("C-1") is not None, "it goes on")
        wait_until(lambda: made.status()["ready"], "it is ready")
        assert made.figures()["hall_engine_up"][()] == 1


def test_a_hall_stopped_by_an_unreadable_record_can_be_closed(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        made.log.append([Entry("C-1", "/somewhere", "x", BROKEN, recorded_us=0)])
        made.engine.start()
        wait_until(lambda: not made.status()["ready"], "it is not ready")
    with opened(tmp_path) as again:
        assert again.supervisor is not None


class BreakingLog(SqliteLog):
    """A log whose reads fail after so many, with an error that is none of the product's."""

    reads_left = 1 << 30

    def read(self, partition: int, from_offset: int, limit: int) -> list[tuple[Position, bytes]]:
        self.reads_left -= 1
        if self.reads_left < 0:
            raise RuntimeError("the disk has gone")
        return super().read(partition, from_offset, limit)


def test_an_error_nobody_foresaw_ends_the_engine_and_readiness_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    with opened(tmp_path) as made:
        log = BreakingLog(tmp_path / "ledger.sqlite", now=made.now_us)
        supervisor = Supervisor(log, made.states, made.policy, made.now_us)
        made.engine = Engine(supervisor, made.projector, 1)
        log.reads_left = 0
        made.engine.start()
        wait_until(lambda: made.engine.failure is not None, "the engine has ended")
        assert made.status()["reasons"] == ["the disk has gone"]
        made.engine.stop()
        log.close()
    assert "RuntimeError" in caplog.text


def test_a_rebuild_beside_a_running_engine_does_not_end_it(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        made.engine.start()
        made.log.append([entry(acceptance(subject="C-1"))])
        wait_until(lambda: made.readers.case("C-1") is not None, "the case is projected")
        assert hall("--data", tmp_path, "rebuild").code == 0
        made.log.append([entry(acceptance(subject="C-2"))])
        wait_until(lambda: made.readers.case("C-2") is not None, "the next one too")
        wait_until(lambda: made.status()["projection_lag"] == 0, "all is projected")
        assert made.status()["ready"]
        assert hall("--data", tmp_path, "rebuild", "--check").code == 0


def test_to_catch_up_lets_no_time_pass(tmp_path: Path) -> None:
    with opened(tmp_path, speed=1e9) as made:
        made.log.append([entry(acceptance())])
        made.engine.catch_up()
        assert ClockReached.TYPE not in types(made)
        assert made.readers.case("C-1") is not None


def test_a_hall_that_only_reads_neither_judges_nor_projects(tmp_path: Path) -> None:
    with opened(tmp_path) as made:
        made.log.append([entry(acceptance())])
        reading = open_hall(Settings(data=tmp_path), role="if-free")
        reading.engine.catch_up()
        assert reading.supervisor is None
        assert reading.readers.case("C-1") is None
        assert "another process supervises" in reading.status()["reasons"][0]
        reading.close()
        assert len(types(made)) == 1


def test_a_hall_is_explained_as_it_was_known_when_the_card_was_issued(tmp_path: Path) -> None:
    done = event(
        "completed",
        "2018-10-22 10:00:00",
        outcome="granted",
        recordedtime="2018-10-25T10:00:00+08:00",
    )
    events: Sequence[dict[str, object]] = (acceptance(), done)
    with opened(tmp_path) as made:
        for each in events:
            stamped = dict(each)
            recorded = stamped.pop("recordedtime", each["time"])
            one = entry(stamped)
            stamp_us = micros(datetime.fromisoformat(str(recorded)))
            made.log.append([one._replace(raw=stamp(one.raw, stamp_us), recorded_us=stamp_us)])
        made.engine.catch_up()
        cards = {card["level"]: card for card in made.readers.cards(subject="C-1").items}
        why = made.explain(cards["yellow"]["card_id"])
    assert cards["yellow"]["state"] == "rescinded"
    assert why is not None
    assert why["reproduced"]
    assert why["until"] > "2018-10-24T10:00:00"
    assert sum(each["counted_us"] for each in why["intervals"]) == why["used_us"]


# --- clocks ------------------------------------------------------------------------------------


def test_a_virtual_clock_starts_where_it_is_told_and_runs_as_fast() -> None:
    clock = VirtualClock(START_US, 3_600)
    first = clock.now_us()
    clock.wait_until(first + 60_000_000, 0.5)
    passed = clock.now_us() - START_US
    assert first - START_US < 3_600 * 1_000_000
    assert passed >= 60_000_000
    assert clock.may_tick()


class LeapingClock(WallClock):
    """A machine's clock that somebody sets."""

    ahead_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.ahead_us


def test_a_wall_clock_that_leapt_ahead_holds_the_ticks() -> None:
    clock = LeapingClock()
    assert clock.may_tick()
    clock.ahead_us = LEAP_MAX_US - 60_000_000
    assert clock.may_tick()
    clock.ahead_us = LEAP_MAX_US + 1_000_000
    assert not clock.may_tick()


class Failing:
    """A supervisor whose rounds fail with the given errors, then rest."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.rounds = 0

    def turn(self) -> bool:
        self.rounds += 1
        if self.errors:
            raise self.errors.pop(0)
        return False

    is_behind = False

    def stop(self) -> None: ...


class Resting:
    """A projector with nothing to do."""

    def catch_up(self) -> int:
        return 0


def following(supervisor: Failing) -> Engine:
    engine = Engine(cast(Any, supervisor), cast(Any, Resting()), partitions=0)
    engine.start()
    return engine


def test_an_error_that_may_pass_is_tried_again_and_shown_meanwhile() -> None:
    supervisor = Failing(LogUnavailable("The disk is full."))
    engine = following(supervisor)
    wait_until(lambda: engine.failure is not None, "the failure shows", 5)
    wait_until(lambda: supervisor.rounds > 1 and engine.failure is None, "it goes on")
    engine.stop()


def test_any_other_error_ends_the_engine_and_stays_shown() -> None:
    supervisor = Failing(LogMismatch("Another log."))
    engine = following(supervisor)
    wait_until(lambda: engine.failure is not None, "the failure shows", 5)
    engine.stop()
    assert supervisor.rounds == 1
    assert isinstance(engine.failure, LogMismatch)


class Leapt(VirtualClock):
    """A clock that leapt ahead."""

    def may_tick(self) -> bool:
        return False


def test_nothing_is_recorded_while_the_clock_has_leapt_ahead(tmp_path: Path) -> None:
    made = open_hall(
        Settings(data=tmp_path), role="supervise", clock=lambda _: Leapt(START_US, 1.0)
    )
    try:
        with pytest.raises(LogUnavailable, match="leapt ahead"):
            made.log.append([entry(acceptance())])
        assert made.log.ends() == {0: 0}
    finally:
        made.close()
