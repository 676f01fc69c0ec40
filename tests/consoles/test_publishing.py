"""What is configured is published once, and again only where it differs."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from consoles.bootstrap import load_policy, open_hall
from consoles.clock import VirtualClock
from consoles.hall import Hall
from consoles.publishing import publish_configured
from consoles.settings import Settings
from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sql_engine import open_engine
from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import RecordUnreadable
from ledger.events import REFERENCE_TYPES
from ledger.findings import CardIssued, LimitsSet
from ledger.log import Entry
from ledger.record import AnyRecord
from ledger.system_events import ClockReached, PackPublished
from ledger.wire import accept, decode, encode, parse_json
from processors.drivers.sql_state import SqlState
from processors.supervision.publications import BEGINNING_US, calendar_record
from tests.consoles.commands import acceptance, event, filled, instant_text, jsonl, raws
from tests.consoles.commands import hall as hall_command
from tests.golden.language import PACK_TEXT, at, local
from tests.processors.published import cn

MONDAY = at("2018-10-15 10:00:00")


class Hand(VirtualClock):
    """A clock set by hand."""

    def __init__(self, us: int) -> None:
        super().__init__(us, 0.0)


@contextmanager
def opened(folder: Path, us: int = MONDAY, **settings: Any) -> Iterator[Hall]:
    made = open_hall(
        Settings(data=folder / "hall", **settings),
        role="supervise",
        clock=lambda _: Hand(us),
    )
    try:
        yield made
    finally:
        made.close()


def records(hall: Hall, partition: int = 0) -> list[AnyRecord]:
    return [decode(raw) for _, raw in hall.log.read(partition, 0, 10_000)]


def published(hall: Hall, partition: int = 0) -> list[str]:
    """Subject and date of effect of each publication."""
    return [
        f"{record.subject.removeprefix('reference:')} {local(record.data.effective_from)[:16]}"  # type: ignore[attr-defined]
        for record in records(hall, partition)
        if record.type in REFERENCE_TYPES
    ]


FIRST = [
    "calendar:cn 1970-01-01 08:00",
    "calendar:nl-weekdays 1970-01-01 08:00",
    "pack:hunan 1970-01-01 08:00",
    "pack:receipt 1970-01-01 08:00",
]


def put(hall: Hall, *events: dict[str, object]) -> None:
    for each in events:
        record, raw = accept(each)
        hall.log.append([Entry(record.subject, record.source, record.id, raw)])


def pack_file(folder: Path, version: str, more: str = "", warning: int = -3) -> Path:
    packs = folder / "packs"
    packs.mkdir(exist_ok=True)
    text = PACK_TEXT.replace('version = "1"', f'version = "{version}"\n{more}')
    (packs / "local.toml").write_text(text.replace("offset = -3", f"offset = {warning}"))
    return packs


def calendar_file(folder: Path, *lines: str) -> Path:
    calendars = folder / "calendars"
    calendars.mkdir(exist_ok=True)
    (calendars / "county.toml").write_text("\n".join(['extends = "cn"', *lines]))
    return calendars


HOLIDAY = ["[days]", '"2018-10-23" = { working = false, name = "停电" }']


@pytest.mark.parametrize("partitions", [1, 3])
def test_the_first_start_publishes_what_may_govern_to_every_partition_and_the_next_nothing(
    tmp_path: Path, partitions: int
) -> None:
    with opened(tmp_path, partitions=partitions) as hall:
        for partition in range(partitions):
            assert published(hall, partition) == FIRST
        ends = hall.log.ends()
    with opened(tmp_path, MONDAY + 10**9, partitions=partitions) as hall:
        assert hall.log.ends() == ends
        hall.engine.catch_up()
    with opened(tmp_path, MONDAY + 2 * 10**9, partitions=partitions) as hall:
        assert published(hall) == FIRST


def test_a_changed_pack_is_published_from_now_on_and_open_cases_keep_theirs(tmp_path: Path) -> None:
    with opened(tmp_path, pack="local", packs=str(pack_file(tmp_path, "1"))) as hall:
        put(hall, acceptance())
        hall.engine.catch_up()
    later = at("2018-10-16 10:00:00")
    changed = str(pack_file(tmp_path, "2", warning=-4))
    with opened(tmp_path, later, pack="local", packs=changed) as hall:
        assert published(hall)[-1] == "pack:local 2018-10-16 10:00"
        put(hall, acceptance("2018-10-16 10:00:00", subject="C-2"))
        hall.engine.catch_up()
    with opened(tmp_path, at("2018-10-20 10:00:00"), pack="local", packs=changed) as hall:
        while hall.supervisor is not None and hall.supervisor.turn():
            pass
        cards = {r.subject: r.data for r in records(hall) if isinstance(r.data, CardIssued)}
        assert {
            subject: (card.pack_version[0], local(card.effective_at))
            for subject, card in cards.items()
        } == {"C-1": ("1", "2018-10-19 10:00:00"), "C-2": ("2", "2018-10-19 10:00:00")}
        hall.engine.catch_up()
        for subject, card in cards.items():
            told = hall.explain(card.card_id)
            assert told is not None, subject
            assert told["reproduced"], f"{subject}: by the pack it was opened under"


def test_another_pack_in_the_settings_governs_new_cases_only(tmp_path: Path) -> None:
    with opened(tmp_path) as hall:
        put(hall, acceptance())
        hall.engine.catch_up()
    with opened(tmp_path, MONDAY + 10**6, pack="chengdu") as hall:
        assert published(hall)[-1] == "pack:chengdu 2018-10-15 10:00"
        put(hall, acceptance("2018-10-15 10:00:02", subject="C-2"))
        put(hall, event("extended", "2018-10-15 10:00:03", by={"amount": 1, "unit": "working_day"}))
        hall.engine.catch_up()
        packs = [(r.subject, r.data.pack) for r in records(hall) if isinstance(r.data, LimitsSet)]
        assert {pack for subject, pack in packs if subject == "C-1"} == {"hunan"}
        assert {pack for subject, pack in packs if subject == "C-2"} == {"chengdu"}
    with opened(tmp_path, MONDAY + 10**7) as hall:
        assert published(hall)[-1] == "pack:hunan 2018-10-15 10:00"
        count = len(published(hall))
    with opened(tmp_path, MONDAY + 10**8) as hall:
        assert len(published(hall)) == count


def test_a_new_calendar_plans_open_cases_anew_at_the_next_start(tmp_path: Path) -> None:
    folder = str(calendar_file(tmp_path))
    with opened(tmp_path, calendar="county", calendars=folder) as hall:
        put(hall, acceptance())
        hall.engine.catch_up()
    later = at("2018-10-16 10:00:00")
    calendar_file(tmp_path, *HOLIDAY)
    with opened(tmp_path, later, calendar="county", calendars=folder) as hall:
        assert published(hall)[-1] == "calendar:county 2018-10-16 10:00"
        hall.engine.catch_up()
    with opened(tmp_path, later + 10, calendar="county", calendars=folder) as hall:
        while hall.supervisor is not None and hall.supervisor.turn():
            pass
        ticks = [
            r.data.what
            for r in records(hall)
            if isinstance(r.data, ClockReached) and r.subject == "C-1"
        ]
        assert ticks == ["replan"]
        dues = [local(r.data.promised_due) for r in records(hall) if isinstance(r.data, LimitsSet)]
        assert dues[-1] == "2018-10-25 10:00:00"


def test_the_date_of_effect_is_the_one_a_file_gives(tmp_path: Path) -> None:
    folder = calendar_file(tmp_path)
    packs = pack_file(tmp_path, "1")
    given: dict[str, Any] = {
        "calendar": "county",
        "calendars": str(folder),
        "pack": "local",
        "packs": str(packs),
    }
    with opened(tmp_path, **given):
        pass
    calendar_file(tmp_path, "effective_from = 2018-11-01", *HOLIDAY)
    pack_file(tmp_path, "2", "effective_from = 2018-12-01T00:00:00+08:00")
    with opened(tmp_path, MONDAY + 10**6, **given) as hall:
        assert published(hall)[-2:] == [
            "calendar:county 2018-11-01 00:00",
            "pack:local 2018-12-01 00:00",
        ]


def test_what_half_of_the_partitions_have_the_next_start_completes_with_the_same_record(
    tmp_path: Path,
) -> None:
    log = MemoryLog(2, now=lambda: MONDAY)
    states = SqlState(open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}"))
    policy = load_policy(Settings())
    log.partitions = 1  # the process ended before it reached the other one
    assert publish_configured(log, states, policy, MONDAY, {}) == 4
    log.partitions = 2
    assert publish_configured(log, states, policy, MONDAY + 10**9, {}) == 4
    first, second = ([decode(raw) for _, raw in log.read(n, 0, 99)] for n in (0, 1))
    assert [record.id for record in first] == [record.id for record in second]
    assert [record.data for record in first] == [record.data for record in second]
    assert publish_configured(log, states, policy, MONDAY + 2 * 10**9, {}) == 0


def test_a_folder_of_an_earlier_version_without_publications_opens_and_is_pinned_from_then_on(
    tmp_path: Path,
) -> None:
    packs = str(pack_file(tmp_path, "1"))
    (tmp_path / "hall").mkdir()
    with closing(SqliteLog(tmp_path / "hall" / "ledger.sqlite", now=lambda: MONDAY)) as log:
        record, raw = accept(acceptance())
        log.append([Entry(record.subject, record.source, record.id, raw)])
    with opened(tmp_path, MONDAY + 10**6, pack="local", packs=packs) as hall:
        assert [record.type in REFERENCE_TYPES for record in records(hall)][:2] == [False, True]
        hall.engine.catch_up()
    pack_file(tmp_path, "2", warning=-4)
    with opened(tmp_path, at("2018-10-20 10:00:00"), pack="local", packs=packs) as hall:
        while hall.supervisor is not None and hall.supervisor.turn():
            pass
        (card,) = (r.data for r in records(hall) if isinstance(r.data, CardIssued))
        assert (card.pack_version[0], local(card.effective_at)) == ("1", "2018-10-19 10:00:00")


def test_a_publication_that_cannot_be_read_stops_its_partition_and_not_the_start(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as hall:
        first = next(r for r in records(hall) if r.type == PackPublished.TYPE)
    spoilt = replace(first, id="spoilt", data=replace(first.data, sha256="0" * 64))  # type: ignore[type-var]
    with closing(SqliteLog(tmp_path / "hall" / "ledger.sqlite", now=lambda: MONDAY)) as log:
        raw = encode(replace(spoilt, recordedtime=None))
        log.append([Entry(spoilt.subject, spoilt.source, spoilt.id, raw)])
    with opened(tmp_path) as hall, pytest.raises(RecordUnreadable, match="SHA-256"):
        hall.engine.catch_up()


def test_the_states_of_an_import_read_again_from_the_log_agree_with_it(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    before = raws(folder)
    (folder / "state.sqlite").unlink()
    ran = hall_command("--data", folder, "check", "--json")
    assert ran.code == 0
    assert raws(folder)[0][: len(before[0])] == before[0]
    assert all(b"judged.v1" in raw[:80] for raw in raws(folder)[0][len(before[0]) :])


def test_simulate_judges_by_what_is_published_among_its_events(tmp_path: Path) -> None:
    def sent(record: AnyRecord, when: str) -> dict[str, Any]:
        return {**parse_json(encode(record)), "recordedtime": instant_text(when)}

    since = "2018-10-16 10:00:00"
    file = jsonl(
        tmp_path,
        sent(calendar_record(cn(), BEGINNING_US, governs=True), "2018-10-15 08:00:00"),
        acceptance(),
        sent(calendar_record(cn(date(2018, 10, 23)), at(since), governs=True), since),
    )
    ran = hall_command("simulate", file, "--until", instant_text("2018-10-17 10:00:00"), "--json")
    limits = [line for line in ran.lines() if line["type"] == LimitsSet.TYPE]
    handling = [line for line in limits if line["clock"] == "handling"]
    assert [line["promised_due"][:10] for line in handling] == ["2018-10-24", "2018-10-25"]
    assert [line["time"][:19] for line in handling] == [
        "2018-10-15T10:00:00",
        "2018-10-16T10:00:00",
    ]


# --- hall restate ------------------------------------------------------------------------------


def test_restate_tells_what_a_calendar_file_would_move_and_writes_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path, acceptance(), acceptance(subject="C-2", promised_limit=None))
    file = calendar_file(tmp_path, *HOLIDAY) / "county.toml"
    before = raws(folder)
    told = hall_command("--data", folder, "restate", "--calendar", file, "--json").json()
    assert told["limits_moved"] == len(told["limits"]) == 3
    assert told["limits"][0] == {
        "case": "C-1",
        "part": None,
        "clock": "handling",
        "cycle": told["limits"][0]["cycle"],
        "department": "D-1",
        "limit": "promised",
        "was_due_at": "2018-10-24T10:00:00+08:00",
        "due_at": "2018-10-25T10:00:00+08:00",
    }
    assert told["cards"] == []
    assert (told["calendar"]["name"], told["unjudged"]) == ("cn", [])
    some = hall_command("--data", folder, "restate", "--calendar", file, "--limit", 1, "--json")
    assert (len(some.json()["limits"]), some.json()["limits_left_out"]) == (1, 2)
    text = hall_command("--data", folder, "restate", "--calendar", file).out
    assert "2018-10-24T10:00:00+08:00 → 2018-10-25T10:00:00+08:00" in text
    assert raws(folder) == before


def test_restate_names_the_cards_that_would_have_differed(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    file = calendar_file(tmp_path, *HOLIDAY) / "county.toml"
    told = hall_command("--data", folder, "restate", "--calendar", file, "--json").json()
    assert told["limits"] == []
    shown = [
        (c["effect"], c["level"], c["issued_effective_at"][:10], c["recomputed_effective_at"][:10])
        for c in told["cards"]
    ]
    assert ("moved", "yellow", "2018-10-24", "2018-10-25") in shown
    assert told["cards_differ"]["moved"]["yellow"] == 1


def test_restate_of_what_is_published_finds_nothing_before_anything_changed(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    ran = hall_command("--data", folder, "restate", "--json")
    assert (ran.code, ran.json()["limits_moved"], ran.json()["cards"]) == (0, 0, [])
    none = hall_command("--data", folder, "restate", "--name", "nowhere")
    assert (none.code, "nowhere" in none.err) == (2, True)
    both = hall_command("--data", folder, "restate", "--published", "--calendar", __file__)
    assert both.code == 2
