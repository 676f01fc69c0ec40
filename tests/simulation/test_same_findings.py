"""One log, one set of findings: simulated, lived through by an owner, and read again from the log.

Fixed random histories of every kind of subject, all packs and all rules: the same findings with the
same ids whether they are simulated, judged by a live owner of one partition or of three that is
late and works in small batches, or rebuilt from its log with and without what was found before.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ledger import wire
from ledger.findings import (
    AnomalyFound,
    CardIssued,
    CardRescinded,
    CaseSettled,
    DeemedAccepted,
    LimitsSet,
)
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Position
from ledger.reading import Read
from ledger.record import AnyRecord
from processors.rebuild import last_marker, rebuild
from processors.simulate import run_out, simulate
from processors.supervision.policy import Policy
from processors.supervision.publications import Publications
from processors.supervision.state_codec import encode_state
from processors.supervision.units import is_unit_tick
from tests.processors.supervised import DAY_US, Owned
from tests.simulation.full_packs import policy_of
from tests.simulation.learned import Event, learned

PACKS = ("hunan", "statutory", "chengdu", "all-by-seconds", "all-by-days")
SUBJECTS = 60
packs = pytest.mark.parametrize("pack", PACKS)


@cache
def events() -> tuple[Event, ...]:
    return learned(SUBJECTS)


def until_us() -> int:
    return events()[-1][0] + 120 * DAY_US


@cache
def simulated(pack: str, *, tells_limits: bool = True) -> dict[str, tuple[Any, ...]]:
    records = []
    for recorded_us, event in events():
        _, raw = wire.accept(event)
        records.append(wire.decode(wire.stamp(raw, recorded_us)))
    using = replace(policy_of(pack), tells_limits=tells_limits)
    return by_id(list(simulate(records, using, until_us())))


def by_id(records: Sequence[AnyRecord]) -> dict[str, tuple[Any, ...]]:
    """Ticks and findings by id: everything of them but when they were recorded.

    Ticks of units are left out: they say where the log stood.
    """
    return {
        r.id: (r.type, r.subject, r.time, r.causationid, r.data)
        for r in records
        if r.source == SUPERVISION_SOURCE
        and not r.subject.startswith("partition:")
        and not is_unit_tick(r)
    }


def lived(folder: Path, pack: str, partitions: int, batch_max: int, settled_every: int) -> Owned:
    owned = Owned(
        folder,
        partitions=partitions,
        using=policy_of(pack),
        batch_max=batch_max,
        start_us=events()[0][0],
    )
    for number, (recorded_us, event) in enumerate(events()):
        owned.now_us = recorded_us
        owned.put(event)
        if number % settled_every == 0:
            owned.settle()
    owned.until(until_us())
    return owned


def reads(owned: Owned, partition: int) -> list[Read]:
    """Everything that lies in a partition."""
    end = owned.log.ends()[partition]
    return [
        Read(Position(partition, at.offset), raw, wire.decode(raw))
        for at, raw in owned.log.read(partition, 0, end)
    ]


def governed(pack: str, log: Sequence[Read]) -> Policy:
    """The policy with what a log has published."""
    published = Publications()
    for read in log:
        assert read.record is not None
        published.apply(read.record, read.position.offset)
    return replace(policy_of(pack), published=published)


@packs
def test_these_histories_have_all_kinds_of_findings(pack: str) -> None:
    """An agreement about histories in which nothing is found would prove nothing."""
    found = [type(each[-1]) for each in simulated(pack).values()]
    wanted: list[type[Any]] = [LimitsSet, CardIssued, CardRescinded, CaseSettled, AnomalyFound]
    assert min(found.count(kind) for kind in wanted) > 5
    assert (DeemedAccepted in found) == (pack in ("statutory", "all-by-seconds", "all-by-days"))


@packs
def test_findings_are_the_same_but_for_limits_where_those_are_not_told(pack: str) -> None:
    """A what-if asks for cards alone; what it leaves out may change no card and no anomaly."""
    told = {
        id_: each
        for id_, each in simulated(pack).items()
        if not isinstance(each[-1], LimitsSet | CaseSettled)
    }
    assert simulated(pack, tells_limits=False) == told


@packs
@pytest.mark.parametrize(
    ("partitions", "batch_max", "settled_every"), [(1, 2_000, 1), (3, 5, 11), (1, 3, 40)]
)
def test_an_owner_finds_what_simulating_finds(
    tmp_path: Path, pack: str, partitions: int, batch_max: int, settled_every: int
) -> None:
    """However many partitions, however small its batches, however late it looks."""
    owned = lived(tmp_path, pack, partitions, batch_max, settled_every)
    assert owned.findings() == simulated(pack)
    assert all(end > 1 for end in owned.log.ends().values())


@packs
def test_a_log_read_again_lacks_nothing_and_gives_the_owners_states_and_findings(
    tmp_path: Path, pack: str
) -> None:
    """From its marker, from its beginning, and from its facts alone: all that was found is lost."""
    owned = lived(tmp_path, pack, 3, 2_000, 17)
    owned.owner.stop()
    again: list[AnyRecord] = []
    for partition in range(3):
        log = reads(owned, partition)
        using = governed(pack, log)
        assert last_marker(log) > 0
        for upto in (last_marker(log), 0):
            rebuilt = rebuild(log, upto, using)
            assert rebuilt.missing == []
            subjects = sorted(rebuilt.states)
            states = owned.states.load(partition, subjects)
            assert {name: encode_state(state) for name, state in rebuilt.states.items()} == {
                name: encode_state(states[name]) for name in subjects
            }
        facts = [r for r in log if r.record and r.record.source != SUPERVISION_SOURCE]
        from_facts = rebuild(facts, 0, using)
        again += [wire.decode(entry.raw) for entry in from_facts.missing]
        again += run_out(from_facts.states, using, until_us(), log[-1].position.offset + 1)
    assert by_id(again) == simulated(pack)
