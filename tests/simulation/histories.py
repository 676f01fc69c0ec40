"""Random histories of one case: late, repeated, reordered, amended; a seed gives one again.

It stands apart because both the oracle and the core read these histories: plain dictionaries, built
without either of them.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.surroundings import (
    AROUND,
    acceptance_data,
    completion_data,
    draw_handling,
    draw_parts,
    draw_receipt,
    extension_data,
    matter_entry,
    stop_data,
)

Event = dict[str, Any]

SOURCE = "/halls/1/approval"
DAY = timedelta(days=1)

# First days: before New Year, Spring Festival, May and October holidays, make-up days, ordinary.
CHINA_DAYS = (
    *(date(2023, 12, 26), date(2024, 1, 24), date(2024, 4, 26), date(2024, 9, 9)),
    *(date(2024, 9, 25), date(2024, 12, 25), date(2025, 1, 20), date(2025, 4, 21)),
    *(date(2025, 9, 24), date(2025, 12, 26), date(2026, 2, 9), date(2026, 6, 15)),
)
# Before both changes of the clocks in Amsterdam, before New Year, ordinary.
AMSTERDAM_DAYS = (
    *(date(2024, 3, 25), date(2024, 10, 21), date(2025, 3, 24), date(2025, 10, 20)),
    *(date(2025, 3, 29), date(2025, 10, 25), date(2024, 12, 23), date(2025, 6, 2)),
)
PACKS = ("hunan", "hunan", "hunan", "chengdu", "chengdu-midnight", "statutory", "receipt")
WALLS = (time(9), time(12), time(13), time(17), time(0), time(2, 30))
OFFICE_HOURS = tuple(range(9, 17))
NIGHT_HOURS = (1, 2, 3, 4, 22)
# Seconds beside an instant on which something turns: at it, just after, just before.
NUDGES = (0, 0, 0, 1, -1, 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One case: the pack and calendar that judge it, its log, and when its time ends.

    `catalogue` holds what is published of its matter: place in the log, effective from, entry (None
    for a withdrawal). Each event says its place as `order`.
    """

    seed: int
    pack: str
    calendar: str
    log: tuple[Event, ...]
    until: datetime
    catalogue: tuple[tuple[int, datetime, dict[str, Any] | None], ...] = ()


@dataclass(slots=True)
class _Drawing:
    random: Random
    pack: str
    zone: ZoneInfo
    start: datetime
    units: tuple[str, ...]
    hours: tuple[int, ...]
    declared: bool = False
    events: list[Event] = field(default_factory=list)
    number: int = 0

    def add(self, kind: str, at: datetime, data: dict[str, Any], family: str = "case") -> Event:
        self.number += 1
        event = {
            "specversion": "1.0",
            "id": f"{kind}-{self.number}",
            "source": SOURCE if self.random.random() < 0.9 else "/halls/1/terminal",
            "type": f"hall.{family}.{kind}.v1",
            "subject": "case-1",
            "time": at.astimezone(self.zone).isoformat(),
            "data": data,
        }
        self.events.append(event)
        return event

    def text(self, at: datetime) -> str:
        return at.astimezone(self.zone).isoformat()

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def moment(self, since: datetime, days: float) -> datetime:
        """Return an instant within some days: often office time, sometimes where things turn."""
        at = since + self.random.uniform(0, days) * DAY
        local = at.astimezone(self.zone)
        drawn = self.random.random()
        if drawn < 0.15:
            wall = self.random.choice(WALLS)
        elif drawn < 0.35:
            wall = self.start.astimezone(self.zone).time()
        elif drawn < 0.85:
            wall = time(self.random.choice(self.hours), self.random.randrange(0, 60, 5))
        else:
            wall = local.time()
        at = datetime.combine(local.date(), wall, self.zone).astimezone(UTC)
        return max(since, at.replace(microsecond=0) + timedelta(seconds=self.random.choice(NUDGES)))

    def limit(self, low: int, high: int) -> dict[str, Any]:
        unit = self.random.choice(self.units)
        amount = self.random.randint(low, high)
        if unit == "month":
            amount = 1 + amount % 2
        if unit == "working_day" and self.chance(0.04):
            amount = 0
        scale = {"working_hour": 7, "hour": 24, "minute": 1440}.get(unit, 1)
        if scale > 1:
            amount = max(1, amount * scale + self.random.randint(-3, 3))
        return {"amount": amount, "unit": unit}


