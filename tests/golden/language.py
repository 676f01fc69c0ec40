"""Words for writing case histories in tests: facts by name and local time, and what follows.

It stands apart because the golden histories, the unit tests and the properties tell their cases in
the same words. Times are written as the wall clock of Shanghai, "2018-10-15 10:00:00".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_args
from zoneinfo import ZoneInfo

from ledger import wire
from ledger.drivers.calendar_files import load_calendar
from ledger.fact import Limit, Unit
from ledger.findings import AnomalyFound, CardIssued, CardRescinded, CaseSettled, LimitsSet
from ledger.record import AnyRecord, instant, micros
from ledger.system_events import ClockReached
from ledger.work_calendar import WorkCalendar
from processors.drivers.pack_files import load_packs
from processors.simulate import simulate
from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack
from processors.supervision.policy import Policy
from processors.supervision.ticks import limit_tick

SHANGHAI = ZoneInfo("Asia/Shanghai")
SOURCE = "/halls/430100/approval"
SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US


@cache
def calendar(name: str = "cn") -> WorkCalendar:
    return WorkCalendar(load_calendar(name))


@cache
def shipped_packs() -> dict[str, Pack]:
    return load_packs()


@cache
def handling_only(name: str = "hunan") -> Pack:
    """A shipped pack with its thresholds of the handling clock and nothing else."""
    pack = shipped_packs()[name]
    thresholds = tuple(each for each in pack.thresholds if each.rule == "handling-limit")
    return replace(pack, thresholds=thresholds, rules={}, unit_rules=(), watched={})


def policy(pack: str | Pack | None = None) -> Policy:
    """The shipped packs, or one given as a value, over the calendar of mainland China.

    Without any it is `hunan` with its handling clock alone.
    """
    pack = handling_only() if pack is None else pack
    packs = shipped_packs() if isinstance(pack, str) else {pack.name: pack}
    return Policy(
        packs=packs,
        default_pack=pack if isinstance(pack, str) else pack.name,
        calendars={name: calendar(name) for name in ("cn", "nl-weekdays")},
        default_calendar="cn",
    )


def at(local: str) -> int:
    """Microseconds since the epoch of a local time."""
    return micros(datetime.fromisoformat(local).replace(tzinfo=SHANGHAI))


def local(when: datetime | int | None) -> str:
    """The local time of an instant, microseconds only where there are any."""
    if when is None:
        return "none"
    moment = instant(when, SHANGHAI) if isinstance(when, int) else when.astimezone(SHANGHAI)
    return moment.replace(tzinfo=None).isoformat(" ")


def recorded_us(record: AnyRecord) -> int:
    """When the ledger learned a record, in microseconds."""
    return micros(record.recordedtime or record.time)


def limit(text: str) -> Limit:
    """A limit from its words, "7 working_day"."""
    amount, unit = text.split()
    found: Unit = unit  # type: ignore[assignment] # the codec refuses what is no unit
    return Limit(amount=int(amount), unit=found)


def fact(
    what: str,
    when: str,
    recorded: str | None = None,
    *,
    id_: str | None = None,
    subject: str = "C-1",
    source: str = SOURCE,
    timeline: str | None = None,
    **data: Any,
) -> AnyRecord:
    """A record as it lies in the log.

    Args:
        what: `accepted`, `clock-stopped`, … of a case; `complaint.filed`, `consultation.asked`, …;
            or a full type.
        recorded: when the ledger learned it; at once where absent.
        id_: the fact's name and time where absent.
    """
    happened = _text(when)
    event = {
        "specversion": "1.0",
        "type": _type(what),
        "source": source,
        "id": id_ or f"{what}@{when}",
        "subject": subject,
        "time": happened,
        "data": {name: _plain(value) for name, value in data.items() if value is not None},
    }
    _, raw = wire.accept(event, timeline=timeline)
    return wire.decode(wire.stamp(raw, at(recorded or when)))


def _type(what: str) -> str:
    if what.startswith("hall."):
        return what
    return f"hall.{what}.v1" if "." in what else f"hall.case.{what}.v1"


def _text(when: str) -> str:
    return when.replace(" ", "T") + "+08:00"


def _plain(value: Any) -> Any:
    """JSON of a field: limits from their words, the rest as it is."""
    match value:
        case str() if value.partition(" ")[2] in _UNITS:
            amount, unit = value.split()
            return {"amount": int(amount), "unit": unit}
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


_UNITS = get_args(Unit)


def published(matter: Mapping[str, Any], when: str = "2018-01-01 00:00:00") -> AnyRecord:
    """A matter of the catalogue (事项) as it lies in the log, in force from an instant on."""
    entry = {"name": matter["code"], "department": "D-1", **matter}
    return fact(
        "hall.reference.matter-published.v1",
        when,
        subject=f"reference:matter:{matter['code']}",
        effective_from=_text(when),
        entry=entry,
    )


def accepted(
    when: str = "2018-10-15 10:00:00",
    promised: str | None = "7 working_day",
    statutory: str | None = "10 working_day",
    **more: Any,
) -> AnyRecord:
    """An acceptance (受理); the defaults are the worked example of the Hunan rule document."""
    data = {"matter": "M-1", "department": "D-1", **more}
    return fact("accepted", when, promised_limit=promised, statutory_limit=statutory, **data)


def completed(when: str, recorded: str | None = None, **more: Any) -> AnyRecord:
    return fact("completed", when, recorded, **{"outcome": "granted", **more})


def stopped(when: str, applied: str | None = "3 working_day", **more: Any) -> AnyRecord:
    return fact("clock-stopped", when, applied=applied, **{"procedure": "hearing", **more})


def resumed(when: str, recorded: str | None = None, **more: Any) -> AnyRecord:
    return fact("clock-resumed", when, recorded, **more)


def extended(when: str, by: str, **more: Any) -> AnyRecord:
    return fact("extended", when, by=by, **more)


def amended(target: AnyRecord, when: str, **more: Any) -> AnyRecord:
    """A correction (更正) of a record: `replacement={…}` or `void=True`."""
    amends = {"source": target.source, "id": target.id}
    return fact("amended", when, amends=amends, reason="wrong", **more)


def tick(due: str, subject: str = "C-1", pack: str | Pack = "hunan") -> AnyRecord:
    """The tick that an owner writes for a threshold effective at `due`."""
    using = policy(pack)
    tick_us = at(due) + using.pack_for(None).report_grace_us + 1
    return limit_tick(subject, None, tick_us, using.laws(None).standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything supervision said of a history, in log order."""

    records: tuple[AnyRecord, ...]

    def of(self, kind: type[Any]) -> list[Any]:
        return [record.data for record in self.records if isinstance(record.data, kind)]

    @property
    def findings(self) -> list[AnyRecord]:
        return [record for record in self.records if not isinstance(record.data, ClockReached)]

    @property
    def issued(self) -> list[CardIssued]:
        return self.of(CardIssued)

    @property
    def cards(self) -> list[str]:
        """Each card issued, in order: level and `effective_at`."""
        return [f"{card.level} {local(card.effective_at)}" for card in self.of(CardIssued)]

    @property
    def detected(self) -> list[str]:
        """Each card issued, in order: level and `detected_at`."""
        return [f"{card.level} {local(card.detected_at)}" for card in self.of(CardIssued)]

    @property
    def rescinded(self) -> list[str]:
        """Each rescission: level, reason and the fact cited."""
        levels = {card.card_id: card.level for card in self.of(CardIssued)}
        return [
            f"{levels.get(each.card_id, each.card_id)} {each.reason} {each.evidence[0].id}"
            for each in self.of(CardRescinded)
        ]

    @property
    def standing(self) -> list[str]:
        """Cards not rescinded: level and `effective_at`."""
        gone = {each.card_id for each in self.of(CardRescinded)}
        return [
            f"{card.level} {local(card.effective_at)}"
            for card in self.of(CardIssued)
            if card.card_id not in gone
        ]

    @property
    def anomalies(self) -> list[str]:
        return [anomaly.rule for anomaly in self.of(AnomalyFound)]

    @property
    def limits(self) -> list[LimitsSet]:
        return self.of(LimitsSet)

    @property
    def settled(self) -> list[CaseSettled]:
        return self.of(CaseSettled)

    @property
    def dues(self) -> str:
        """Promised and statutory due instant of the last limits set."""
        last = self.limits[-1]
        return f"{local(last.promised_due)} / {local(last.statutory_due)}"


