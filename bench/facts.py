"""The facts that the benches run over: what the sources of the generated county hall send.

They stand apart so that every figure speaks of the same mix: arrivals, acceptances with limits in
several units, stages, transfers, stops, corrections, fees, completions and what follows them, from
the demo's own stories and not from cases made up to be quick. Tickets and attendance, which move no
case, are left out, so that no figure is flattered by them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from consoles.demo.days import Hall
from consoles.demo.facts import Sending
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


def sent_facts(count: int, seed: int = SEED) -> list[Sent]:
    """Return the first facts of cases that a hall's sources send, in order, each once."""
    return list(islice(_sent(seed), count))


def _sent(seed: int) -> Iterator[Sent]:
    seen: set[tuple[Any, ...]] = set()
    for sending in _sendings(seed):
        event = sending.event
        name = (event["subject"], event["source"], event["id"])
        if name in seen or not sending.type.startswith(_CASE_FACT):
            continue
        seen.add(name)
        record, raw = wire.accept(event)
        entry = Entry(record.subject, record.source, record.id, raw)
        yield Sent(at_us=sending.at_us, event=event, entry=entry)


def _sendings(seed: int) -> Iterator[Sending]:
    hours = hall_time(WorkCalendar(load_calendar(CALENDAR)))
    return stream(Hall(seed=seed, town=county(), hours=hours), start_instant())
