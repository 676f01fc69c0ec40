"""The replay of one case: its timeline as lines, the sliders' moments, and the cards as they stood.

It stands apart because it is the page an appeal is decided on: what had happened by a moment, and
what was known by a moment, are two questions, and each has its own slider.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from consoles.pages.case_findings import (
    ClockSaid,
    FindingSaid,
    clocks_said,
    deemed_us,
    findings_said,
)
from consoles.pages.law_names import rule_name
from consoles.pages.record_names import FIELDS, family_of, field_name, type_name
from consoles.pages.texts import Texts
from consoles.pages.times import read_instant
from consoles.pages.view_models import Reader, rule_url

Entry = Mapping[str, Any]
_LATE_US = 60_000_000
_TEXT_MAX = 160
_CARD_STATES = {
    "hall.card.confirmed.v1": "issued",
    "hall.card.signed.v1": "signed",
    "hall.card.explained.v1": "explained",
    "hall.card.appealed.v1": "appealed",
    "hall.card.closed.v1": "closed",
}
_NAMED = {"from_department": "department", "to_department": "department"}
_AROUND = ("complaint", "consultation", "queue", "unit")
_CODED = {
    "limit": "limit",
    "handling_type": "handling",
    "level": "level",
    "reason": "card.why",
    "clock": "clock",
    "stage": "stage",
    "outcome": "outcome",
    "result": "result",
    "decision": "state",
    "procedure": "procedure",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One record on the timeline."""

    family: str
    family_name: str
    name: str
    time: str
    time_iso: str
    recorded: str
    late: str
    details: str
    rule_url: str
    level: str
    level_name: str
    card_id: str
    position: str
    raw_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider:
    """One slider: `moments` are what its steps mean, the last of them “now”."""

    name: str
    label: str
    moments: list[dict[str, str]]
    value: int
    last: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCard:
    """One card as it stood at the moments asked for."""

    card_id: str
    level: str
    level_name: str
    rule: str
    rule_url: str
    state: str
    struck: bool
    effective: str
    rescinded_why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayView:
    """Everything the page of a case shows.

    Attributes:
        kind: `case`, or `complaint`, `consultation`, `queue` or `unit`, whose pages are alike.
    """

    case: str
    kind: str
    url: str
    moments: list[Moment]
    sliders: list[Slider]
    facts: list[tuple[str, str]]
    cards: list[ReplayCard]
    clocks: list[ClockSaid]
    findings: list[FindingSaid]
    suspended: bool


def replay_view(
    case: str,
    whole: Mapping[str, Any],
    shown: Mapping[str, Any] | None,
    asked: tuple[int | None, int | None],
    reader: Reader,
) -> ReplayView:
    """Return the page of a case.

    Args:
        case: the case id.
        whole: its history without any bound; the sliders' moments come from it.
        shown: its history as asked for, None where nothing had happened or was known.
        asked: (as of, known at) in µs since the epoch, None for now.
        reader: who reads.
    """
    entries: Sequence[Entry] = shown["timeline"] if shown else ()
    everything: Sequence[Entry] = whole["timeline"]
    state = shown.get("state") or {} if shown else {}
    kind = _kind(case, everything)
    moment_us = reader.times.now_us if asked[0] is None else asked[0]
    return ReplayView(
        case=case,
        kind=kind,
        url=f"/cases/{quote(case, safe='')}",
        moments=[_moment(entry, reader) for entry in entries],
        sliders=[
            _slider("as_of", "case.happened", [e["time"] for e in everything], asked[0], reader),
            _slider("known_at", "case.known", [_known(e) for e in everything], asked[1], reader),
        ],
        facts=_state_facts(state, entries, reader) if kind == "case" else _last(entries, reader),
        cards=_cards(entries, reader),
        clocks=clocks_said(entries, everything, moment_us, reader),
        findings=findings_said(entries, everything, reader),
        suspended=bool(state.get("suspended")),
    )


def _kind(subject: str, entries: Sequence[Entry]) -> str:
    """Return what a subject is by the facts told of it; a unit by its prefix."""
    if subject.startswith("unit:"):
        return "unit"
    families = {str(each["type"]).split(".")[1] for each in entries}
    return next((each for each in _AROUND if each in families and "case" not in families), "case")


def _known(entry: Entry) -> str:
    """When the ledger learned of a record; hand-made histories may lack the stamp."""
    return str(entry.get("recordedtime") or entry["time"])


def _moment(entry: Entry, reader: Reader) -> Moment:
    t, times = reader.t, reader.times
    time_us, recorded_us = read_instant(entry["time"]), read_instant(_known(entry))
    family = family_of(entry["type"])
    data: Mapping[str, Any] = entry["data"]
    late_us = recorded_us - time_us
    partition, offset = position_of(entry)
    level = str(data.get("level") or "")
    return Moment(
        family=family,
        family_name=t(
            {"fact": "case.facts", "finding": "case.findings", "tick": "case.ticks"}[family]
        ),
        name=_record_name(entry, t),
        time=times.stamp(time_us),
        time_iso=times.iso(time_us),
        recorded=times.stamp(recorded_us),
        late=t("case.late", span=times.wall_span(late_us)) if _is_late(family, late_us) else "",
        details=_details(data, reader),
        rule_url=rule_url(str(data["rule"]), data.get("pack")) if data.get("rule") else "",
        level=level,
        level_name=t.named("level", level) if level else "",
        card_id=str(data.get("card_id") or ""),
        position=f"{partition}:{offset}",
        raw_url=f"/records/{partition}/{offset}",
    )


def _record_name(entry: Entry, t: Texts) -> str:
    name = type_name(entry["type"], t.lang)
    return t("case.withdrawn", name=name) if entry["data"].get("withdrawn") else name


