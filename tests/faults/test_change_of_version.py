"""F17: packs, engines and forms of states that change while facts come in."""

from importlib.resources import files
from pathlib import Path

import pytest

from ledger.findings import LimitsSet
from tests.consoles.commands import hall_process
from tests.faults.feeding import of_case
from tests.faults.replay import findings_in, read_whole
from tests.faults.scenario import Scenario, Standing, scaled

pytestmark = [pytest.mark.slow, pytest.mark.long]

OLD, NEW = "2018-10", "2026-12"


def new_pack(folder: Path) -> Path:
    """A folder with a later version of the pack in force: its first warning comes a day later."""
    folder.mkdir()
    text = (files("processors.supervision") / "packs" / "hunan.toml").read_text("utf-8")
    assert f'version = "{OLD}"' in text
    changed = text.replace(f'version = "{OLD}"', f'version = "{NEW}"')
    changed = changed.replace("offset = -3", "offset = -2", 1)
    (folder / "hunan.toml").write_text(changed, "utf-8")
    return folder


def test_a_new_pack_published_in_mid_stream_governs_what_is_accepted_after_it(
    own_hall: Standing, tmp_path: Path
) -> None:
    """Workers with either pack in their settings find the same: what is published governs."""
    hall, count = own_hall.hall, scaled(40, 2_000)
    what = "a new pack published while cases are accepted; workers configured with either version"
    with Scenario(own_hall, "F17a", what) as fault:
        packs = {"HALL_PACKS": str(new_pack(tmp_path / "packs"))}
        fault.put(fault.more(5))
        feeds = []
        for number in range(2):
            now_us = hall.parts.clock.now_us()
            cases = [
                of_case(
                    f"F17-{number}-{each}",
                    "accepted",
                    now_us + each,
                    matter="M-1",
                    department="D-1",
                    promised_limit={"amount": 7, "unit": "working_day"},
                )
                for each in range(count)
            ]
            feeds.append(fault.feed(cases, pieces=40, pause_s=0.1))
            fault.wait(1)
            if number == 0:
                ran = hall_process("publish", env={**hall.env, **packs})
                assert ran.code == 0, ran.err
                fault.begins()
                for role in ("supervise", "project"):
                    fault.instead("a", role, env=packs)
                fault.recovered()
        for feed in feeds:
            feed.whole()
        hall.settle(restarting=False)
        found = findings_in(read_whole(hall.parts.log)).values()
        versions = {
            (each.subject.split("-")[1], each.data.pack_version.partition("+")[0])
            for each in found
            if isinstance(each.data, LimitsSet) and each.subject.startswith("F17-")
        }
        assert {("0", OLD), ("1", NEW)} <= versions
        assert ("1", OLD) not in versions


def test_workers_of_another_version_read_their_states_again_and_find_the_same(
    own_hall: Standing,
) -> None:
    what = "a worker of another engine, whose states have another form, beside one of the old"
    with Scenario(own_hall, "F17b", what) as fault:
        fault.put(fault.more(scaled(10, 100)))
        fault.begins()
        fault.recovered()
        for _ in range(scaled(1, 4)):
            feed = fault.feed(fault.more(10), pieces=30, pause_s=0.2)
            other = fault.failing("a", "supervise", breaks="form,engine")
            fault.begins()
            fault.recovered()
            feed.whole()
            assert other.worker.codes == []
            fault.mended("a", "supervise")
            fault.begins()
            fault.recovered()
