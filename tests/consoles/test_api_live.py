"""The live stream: what comes, in which order, and that nothing is lost when it breaks."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from consoles.api.app import create_app
from consoles.api.counters import Counters
from consoles.api.live import GAP_MAX, QUEUE_MAX, Live, News
from consoles.api.live_place import Place, parse_place, place_text
from consoles.api.serve import running
from tests.apart import run_apart
from tests.consoles.api_hall import Served, Stream, open_small, served
from tests.projections.records import accepted, at, card, rescinded

IDENTITY = "0123abcd-0000-4000-8000-000000000000"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    hall = open_small(tmp_path)
    hall.add(accepted(at(-6)))
    with served(hall) as it:
        yield it


@pytest.fixture
def streams(api: Served) -> Iterator[Any]:
    opened: list[Stream] = []

    def open_stream(path: str = "/live", **headers: str) -> Stream:
        opened.append(Stream(api.server.port, path, **headers))
        return opened[-1]

    yield open_stream
    for each in opened:
        each.close()


def data(event: dict[str, str]) -> Any:
    return json.loads(event["data"])


# --- Places --------------------------------------------------------------------------------------


@pytest.mark.parametrize("offsets", [{}, {0: 0}, {0: 12}, {0: 1, 5: 999_999}])
def test_a_place_survives_being_text(offsets: dict[int, int]) -> None:
    place = Place(offsets=offsets)
    assert parse_place(IDENTITY, place_text(IDENTITY, place)) == place


@pytest.mark.parametrize(
    "text", ["", "7", "0:1", "ffffffff.0:1", "0123abcd.0:", "0123abcd.0:-1", "0123abcd.0:1;1:2"]
)
def test_what_is_no_place_of_this_log_is_none(text: str) -> None:
    assert parse_place(IDENTITY, text) is None


def test_the_distance_counts_every_partition_and_is_none_backwards() -> None:
    begin, end = Place(offsets={0: 5}), Place(offsets={0: 7, 1: 3})
    assert end.distance_from(begin) == 5
    assert begin.distance_from(end) is None
    assert begin.distance_from(begin) == 0


# --- The stream ----------------------------------------------------------------------------------


def test_the_stream_is_uncached_unbuffered_and_begins_with_the_counters(
    api: Served, streams: Any
) -> None:
    stream = streams()
    headers = stream.response.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["x-accel-buffering"] == "no"
    assert headers["cache-control"] == "no-store"
    first = stream.event()
    assert first["event"] == "counters"
    assert first["id"] == place_text(api.hall.log.identity, Place(offsets={0: 1}))
    assert data(first) == api.get("/api/v1/hall/screen").json()


def test_a_card_is_told_as_the_list_shows_it(api: Served, streams: Any) -> None:
    stream = streams()
    stream.event()
    api.hall.add(card(at(0), card_id="card-1"))
    told = stream.wait_for("card")
    assert data(told) == api.get("/api/v1/cards/card-1").json()
    assert told["id"] == place_text(api.hall.log.identity, Place(offsets={0: 2}))


def test_a_card_taken_back_is_told_again(api: Served, streams: Any) -> None:
    stream = streams()
    stream.event()
    api.hall.add(card(at(0), card_id="card-1"))
    assert data(stream.wait_for("card"))["state"] == "issued"
    api.hall.add(rescinded(at(1), "card-1"))
    again = data(stream.wait_for("card"))
    assert (again["card_id"], again["state"], again["live"]) == ("card-1", "rescinded", False)


def test_the_counters_follow_what_happens_within_seconds(api: Served, streams: Any) -> None:
    stream = streams()
    assert data(stream.event())["counters"]["yellow_issued"] == 0
    api.hall.add(card(at(0), card_id="card-1"))
    told = [data(stream.wait_for("counters"))["counters"]["yellow_issued"] for _ in range(3)]
    assert told[-1] == 1
    assert told == sorted(told)


def test_a_public_screen_is_told_neither_case_nor_person(api: Served, streams: Any) -> None:
    stream = streams("/api/v1/live?view=screen")
    stream.event()
    api.hall.add(card(at(0), card_id="card-1"))
    told = stream.wait_for("card")
    assert data(told)["level"] == "yellow"
    for secret in ("case-1", "clerk:1", "card-1"):
        assert secret not in told["data"]


def test_after_a_break_everything_missed_is_told_first_and_once(api: Served, streams: Any) -> None:
    stream = streams()
    stream.event()
    api.hall.add(card(at(0), card_id="card-0"))
    last = stream.wait_for("card")["id"]
    stream.close()
    api.hall.add(*(card(at(0, n), card_id=f"card-{n}") for n in range(1, 4)))
    resumed = streams("/live", Last_Event_ID=last)
    missed = [resumed.event() for _ in range(3)]
    assert [data(each)["card_id"] for each in missed] == ["card-1", "card-2", "card-3"]
    assert resumed.event()["event"] == "counters"
    broken_between = streams("/live", Last_Event_ID=missed[1]["id"])
    assert data(broken_between.event())["card_id"] == "card-3"


def test_what_comes_between_a_page_and_its_stream_is_not_lost(api: Served, streams: Any) -> None:
    position = api.get("/api/v1/cards").json()["position"]
    api.hall.add(card(at(0), card_id="card-1"))
    stream = streams(f"/live?after={position}")
    assert data(stream.event())["card_id"] == "card-1"


def test_a_page_newer_than_the_last_look_is_not_told_to_fetch_anew(
    api: Served, streams: Any
) -> None:
    stream = streams()
    stream.event()
    for number in range(5):
        api.hall.add(card(at(0, number), card_id=f"card-{number}"))
        position = api.get("/api/v1/warnings").json()["position"]
        late = streams(f"/live?after={position}") if number == 4 else None
    assert late is not None
    assert late.event()["event"] == "counters"


@pytest.mark.parametrize("last", ["ffffffff.0:1", "nonsense", "{}.0:900"])
def test_a_place_of_another_log_or_of_the_future_is_told_to_fetch_anew(
    api: Served, streams: Any, last: str
) -> None:
    stream = streams("/live", Last_Event_ID=last.format(api.hall.log.identity[:8]))
    first = stream.event()
    assert first["event"] == "reset"
    assert parse_place(api.hall.log.identity, first["id"]) == Place(offsets={0: 1})
    assert stream.event()["event"] == "counters"


def test_six_partitions_are_one_stream(tmp_path: Path) -> None:
    with served(open_small(tmp_path, partitions=6)) as api:
        stream = Stream(api.server.port)
        first = stream.event()["id"]
        cards = [card(at(0, n), card_id=f"card-{n}", subject=f"case-{n}") for n in range(12)]
        api.hall.add(*cards)
        told = {data(stream.wait_for("card"))["card_id"] for _ in cards}
        assert told == {f"card-{n}" for n in range(12)}
        stream.close()
        resumed = Stream(api.server.port, Last_Event_ID=first)
        assert {data(resumed.event())["card_id"] for _ in cards} == told
        resumed.close()


def test_one_stream_more_than_the_bound_is_refused(api: Served, streams: Any) -> None:
    opened = [streams() for _ in range(api.hall.settings.max_live_clients)]
    for stream in opened:
        stream.event()
    answer = api.get("/live")
    assert (answer.status, answer.json()["code"]) == (429, "request.busy")
    assert "hall_http_live_streams 4" in api.get("/metrics").body.decode()


def test_a_client_that_goes_frees_its_place(api: Served, streams: Any) -> None:
    streams().event()
    stream = streams()
    stream.event()
    stream.close()
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if "hall_http_live_streams 1" in api.get("/metrics").body.decode():
            return
        time.sleep(0.05)
    pytest.fail("the stream was still counted five seconds after its client had gone")


def test_when_the_server_stops_its_streams_end_at_once(tmp_path: Path) -> None:
    hall = open_small(tmp_path)
    with running(create_app(hall, pages=False)) as server:
        stream = Stream(server.port)
        stream.event()
        ended = threading.Event()
        reader = threading.Thread(target=_read_to_the_end, args=(stream, ended))
        reader.start()
    assert ended.wait(10.0)
    reader.join()
    stream.close()
    hall.close()


def _read_to_the_end(stream: Stream, ended: threading.Event) -> None:
    stream.rest()
    ended.set()


# --- The broadcaster alone -----------------------------------------------------------------------


class Counting:
    """A feed whose place is a number that the test moves; a card at every step."""

    identity = IDENTITY

    def __init__(self) -> None:
        self.at = 0

    def here(self) -> Place:
        return Place(offsets={0: self.at})

    def between(self, begin: Place, end: Place) -> Sequence[News]:
        steps = range(begin.offsets[0], end.offsets[0])
        return [News("card", b"%d" % n, b"-", Place(offsets={0: n + 1})) for n in steps]

    def counters(self, place: Place) -> News:
        return News("counters", b"{}", b"{}", place)


async def _frames(live: Live, count: int, last_id: str | None = None) -> list[bytes]:
    """The first frames of a new client, the `retry` line left out."""
    stream = live.stream(last_id, "full")
    frames = [await anext(stream) for _ in range(count + 1)]
    await stream.aclose()  # type: ignore[attr-defined]
    return frames[1:]


def _names(frames: list[bytes]) -> list[str]:
    return [
        line[7:] for frame in frames for line in frame.decode().split("\n") if "event: " in line
    ]


def test_a_client_that_does_not_read_is_told_to_fetch_anew_and_costs_no_more() -> None:
    async def scenario() -> tuple[list[str], int]:
        feed, counters = Counting(), Counters()
        live = Live(feed, counters, clients_max=2, poll_s=0.001)
        task = asyncio.create_task(live.run())
        stream = live.stream(None, "full")
        frames = [await anext(stream) for _ in range(2)]
        feed.at = QUEUE_MAX + 50
        await asyncio.sleep(0.1)
        frames.append(await anext(stream))
        live.close()
        await task
        return _names(frames), counters.streams_cut

    assert run_apart(scenario) == (["counters", "reset"], 1)


@pytest.mark.parametrize(("missed", "expected"), [(GAP_MAX, "card"), (GAP_MAX + 1, "reset")])
def test_a_gap_at_the_bound_is_told_and_one_step_more_is_not(missed: int, expected: str) -> None:
    async def scenario() -> list[bytes]:
        feed = Counting()
        feed.at = missed
        live = Live(feed, Counters(), clients_max=1)
        return await _frames(live, 1, place_text(IDENTITY, Place(offsets={0: 0})))

    assert _names(run_apart(scenario)) == [expected]


def test_while_nobody_listens_nothing_is_asked() -> None:
    class Asked(Counting):
        times = 0

        def here(self) -> Place:
            self.times += 1
            return super().here()

    async def scenario() -> int:
        feed = Asked()
        live = Live(feed, Counters(), clients_max=1, poll_s=0.001)
        task = asyncio.create_task(live.run())
        await asyncio.sleep(0.05)
        live.close()
        await task
        return feed.times

    assert run_apart(scenario) == 0


def test_a_feed_that_fails_silences_the_stream_and_is_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(Counting):
        failures = 1

        def here(self) -> Place:
            if self.at == 1 and self.failures:
                self.failures -= 1
                raise OSError("the disk is gone")
            return super().here()

    async def scenario() -> list[str]:
        feed = Failing()
        live = Live(feed, Counters(), clients_max=1, poll_s=0.001)
        task = asyncio.create_task(live.run())
        stream = live.stream(None, "full")
        frames = [await anext(stream) for _ in range(2)]
        feed.at = 1
        frames.append(await asyncio.wait_for(anext(stream), 3.0))
        live.close()
        await task
        return _names(frames)

    assert run_apart(scenario) == ["counters", "card"]
    assert "The live feed failed" in caplog.text
