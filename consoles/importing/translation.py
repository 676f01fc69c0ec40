"""Translation of traces into facts by a profile, in the order in which an importer feeds them.

It stands apart because it is a function of values: a checked profile and traces in, CloudEvents
out, no file and no clock. Nothing is clamped or repaired: a completion before the first event, or a
deadline before the acceptance, is what the source says; judging it is the business of supervision.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from consoles.importing.profile import PLACEHOLDER, FactRule, FieldRule, Profile
from consoles.importing.xes import TIMESTAMP_KEY, Event, Trace, Value, invalid
from ledger.events import FACT_TYPES, RANK
from ledger.record import micros

CloudEvent = dict[str, Any]
"""A CloudEvents 1.0 event in structured JSON form, as intake takes it: without `recordedtime`."""

_NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a log says, as facts.

    Attributes:
        facts: sorted by (time, family rank, file order).
        cases: how many traces were read.
        source_events: how many events they held.
        last_instant: the latest event's timestamp, where the import's clock ends; a completion or
            another date of a trace does not move it. None for a log without events.
    """

    facts: tuple[CloudEvent, ...]
    cases: int
    source_events: int
    last_instant: datetime | None


def translate(profile: Profile, traces: Iterable[Trace]) -> Translation:
    """Return the facts that `traces` stand for; ids depend on trace name and event index alone.

    Raises:
        ImportInvalid: an event without a timestamp, a field that its fact requires and the profile
            cannot fill, or two traces of one case; names file and line.
    """
    keyed: list[tuple[int, int, int, CloudEvent]] = []
    subjects: set[str] = set()
    source_events = 0
    last_instant: datetime | None = None
    ranks = {rule.type: RANK[FACT_TYPES[rule.type]] for rule in profile.rules}
    for trace in traces:
        subject = _subject(profile, trace)
        if subject in subjects:
            raise invalid(trace.file, trace.line, f"a second trace of the case {subject!r}")
        subjects.add(subject)
        instants = [_timestamp(trace, event) for event in trace.events]
        source_events += len(instants)
        seen_last = instants if last_instant is None else [last_instant, *instants]
        last_instant = max(seen_last, default=None)
        for at, fact in _facts(profile, subject, trace, instants):
            keyed.append((micros(at), ranks[fact["type"]], len(keyed), fact))
    keyed.sort(key=lambda entry: entry[:3])
    return Translation(
        facts=tuple(fact for *_, fact in keyed),
        cases=len(subjects),
        source_events=source_events,
        last_instant=last_instant,
    )


def rfc3339(at: datetime) -> str:
    """Return an instant with the offset it was given, exact to the millisecond or finer."""
    return at.isoformat(timespec="microseconds" if at.microsecond % 1000 else "milliseconds")


def _subject(profile: Profile, trace: Trace) -> str:
    """Return the case id; a part of it that is absent would let two cases fall together."""
    for _, key in PLACEHOLDER.findall(profile.subject):
        if trace.attributes.get(key) in (None, "", *profile.absent):
            raise invalid(trace.file, trace.line, f"no {key!r}, of which the case id is made")
    return _filled(profile.subject, {"trace": trace.attributes})


def _timestamp(trace: Trace, event: Event) -> datetime:
    at = event.attributes.get(TIMESTAMP_KEY)
    if not isinstance(at, datetime):
        raise invalid(trace.file, event.line, f"an event without the date {TIMESTAMP_KEY!r}")
    return at


def _facts(
    profile: Profile, subject: str, trace: Trace, instants: Sequence[datetime]
) -> Iterator[tuple[datetime, CloudEvent]]:
    for rule in profile.rules:
        for index, at in _occasions(rule, trace, instants):
            place = trace.name if index is None else f"{trace.name}/{index}"
            yield (
                at,
                {
                    "specversion": "1.0",
                    "id": f"{place}/{rule.what}",
                    "source": profile.source,
                    "type": rule.type,
                    "subject": subject,
                    "time": rfc3339(at),
                    "data": _data(profile, rule, trace, index),
                },
            )


def _occasions(
    rule: FactRule, trace: Trace, instants: Sequence[datetime]
) -> Iterator[tuple[int | None, datetime]]:
    """Yield event index (None for the trace itself) and instant of each fact that a rule gives."""
    match rule.occasion:
        case "first-event":
            yield from enumerate(instants[:1])
        case "every-event":
            yield from enumerate(instants)
        case "change":
            values = [event.attributes.get(rule.key) for event in trace.events]
            for index, (before, after) in enumerate(pairwise(values), start=1):
                if before != after:
                    yield index, instants[index]
        case "trace-date":
            at = trace.attributes.get(rule.key)
            if isinstance(at, datetime):
                yield None, at
            elif at is not None:
                raise invalid(trace.file, trace.line, f"{at!r} as {rule.key!r} where a date is due")


def _data(profile: Profile, rule: FactRule, trace: Trace, index: int | None) -> dict[str, Any]:
    origins: dict[str, Mapping[str, Value]] = {"trace": trace.attributes}
    if index is not None:
        origins["event"] = trace.events[index].attributes
        origins["previous"] = trace.events[index - 1].attributes if index else {}
    data: dict[str, Any] = {}
    for field in rule.data:
        value = _value(profile, field, origins)
        if value is not None:
            data[field.name] = value
        elif field.is_required:
            line = trace.line if index is None else trace.events[index].line
            found = f"no {field.value!r}, from which {rule.type} takes its {field.name!r}"
            raise invalid(trace.file, line, found, "Name a stand-in in the profile: `otherwise`.")
    return data


def _value(
    profile: Profile, field: FieldRule, origins: Mapping[str, Mapping[str, Value]]
) -> str | int | None:
    """Return a field's value as JSON has it, its stand-in, or None where there is neither."""
    if field.origin == "constant":
        return field.value
    key = str(field.value)
    if field.origin == "text":
        return _filled(key, origins)
    value = origins[field.origin].get(key)
    if value is None or value in profile.absent:
        return field.otherwise
    return rfc3339(value) if isinstance(value, datetime) else value


def _filled(text: str, origins: Mapping[str, Mapping[str, Value]]) -> str:
    """Return a text with placeholders replaced by what the log says, its `absent` texts too."""

    def shown(match: re.Match[str]) -> str:
        value = origins[match[1]].get(match[2], _NOTHING)
        return rfc3339(value) if isinstance(value, datetime) else str(value)

    return PLACEHOLDER.sub(shown, text)
