"""What supervision had found of a case by a moment: its clocks with their limits, and anomalies.

It stands apart from `replay.py` because it follows findings alone, in the order of the log, as the
read models do: limits open a clock or change it, a settlement closes it, withdrawn limits end it as
if it had never been. Nothing legal is computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consoles.pages.law_names import rule_name
from consoles.pages.record_names import type_name
from consoles.pages.times import read_instant
from consoles.pages.view_models import LIMITS, Reader, rule_url

Entry = Mapping[str, Any]
Cites = list[tuple[str, str]]
"""What records are called, each with the address of its bytes, empty where it lies elsewhere."""

_LIMITS_SET, _SETTLED = "hall.finding.limits-set.v1", "hall.finding.case-settled.v1"
_ANOMALY, _DEEMED = "hall.finding.anomaly-found.v1", "hall.finding.deemed-accepted.v1"
_HANDLING = "handling"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSaid:
    """One limit of a clock: `nearest` marks the one that ends first of all of the case."""

    name: str
    due: str
    passed: bool
    nearest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSaid:
    """One clock of a case as the findings leave it.

    Attributes:
        state: `running`, `stopped` or `closed`.
        next_level: with the instant at which it is reached; empty while stopped or closed.
    """

    name: str
    state: str
    state_name: str
    opened: str
    closed: str
    limits: list[LimitSaid]
    next_level: str
    next_name: str
    next_at: str
    nearest: bool
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSaid:
    """One anomaly: what was found, when, and by which records."""

    name: str
    rule_url: str
    part: str
    when: str
    cites: Cites


def clocks_said(
    entries: Sequence[Entry], whole: Sequence[Entry], moment_us: int, reader: Reader
) -> list[ClockSaid]:
    """Return the clocks of a case, open ones first and by what ends next; closed ones follow.

    Args:
        entries: the records shown.
        whole: all records of the case, to name the stage of a clock by the record that opened it.
        moment_us: the instant looked at; a limit that ends later is ahead.
        reader: who reads.
    """
    found = _folded(entries)
    ahead = [
        due_us
        for clock in found
        for due_us in _dues(clock).values()
        if _is_running(clock) and due_us is not None and due_us >= moment_us
    ]
    nearest_us = min(ahead, default=None)
    stages = {_name(each): each["data"].get("stage") for each in whole}
    ordered = sorted(found, key=_order)
    return [_said(each, stages, nearest_us, moment_us, reader) for each in ordered]


def _folded(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    clocks: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in sorted(entries, key=_position):
        data: Mapping[str, Any] = entry["data"]
        if entry["type"] == _LIMITS_SET:
            key = (data.get("part") or "", data["clock"], data["cycle"])
            clocks.pop(key, None)
            if not data.get("withdrawn"):
                clocks[key] = dict(data)
        elif entry["type"] == _SETTLED:
            key = (data.get("part") or "", _HANDLING, data["cycle"])
            clock = clocks.setdefault(key, {"clock": _HANDLING, "cycle": data["cycle"]})
            clock |= {"opened_at": data["accepted_at"], "closed_at": data["completed_at"]}
            clock |= {"part": data.get("part"), "stopped": False, "thresholds": ()}
            for settled in data["clocks"]:
                if settled.get("due_at"):
                    clock[f"{settled['limit']}_due"] = settled["due_at"]
    return list(clocks.values())


def _said(
    clock: Mapping[str, Any],
    stages: Mapping[str, Any],
    nearest_us: int | None,
    moment_us: int,
    reader: Reader,
) -> ClockSaid:
    t, times = reader.t, reader.times
    state = "closed" if clock.get("closed_at") else "stopped" if clock.get("stopped") else "running"
    name = t.named("clock", clock["clock"])
    stage = stages.get(clock["cycle"]) if clock["clock"] == "stage" else None
    if stage:
        name += f" · {t.named('stage', str(stage))}"
    if clock.get("part"):
        name += t("clock.part", part=reader.named("department", clock["part"]))
    running = _is_running(clock)
    limits = [
        LimitSaid(
            name=t(f"limit.{limit}"),
            due=t("limit.stopped") if due_us is None else times.stamp(due_us),
            passed=running and due_us is not None and due_us < moment_us,
            nearest=running and due_us is not None and due_us == nearest_us,
        )
        for limit, due_us in _dues(clock).items()
    ]
    levels = sorted((_us(each["effective_at"]) or 0, each["level"]) for each in _thresholds(clock))
    ahead = [each for each in levels if running and each[0] > moment_us]
    next_us, next_level = ahead[0] if ahead else (None, "")
    return ClockSaid(
        name=name,
        state=state,
        state_name=t(f"clock.{state}"),
        opened=times.stamp(_us(clock.get("opened_at"))),
        closed="" if state != "closed" else times.stamp(_us(clock["closed_at"])),
        limits=limits,
        next_level=next_level,
        next_name=t.named("level", next_level) if next_level else "",
        next_at="" if next_us is None else times.stamp(next_us),
        nearest=any(limit.nearest for limit in limits),
        provisional=bool(clock.get("provisional")),
    )


def _thresholds(clock: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return clock.get("thresholds") or ()


def _dues(clock: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the due instants of a clock by limit; None for one that an open stop hides."""
    told = {each["limit"] for each in _thresholds(clock)}
    dues = {limit: _us(clock.get(f"{limit}_due")) for limit in LIMITS}
    return {limit: us for limit, us in dues.items() if us is not None or limit in told}


