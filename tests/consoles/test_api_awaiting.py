"""`Prefer: wait=N`: an answer that comes once what was sent can be read, or says that it cannot."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from consoles.api.awaiting import WAIT_MAX_S, asked_to_wait
from tests.consoles.api_hall import Answer, Served, accepted_event, open_small, served


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    with served(open_small(tmp_path)) as it:
        yield it


def test_the_answer_waits_until_the_event_can_be_read(api: Served) -> None:
    answers: list[Answer] = []
    sender = threading.Thread(
        target=lambda: answers.append(api.post(accepted_event(), Prefer="wait=20"))
    )
    sender.start()
    while not api.hall.log.ends()[0]:
        assert sender.is_alive(), "it must not be answered before it can be read"
    api.hall.projector.catch_up()
    sender.join()
    (answer,) = answers
    assert answer.status == 201
    assert answer.headers["preference-applied"] == "wait=20"
    assert api.get("/api/v1/cases/case-1").status == 200


def test_what_cannot_be_read_in_time_is_taken_all_the_same_and_answered_202(api: Served) -> None:
    answer = api.post([accepted_event()], Prefer="respond-async, wait=1")
    assert answer.status == 202
    assert answer.json()["appended"] == 1
    assert api.hall.log.ends() == {0: 1}


def test_without_the_wish_nobody_waits(api: Served) -> None:
    answer = api.post(accepted_event())
    assert answer.status == 201
    assert "preference-applied" not in answer.headers


def test_a_refused_event_is_answered_at_once(api: Served) -> None:
    assert api.post({"specversion": "1.0"}, Prefer="wait=20").status == 400


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5),
        ("respond-async; wait=7", 7),
        ('wait="3"', 3),
        ("WAIT = 4", 4),
        ("wait=9999", WAIT_MAX_S),
        ("await=5", 0),
        ("wait=-1", 0),
        ("return=minimal", 0),
    ],
)
def test_only_a_wish_in_whole_seconds_counts_and_it_is_bounded(header: str, seconds: int) -> None:
    assert asked_to_wait({"headers": [(b"prefer", header.encode())]}) == seconds