def draw(seed: int) -> History:
    """Return the history of a seed."""
    random = Random(seed)
    pack = random.choice(PACKS)
    in_china = pack != "receipt" and random.random() < 0.75
    abroad = "nl-weekdays" if pack == "receipt" else random.choice(("nl-weekdays", "night-desk"))
    calendar = "cn" if in_china else abroad
    zone = ZoneInfo("Asia/Shanghai" if in_china else "Europe/Amsterdam")
    first = random.choice(CHINA_DAYS if in_china else AMSTERDAM_DAYS)
    start = datetime.combine(first, time(9), zone).astimezone(UTC)
    hours = NIGHT_HOURS if calendar == "night-desk" else OFFICE_HOURS
    drawing = _Drawing(random, pack, zone, start, _units(random, pack), hours)
    start = drawing.start = drawing.moment(start, 4)
    drawing.declared = pack == "receipt" or (
        drawing.units[0] == "working_day" and drawing.chance(0.2)
    )
    if drawing.chance(0.05):
        random.choice(AROUND)(drawing)
    else:
        parts = [None, "land"] if drawing.chance(0.1) else [None]
        for part in parts:
            _draw_part(drawing, part)
        if drawing.chance(0.08):
            draw_parts(drawing, start, 8)
        _amend(drawing)
    log = _record(drawing)
    catalogue = _publish(drawing, len(log)) if drawing.chance(0.3) else []
    places = {place for place, _, _ in catalogue}
    free = (place for place in range(len(log) + len(places)) if place not in places)
    log = [{**event, "order": place} for place, event in zip(free, log, strict=True)]
    latest = max(datetime.fromisoformat(event["recordedtime"]) for event in log)
    until = latest + random.uniform(0, 40) * DAY
    return History(
        seed=seed,
        pack=pack,
        calendar=calendar,
        log=tuple(log),
        until=until.astimezone(UTC),
        catalogue=tuple(catalogue),
    )


def _publish(drawing: _Drawing, length: int) -> list[tuple[int, datetime, dict[str, Any] | None]]:
    """Return publications of the matter: mostly one before everything, sometimes others later."""
    made: list[tuple[int, datetime, dict[str, Any] | None]] = []
    made.append((0, drawing.start - 400 * DAY, matter_entry(drawing)))
    if drawing.chance(0.3):
        place = drawing.random.randint(1, length)
        since = drawing.moment(drawing.start - 5 * DAY, 12)
        made.append((place, since, None if drawing.chance(0.2) else matter_entry(drawing)))
    return made


def _units(random: Random, pack: str) -> tuple[str, ...]:
    """Return the units of all limits and extensions of a case: they can be added together."""
    if pack == "receipt":
        return ("natural_day",)
    drawn = random.random()
    if drawn < 0.5 or (pack not in ("hunan", "receipt") and drawn < 0.7):
        return ("working_day",)
    if drawn < 0.7:
        return ("working_day", "working_hour") if pack == "hunan" else ("working_hour",)
    return random.choice((("natural_day",), ("hour", "minute"), ("working_hour",), ("month",)))


def _draw_part(drawing: _Drawing, part: str | None) -> None:
    random, about = drawing.random, ({} if part is None else {"part": part})
    accepted = drawing.start if part is None else drawing.moment(drawing.start, 2)
    span = random.choice((3, 8, 15))
    never = draw_receipt(drawing, about, accepted)
    if not never:
        drawing.add("accepted", accepted, {**about, **_acceptance(drawing, accepted)})
    if drawing.chance(0.12):
        drawing.add(
            "accepted",
            drawing.moment(drawing.start, span),
            {**about, **_acceptance(drawing, accepted)},
        )
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3))):
        begun = drawing.moment(accepted, span)
        data = stop_data(drawing, about, begun)
        if drawing.chance(0.8):
            data["applied"] = _applied(drawing)
        drawing.add("clock-stopped", begun, data)
        if drawing.chance(0.6):
            ended = begun if drawing.chance(0.04) else drawing.moment(begun, 6)
            drawing.add("clock-resumed", ended, dict(about))
    if drawing.chance(0.06):
        drawing.add("clock-resumed", drawing.moment(accepted, span), dict(about))
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        at = accepted if drawing.chance(0.05) else drawing.moment(accepted, span)
        drawing.add("extended", at, extension_data(drawing, about))
    draw_handling(drawing, about, accepted, span)
    _closings(drawing, about, accepted, span)


def _acceptance(drawing: _Drawing, accepted: datetime) -> dict[str, Any]:
    data: dict[str, Any] = {"matter": "m-1", "department": "d-1"}
    low, high = drawing.random.choice(((1, 3), (2, 8), (3, 8)))
    if drawing.declared:
        due = drawing.moment(accepted - 3 * DAY, 12)
        data["promised_due"] = due.astimezone(drawing.zone).isoformat()
    elif drawing.chance(0.9) or drawing.units[0] != "working_day":
        data["promised_limit"] = drawing.limit(low, high)
    if drawing.chance(0.9) or drawing.units[0] != "working_day":
        data["statutory_limit"] = drawing.limit(low, high + 6)
        if drawing.chance(0.15) and "promised_limit" in data:
            data["statutory_limit"] = data["promised_limit"]
    if drawing.chance(0.3):
        kinds = ("joint", "reported", "special", "immediate", "promised")
        data["handling_type"] = drawing.random.choice(kinds)
    return {**data, **acceptance_data(drawing, accepted)}