def _is_running(clock: Mapping[str, Any]) -> bool:
    return not clock.get("closed_at") and not clock.get("stopped")


def _order(clock: Mapping[str, Any]) -> tuple[bool, int, str, str]:
    """Open ones first, by what ends first; closed ones after them, as they were opened."""
    dues = [us for us in _dues(clock).values() if us is not None]
    closed = bool(clock.get("closed_at"))
    first_us = (_us(clock.get("opened_at")) or 0) if closed else min(dues, default=2**62)
    return closed, first_us, clock["clock"], clock["cycle"]


def findings_said(
    entries: Sequence[Entry], whole: Sequence[Entry], reader: Reader
) -> list[FindingSaid]:
    """Return the anomalies found, the newest first, each with the records it cites.

    Args:
        entries: the records shown.
        whole: all records of the case, among which those cited lie.
        reader: who reads.
    """
    known = {_name(each): each for each in whole}
    found = [each for each in entries if each["type"] == _ANOMALY]
    return [
        FindingSaid(
            name=rule_name(str(each["data"]["rule"]), reader.t),
            rule_url=rule_url(str(each["data"]["rule"])),
            part=reader.named("department", each["data"].get("part"))
            if each["data"].get("part")
            else "",
            when=reader.times.stamp(read_instant(each["time"])),
            cites=[_cited(cited, known, reader) for cited in each["data"]["evidence"]],
        )
        for each in sorted(found, key=_position, reverse=True)
    ]


def _cited(cited: Mapping[str, Any], known: Mapping[str, Entry], reader: Reader) -> tuple[str, str]:
    entry = known.get(f"{cited['source']}#{cited['id']}")
    if entry is None:
        return f"{cited['source']} #{cited['id']}", ""
    partition, offset = _position(entry)
    name = f"{type_name(entry['type'], reader.t.lang)} #{cited['id']}"
    return name, f"/records/{partition}/{offset}"


def deemed_us(entries: Sequence[Entry]) -> int | None:
    """Return the instant from which the case counts as accepted unanswered; None if it does not."""
    standing: dict[tuple[str, str], int | None] = {}
    for entry in sorted(entries, key=_position):
        if entry["type"] == _DEEMED:
            data = entry["data"]
            key = (data.get("part") or "", data.get("cycle") or "")
            standing[key] = None if data.get("withdrawn") else _us(data["effective_at"])
    return min((us for us in standing.values() if us is not None), default=None)


def _us(text: object) -> int | None:
    return read_instant(str(text)) if text else None


def _name(entry: Entry) -> str:
    return f"{entry.get('source')}#{entry.get('id')}"


def _position(entry: Entry) -> tuple[int, int]:
    position = entry["position"]
    return int(position["partition"]), int(position["offset"])