def told(
    records: Iterable[AnyRecord],
    pack: str | Pack | None = None,
    until: str | None = "2019-03-01 00:00:00",
) -> Told:
    """Run the core over records in log order and let time pass up to `until`."""
    until_us = None if until is None else at(until)
    return Told(records=tuple(simulate(list(records), policy(pack), until_us)))


def ids(records: Sequence[AnyRecord]) -> list[str]:
    return [record.id for record in records]


def later(local_time: str, **by: float) -> str:
    """A local time moved on; arguments as of `timedelta`."""
    return local(at(local_time) + timedelta(**by) // timedelta(microseconds=1))


PACK_TEXT = """
name = "local"
version = "1"
title = "本地规则"
title_en = "Local"
counting = "working_seconds"
day_end = "close"
closes = ["completed"]
report_grace_seconds = 5
future_tolerance_seconds = 120
declared_unit = "working_day"

[[level]]
level = "warning"
name = "预警"
name_en = "Early warning"

[[level]]
level = "yellow"
name = "黄牌"
name_en = "Yellow card"

[[level]]
level = "red"
name = "红牌"
name_en = "Red card"

[[threshold]]
rule = "handling-limit"
level = "warning"
limit = "promised"
offset = -3
basis = { instrument = "本地规则", article = 1 }

[[threshold]]
rule = "handling-limit"
level = "yellow"
limit = "promised"
offset = 0
basis = { instrument = "本地规则", article = 2 }

[[threshold]]
rule = "handling-limit"
level = "red"
limit = "statutory"
offset = 0
basis = { instrument = "本地规则", article = 3 }
"""
"""A small pack as TOML; tests replace lines of it."""


def local_pack(changes: Mapping[str, str] | None = None) -> Pack:
    """The small pack with pieces of its text replaced; a piece that is not there is an error."""
    text = PACK_TEXT
    for old, new in (changes or {}).items():
        assert old in text, f"{old!r} is not in the pack"
        text = text.replace(old, new)
    return parse_pack(text, "local.toml")
