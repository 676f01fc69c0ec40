"""Joining, isolating and back-pressure, with a transaction that tests hold open."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from ledger.drivers.group_writer import LOCKED, GroupWriter
from ledger.errors import LogUnavailable

WAIT_S = 10.0
LOCKS = 1_000


class Desk:
    """Answers work with its double; refuses negative work; can be held shut."""

    def __init__(
        self, *, joined_max: int = 100, waiting_max: int = 100, patience_s: float = 0.05
    ) -> None:
        self.batches: list[list[int]] = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.writer = GroupWriter(
            self.transact, joined_max=joined_max, waiting_max=waiting_max, patience_s=patience_s
        )

    def transact(self, works: Sequence[int]) -> list[int]:
        self.entered.set()
        assert self.open.wait(WAIT_S)
        self.batches.append(list(works))
        if -LOCKS in works:
            raise LogUnavailable("The file is held by another process.", reason=LOCKED)
        if any(work < 0 for work in works):
            raise ValueError(f"negative work in {works}")
        return [work * 2 for work in works]

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Hold the writer inside its transaction with a piece of work of weight 1."""
        self.open.clear()
        self.entered.clear()
        held = self.writer.submit(0, 1)
        assert self.entered.wait(WAIT_S)
        yield
        self.open.set()
        assert held.result(WAIT_S) == 0


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.writer.close()


def test_a_call_alone_is_written_in_the_thread_of_its_caller(desk: Desk) -> None:
    before = threading.active_count()
    assert desk.writer.call(21, 1) == 42
    assert threading.active_count() == before


def test_what_waits_together_is_written_together_and_answered_apart(desk: Desk) -> None:
    with desk.shut():
        futures = [desk.writer.submit(work, 1) for work in (1, 2, 3)]
    assert [future.result(WAIT_S) for future in futures] == [2, 4, 6]
    assert desk.batches == [[0], [1, 2, 3]]


def test_joining_stops_at_the_bound(desk: Desk) -> None:
    with desk.shut():
        futures = [desk.writer.submit(work, 40) for work in (1, 2)]
    assert [future.result(WAIT_S) for future in futures] == [2, 4]
    small = Desk(joined_max=79)
    with small.shut():
        futures = [small.writer.submit(work, 40) for work in (1, 2)]
    assert [future.result(WAIT_S) for future in futures] == [2, 4]
    assert (desk.batches[1:], small.batches[1:]) == ([[1, 2]], [[1], [2]])
    small.writer.close()


def test_a_failing_call_does_not_harm_those_joined_with_it(desk: Desk) -> None:
    with desk.shut():
        futures = [desk.writer.submit(work, 1) for work in (1, -1, 3)]
    assert futures[0].result(WAIT_S) == 2
    assert futures[2].result(WAIT_S) == 6
    with pytest.raises(ValueError, match="negative work in \\[-1\\]"):
        futures[1].result(WAIT_S)
    assert desk.batches[1:] == [[1, -1, 3], [1], [-1], [3]]
    assert desk.writer.call(5, 1) == 10


def test_a_locked_file_is_told_to_all_joined_calls_after_one_wait(desk: Desk) -> None:
    with desk.shut():
        futures = [desk.writer.submit(work, 1) for work in (-LOCKS, 2, 3)]
    errors = [future.exception(WAIT_S) for future in futures]
    assert [type(error) for error in errors] == [LogUnavailable] * 3
    assert desk.batches == [[0], [-LOCKS, 2, 3]]
    assert desk.writer.call(5, 1) == 10


def test_the_queue_takes_its_bound_and_not_one_more() -> None:
    desk = Desk(waiting_max=10)
    with desk.shut():
        most = desk.writer.submit(4, 9)
        full = desk.writer.submit(1, 1)
        refused = desk.writer.submit(2, 1)
        with pytest.raises(LogUnavailable, match="at most 10 may") as caught:
            desk.writer.call(3, 1)
    assert caught.value.retryable
    assert isinstance(refused.exception(WAIT_S), LogUnavailable)
    assert (most.result(WAIT_S), full.result(WAIT_S)) == (8, 2)
    desk.writer.close()
    assert desk.batches == [[0], [4, 1]]


def test_a_call_beyond_the_bound_is_taken_when_nothing_waits() -> None:
    desk = Desk(waiting_max=10)
    with desk.shut():
        big = desk.writer.submit(1, 10_000)
    assert big.result(WAIT_S) == 2
    desk.writer.close()


def test_a_call_waits_for_room() -> None:
    desk = Desk(waiting_max=1, patience_s=WAIT_S)
    answers: list[int] = []
    with desk.shut():
        first = desk.writer.submit(1, 1)
        waiting = threading.Thread(target=lambda: answers.append(desk.writer.call(2, 1)))
        waiting.start()
    waiting.join(WAIT_S)
    assert (first.result(WAIT_S), answers) == (2, [4])
    desk.writer.close()


def test_what_is_cancelled_before_its_turn_is_not_written(desk: Desk) -> None:
    with desk.shut():
        kept, cancelled = desk.writer.submit(1, 1), desk.writer.submit(2, 1)
        assert cancelled.cancel()
    assert kept.result(WAIT_S) == 2
    assert desk.batches == [[0], [1]]


def test_closing_writes_what_waits_and_refuses_what_comes_later() -> None:
    desk = Desk()
    futures: list[Future[int]] = []
    with desk.shut():
        futures.append(desk.writer.submit(1, 1))
        closing = threading.Thread(target=desk.writer.close)
        closing.start()
    closing.join(WAIT_S)
    assert not closing.is_alive()
    assert futures[0].result(0) == 2
    with pytest.raises(LogUnavailable, match="closed"):
        desk.writer.call(2, 1)
    assert isinstance(desk.writer.submit(3, 1).exception(0), LogUnavailable)
