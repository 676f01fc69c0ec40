"""Under other versions what was issued stands, and open cases are planned anew."""

from dataclasses import replace
from pathlib import Path

from ledger.findings import CardIssued
from ledger.record import micros
from processors.supervision.policy import Policy
from tests.golden.language import at, policy
from tests.processors.supervised import START_US, Owned, days, event


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
    owned.start()
    owned.until("2018-10-23 12:00:00")
    (card,) = [r.data for r in owned.records() if isinstance(r.data, CardIssued)]
    assert owned.owner.report.conflicts >= 1
    (held,) = owned.states.load(0, ["C-1"])["C-1"].cards
    assert (held.card_id, held.effective_us) == (card.card_id, micros(card.effective_at))


def test_open_cases_are_planned_by_the_new_version_from_the_first_round_on(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    owned.put(
        event("accepted", "2018-10-15 10:00:00", matter="m", department="d", promised_limit=days(7))
    )
    owned.settle()
    owned.owner.stop()
    owned.settle()
    owned.using = shifted(-1)
    owned.start()
    owned.until(START_US + 8 * 24 * 3_600_000_000)
    assert owned.cards()[0].startswith("warning 2018-10-18 10:00:00")


def test_a_tick_that_has_happened_is_not_awaited_again(tmp_path: Path) -> None:
    owned = warned(tmp_path)
    hunan = policy().packs["hunan"]
    owned.using = policy(replace(hunan, report_grace_us=at("2018-10-15 12:00:00") - START_US))
    owned.start()
    owned.put(event("urged", "2018-10-19 11:00:00", actor_ref="o-1"))
    owned.settle()
    assert owned.ticks().count("2018-10-19 10:00:00") == 1