def _applied(drawing: _Drawing) -> dict[str, Any]:
    unit = drawing.random.choice(
        ("working_day", "working_day", "working_day", "natural_day", "working_hour", "hour")
    )
    most = {"working_hour": 20, "hour": 72}.get(unit, 5)
    return {"amount": drawing.random.randint(1, most), "unit": unit}


def _closings(drawing: _Drawing, about: dict[str, Any], accepted: datetime, span: int) -> None:
    random = drawing.random
    before = drawing.chance(0.08)
    closed = accepted - random.uniform(0, 3) * DAY if before else drawing.moment(accepted, 2 * span)
    if drawing.chance(0.3):
        decided = drawing.moment(accepted, 2 * span)
        drawing.add("decided", decided, {**about, "outcome": "granted"})
    if drawing.chance(0.25):
        return
    if drawing.chance(0.05):
        closed = accepted
    drawing.add("completed", closed.replace(microsecond=0), completion_data(drawing, about))
    if drawing.chance(0.15):
        again = drawing.moment(min(closed, accepted), span)
        drawing.add("completed", again, {**about, "outcome": "other"})
    if drawing.chance(0.2):
        reopened = drawing.moment(max(closed, accepted), 6)
        drawing.add("accepted", reopened, {**about, **_acceptance(drawing, reopened)})
        if drawing.chance(0.5):
            again = drawing.moment(reopened, span)
            drawing.add("completed", again, {**about, "outcome": "granted"})


def _amend(drawing: _Drawing) -> None:
    """Add amendments: new times, new fields, voids, and amendments of amendments."""
    for _ in range(drawing.random.choice((0, 0, 0, 1, 1, 2, 3, 4))):
        earlier = [event for event in drawing.events if event["type"] == "hall.case.amended.v1"]
        nested = earlier and drawing.chance(0.25)
        target = drawing.random.choice(earlier if nested else drawing.events)
        kind = target["type"].split(".")[2]
        data: dict[str, Any] = {
            "amends": {"source": target["source"], "id": target["id"]},
            "reason": "wrong",
        }
        if drawing.chance(0.2):
            data["void"] = True
        else:
            data["replacement"] = _replacement(drawing, kind, target)
        drawing.add("amended", drawing.moment(drawing.start, 20), data)


def _replacement(drawing: _Drawing, kind: str, target: Event) -> dict[str, Any]:
    fields: dict[str, Any] = {"time": _near(drawing, target)}
    if kind == "amended":
        nested = "replacement" in target["data"]
        return {"replacement": fields} if nested else {"reason": "still wrong"}
    if drawing.chance(0.03) and not kind.startswith("part-"):
        return {"part": drawing.random.choice((None, "land"))}
    if drawing.chance(0.5):
        return fields
    if kind == "accepted":
        fresh = _acceptance(drawing, datetime.fromisoformat(target["time"]))
        return {key: fresh[key] for key in fresh if key.endswith(("_limit", "_due"))}
    if kind == "extended":
        return {"by": drawing.limit(1, 5)}
    return {"applied": _applied(drawing)} if kind == "clock-stopped" else fields


def _near(drawing: _Drawing, target: Event) -> str:
    since = datetime.fromisoformat(target["time"]) - 4 * DAY
    return drawing.moment(since, 8).astimezone(drawing.zone).isoformat()


def _record(drawing: _Drawing) -> list[Event]:
    """Stamp the events as a source delivers them: some late, some repeated, some ahead of time."""
    random = drawing.random
    lateness = random.choice((0.0, 0.1, 0.5))
    log: list[tuple[datetime, int, Event]] = []
    for place, event in enumerate(drawing.events):
        happened = datetime.fromisoformat(event["time"]).astimezone(UTC)
        delay = timedelta(seconds=random.choice((0, 0, 1, 4, 30)))
        if random.random() < lateness:
            delay = random.uniform(0, 12) * DAY
        if random.random() < 0.03:
            delay = -timedelta(seconds=random.choice((60, 120, 121, 4000)))
        log.append((happened + delay, place, event))
        if random.random() < 0.06:
            log.append((happened + delay + random.uniform(0, 5) * DAY, place, event))
        if random.random() < 0.02:
            other = {**event, "time": (happened - DAY).isoformat()}
            log.append((happened + delay + random.uniform(0, 5) * DAY, place, other))
    log.sort(key=lambda entry: (entry[0], entry[1]))
    stamped = [_stamped(drawing, event, at) for at, _, event in log]
    if random.random() < 0.1 and len(stamped) > 1:
        place = random.randrange(len(stamped) - 1)
        stamped[place], stamped[place + 1] = stamped[place + 1], stamped[place]
    return stamped


def _stamped(drawing: _Drawing, event: Event, at: datetime) -> Event:
    """Stamp an event; now and then an amendment states a time that has not come yet."""
    stamped = {**event, "recordedtime": at.isoformat()}
    replacement = event["data"].get("replacement", {})
    if "time" in replacement and drawing.chance(0.04):
        ahead = at + timedelta(seconds=drawing.random.choice((60, 120, 121)))
        stamped["data"] = {**event["data"], "replacement": {"time": ahead.isoformat()}}
    return stamped
