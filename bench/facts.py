"""The facts that the benches run over: what the sources of the generated county hall send.

They stand apart so that every figure speaks of the same mix: arrivals, acceptances with limits in
several units, stages, transfers, stops, corrections, fees, completions and what follows them, from
the demo's own stories and not from cases made up to be quick. Tickets and attendance, which move no
case, are left out, so that no figure is flattered by them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from consoles.demo.days import Hall
from consoles.demo.facts import Sending, instant_text
from consoles.demo.stream import stream
from consoles.demo.town import county, start_instant
from consoles.demo.workday import hall_time
from consoles.importing.profile import profile_packs
from ledger import wire
from ledger.drivers.calendar_files import load_calendar
from ledger.log import Entry
from ledger.work_calendar import WorkCalendar
from processors.drivers.pack_files import load_packs
from processors.supervision.policy import Policy

SEED = 20_261_124
CALENDAR = "cn"
_CASE_FACT = "hall.case."
_DAY_US = 86_400_000_000
_FACTS_A_DAY = 1_000
"""Fewer than the hall's sources send in a day, days off among them, once some weeks have passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One fact of a case and when its source sends it.

    Attributes:
        entry: as intake hands it to the log, not yet stamped.
    """

    at_us: int
    event: Mapping[str, Any]
    entry: Entry


def policy() -> Policy:
    """Return the shipped packs and the Chinese calendar, with the pack of three levels in force."""
    return Policy(
        packs=load_packs(),
        default_pack="hunan",
        calendars={CALENDAR: WorkCalendar(load_calendar(CALENDAR))},
        default_calendar=CALENDAR,
        profiles=profile_packs(),
    )


def sent_facts(count: int, seed: int = SEED, start_us: int | None = None) -> list[Sent]:
    """Return the first facts of cases that a hall's sources send, in order, each once.

    Args:
        count: how many.
        seed: of the hall's chance.
        start_us: when its life begins, a morning; the demo's where absent.
    """
    return list(islice(_sent(seed, start_instant() if start_us is None else start_us), count))


def morning_before(now_us: int, count: int) -> int:
    """Return a morning from which so many facts are sent well before an instant."""
    days = (now_us - start_instant()) // _DAY_US - count // _FACTS_A_DAY - 2
    return start_instant() + days * _DAY_US


def happening_now(facts: Sequence[Sent], now_us: int) -> list[Entry]:
    """Return the same facts as if all happened at one instant, for the log to stamp."""
    found = []
    for sent in facts:
        record, raw = wire.accept({**sent.event, "time": instant_text(now_us)})
        found.append(Entry(record.subject, record.source, record.id, raw))
    return found


def recorded(sent: Sent) -> Entry:
    """Return a fact's entry as it was stamped when its source sent it."""
    entry = sent.entry
    return entry._replace(raw=wire.stamp(entry.raw, sent.at_us), recorded_us=sent.at_us)


def _sent(seed: int, start_us: int) -> Iterator[Sent]:
    seen: set[tuple[Any, ...]] = set()
    for sending in _sendings(seed, start_us):
        event = sending.event
        name = (event["subject"], event["source"], event["id"])
        if name in seen or not sending.type.startswith(_CASE_FACT):
            continue
        seen.add(name)
        record, raw = wire.accept(event)
        entry = Entry(record.subject, record.source, record.id, raw)
        yield Sent(at_us=sending.at_us, event=event, entry=entry)


def _sendings(seed: int, start_us: int) -> Iterator[Sending]:
    hours = hall_time(WorkCalendar(load_calendar(CALENDAR)))
    return stream(Hall(seed=seed, town=county(), hours=hours), start_us)
