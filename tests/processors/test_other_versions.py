"""Under other versions what was issued stands, and open cases keep the versions they began with."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.findings import CardIssued
from ledger.record import micros
from processors.drivers.sql_state import SqlState
from processors.supervision.policy import Policy
from processors.supervision.publications import pack_record
from tests.golden.language import at, policy
from tests.processors.published import pack, put, put_first, using
from tests.processors.supervised import START_US, Owned, accepted, days, event, states_in

pytestmark = pytest.mark.usefixtures("dialect")


def shifted(by: int) -> Policy:
    """The pack `hunan` with its warning moved by so many units."""
    hunan = policy().packs["hunan"]
    moved = [hunan.thresholds[0]._replace(offset=hunan.thresholds[0].offset + by)]
    thresholds = (*moved, *hunan.thresholds[1:])
    return policy(replace(hunan, thresholds=thresholds, version="another"))


def warned(folder: Path) -> Owned:
    """A case of seven days whose warning stands; its owner left no marker."""
    owned = Owned(folder)
    owned.put(
        event("accepted", "2018-10-15 10:00:00", matter="m", department="d", promised_limit=days(7))
    )
    owned.settle()
    owned.until("2018-10-19 12:00:00")
    assert owned.cards() == ["warning 2018-10-19 10:00:00 2018-10-19 10:00:05.000001"]
    return owned


def test_a_card_made_again_with_another_instant_is_counted_and_the_logs_copy_stands(
    tmp_path: Path,
) -> None:
    owned = warned(tmp_path)
    owned.using = shifted(1)
    owned.states = SqlState(states_in(tmp_path, "again"))
    owned.owner = owned.another(owned.states)
    owned.until("2018-10-23 12:00:00")
    (card,) = [r.data for r in owned.records() if isinstance(r.data, CardIssued)]
    assert owned.owner.report.conflicts >= 1
    (held,) = owned.states.load(0, ["C-1"])["C-1"].cards
    assert (held.card_id, held.effective_us) == (card.card_id, micros(card.effective_at))


def test_an_open_case_keeps_the_pack_it_began_with_when_another_is_configured_and_published(
    tmp_path: Path,
) -> None:
    owned = Owned(tmp_path, using=using(pack("1")))
    put_first(owned)
    owned.put(accepted())
    owned.until("2018-10-16 10:00:00")
    owned.using = using(pack("2", warning=-4))
    put(owned, pack_record(pack("2", warning=-4), owned.now_us, governs=True))
    owned.start()
    owned.put(accepted("2018-10-16 10:00:00", "C-2"))
    owned.until("2018-10-18 23:00:00")
    assert owned.cards() == []
    owned.until("2018-10-22 10:00:00")
    assert owned.cards() == ["warning 2018-10-19 10:00:00 2018-10-19 10:00:05.000001"]
    assert owned.cards("C-2") == ["warning 2018-10-19 10:00:00 2018-10-19 10:00:05.000001"]
    cards = {r.subject: r.data for r in owned.records() if isinstance(r.data, CardIssued)}
    versions = {subject: card.pack_version[0] for subject, card in cards.items()}
    assert versions == {"C-1": "1", "C-2": "2"}


def test_states_are_kept_when_another_pack_is_configured(tmp_path: Path) -> None:
    owned = warned(tmp_path)
    reached = owned.states.positions()
    owned.using = shifted(1)
    owned.start()
    assert owned.states.positions() == reached != {0: 0}


def test_a_tick_that_has_happened_is_not_awaited_again(tmp_path: Path) -> None:
    owned = warned(tmp_path)
    hunan = policy().packs["hunan"]
    owned.using = policy(replace(hunan, report_grace_us=at("2018-10-15 12:00:00") - START_US))
    owned.start()
    owned.put(event("urged", "2018-10-19 11:00:00", actor_ref="o-1"))
    owned.settle()
    assert owned.ticks().count("2018-10-19 10:00:00") == 1