def position_of(entry: Entry) -> tuple[int, int]:
    """Return (partition, offset) of a record in the log."""
    position = entry["position"]
    return int(position["partition"]), int(position["offset"])


def _is_late(family: str, late_us: int) -> bool:
    return family == "fact" and late_us >= _LATE_US


def _details(data: Mapping[str, Any], reader: Reader) -> str:
    """The fields a person reads first, in the order of their table; a rule says its clock."""
    unsaid = {"level", "clock"} if "rule" in data else {"level"}
    parts = [
        f"{field_name(field, reader.t.lang)} {_value(field, data[field], reader)}"
        for field in FIELDS
        if field not in unsaid and data.get(field) not in (None, "", [], ())
    ]
    return " · ".join(parts)


def _value(field: str, value: Any, reader: Reader) -> str:
    """One field as people read it."""
    if field in ("department", "matter") or field in _NAMED:
        return reader.named(_NAMED.get(field, field), str(value))
    if field == "rule":
        return rule_name(str(value), reader.t)
    if field in _CODED:
        return reader.t.named(_CODED[field], str(value))
    if field.endswith(("_at", "_due")) and isinstance(value, str):
        return reader.times.stamp(read_instant(value))
    if isinstance(value, Mapping) and "unit" in value:
        return reader.times.granted(value["amount"], value["unit"])
    if isinstance(value, Mapping):
        text = " ".join(str(part) for part in value.values())
    elif isinstance(value, (list, tuple)):
        text = "、".join(str(part) for part in value)
    else:
        text = str(value)
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 1] + "…"


def _slider(
    name: str, label: str, texts: Sequence[str], asked_us: int | None, reader: Reader
) -> Slider:
    instants = {read_instant(text) for text in texts}
    if asked_us is not None:
        instants.add(asked_us)
    ordered = sorted(instants)
    times = reader.times
    moments = [{"at": times.iso(us), "text": times.stamp(us)} for us in ordered]
    moments.append({"at": "", "text": reader.t("case.now")})
    last = len(ordered)
    value = last if asked_us is None else bisect_left(ordered, asked_us)
    return Slider(
        name=name,
        label=label,
        moments=moments,
        value=value,
        last=last,
        text=moments[value]["text"],
    )


_STATE_TIMES = {
    "accepted_at": "case.accepted",
    "completed_at": "case.completed",
    "promised_due": "limit.promised",
    "statutory_due": "limit.statutory",
}


def _state_facts(
    state: Mapping[str, Any], entries: Sequence[Entry], reader: Reader
) -> list[tuple[str, str]]:
    """The case's state as (name, value), leaving out what is absent."""
    t = reader.t
    facts: list[tuple[str, str]] = []
    if state.get("phase"):
        facts.append((t("case.phase"), t.named("phase", str(state["phase"]))))
    for key in ("department", "matter"):
        if state.get(key):
            facts.append((t(f"card.{key}"), reader.named(key, str(state[key]))))
    if state.get("handling_type"):
        kind = t.named("handling", str(state["handling_type"]))
        facts.append((t("case.handling_type"), kind))
    deemed = deemed_us(entries)
    if deemed is not None:
        facts.append((t("case.deemed"), t("case.deemed.is", at=reader.times.stamp(deemed))))
    for key, label in _STATE_TIMES.items():
        if state.get(key):
            facts.append((t(label), reader.times.stamp(read_instant(str(state[key])))))
    return facts


def _last(entries: Sequence[Entry], reader: Reader) -> list[tuple[str, str]]:
    """What a complaint, a consultation, a ticket or a unit shows: who, and how far it came."""
    t = reader.t
    told = [each for each in entries if family_of(each["type"]) == "fact"]
    facts = []
    for key in ("department", "matter", "case"):
        value = next((each["data"][key] for each in told if each["data"].get(key)), None)
        if value:
            label = t("case.number") if key == "case" else t(f"card.{key}")
            facts.append((label, str(value) if key == "case" else reader.named(key, str(value))))
    if told:
        last = told[-1]
        when = reader.times.stamp(read_instant(last["time"]))
        facts.append((t("case.last"), f"{type_name(last['type'], t.lang)} {when}"))
    return facts


def _cards(entries: Sequence[Entry], reader: Reader) -> list[ReplayCard]:
    """The cards these records issued, as these records leave them in log order, newest first."""
    t = reader.t
    issued: dict[str, Mapping[str, Any]] = {}
    states: dict[str, str] = {}
    why: dict[str, str] = {}
    for entry in sorted(entries, key=position_of):
        data: Mapping[str, Any] = entry["data"]
        card_id, kind = data.get("card_id"), entry["type"]
        if not card_id:
            continue
        if "effective_at" in data:
            issued[card_id] = data
            states[card_id] = "waiting" if data.get("mode") == "confirm" else "issued"
        elif kind == "hall.finding.card-rescinded.v1":
            states[card_id], why[card_id] = "rescinded", str(data["reason"])
        elif kind == "hall.card.appeal-decided.v1":
            states[card_id] = str(data["decision"])
        elif kind in _CARD_STATES:
            states[card_id] = _CARD_STATES[kind]
    return [
        ReplayCard(
            card_id=card_id,
            level=data["level"],
            level_name=t.named("level", data["level"]),
            rule=rule_name(data["rule"], t),
            rule_url=rule_url(data["rule"], data.get("pack")),
            state=t.named("state", states[card_id]),
            struck=states[card_id] in ("rescinded", "revoked"),
            effective=reader.times.stamp(read_instant(data["effective_at"])),
            rescinded_why=t.named("card.why", why[card_id]) if card_id in why else "",
        )
        for card_id, data in reversed(issued.items())
    ]
