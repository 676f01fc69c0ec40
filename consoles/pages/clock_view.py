"""One clock on a page: a sentence, what it rests on, its picture, and a row for each interval.

It stands apart because it must be followed by the person it accuses: every row names its record and
its law, the running sum ends at the time stated, and no legal figure is computed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from consoles.pages.law_names import basis_text, day_name
from consoles.pages.picture import Granted, Interval, Picture, picture
from consoles.pages.record_names import type_name
from consoles.pages.times import read_instant
from consoles.pages.view_models import Reader

Value = Mapping[str, Any]
KINDS = ("counted", "stopped", "excluded", "not_working")
ROWS_MAX = 2_000
"""Rows beyond which only the folded ones are shown; the answer as JSON has all of them."""
_FOLDED = ("lunch", "night")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row: an interval, or a note of what happened at one instant (then `kind` is `note`).

    Attributes:
        crossing: marks the first counted interval after the limit.
    """

    kind: str
    kind_name: str
    reason: str
    start: str
    end: str
    length: str
    running: str
    record: str
    record_url: str
    basis: str
    crossing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level the clock's rule knows: `said` is when, and whether it was reached."""

    level: str
    name: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """What a page shows of one clock against limits of one measure.

    Attributes:
        lines: every interval.
        rows: every interval and note, in order of time; none where they are too many for a page.
        folded: the same with runs of office hours as one row each; empty where nothing folds.
    """

    anchor: str
    title: str
    measure: str
    state: str
    state_name: str
    sentence: str
    facts: list[tuple[str, str]]
    levels: list[Level]
    lines: list[Line]
    rows: list[Line]
    folded: list[Line]
    total: str
    picture: Picture

    @property
    def kinds(self) -> list[str]:
        """The kinds of interval there are, as the legend names them."""
        there = {line.kind for line in self.lines}
        return [kind for kind in KINDS if kind in there]


def clock_view(
    why: Value, reader: Reader, number: int = 0, *, with_measure: bool = False
) -> ClockView:
    """Return one clock as a page shows it.

    Args:
        why: its statement.
        number: its place on the page.
        with_measure: say what it is measured in; the same clock stands there in another one too.
    """
    t = reader.t
    spans = intervals(why)
    used, over = int(why["used"]), int(why["overdue"])
    budget = used - over if over else None
    lines = [_line(part, span, budget, why, reader) for part, span in _paired(why, spans)]
    notes = [(read_instant(each["at"]), _note(each, reader)) for each in why["notes"]]
    starts = [span.start_us for span in spans]
    rows = _merged(list(zip(starts, lines, strict=True)), notes)
    by_days = why["measure"] == "working_days"
    folded = rows if by_days else _merged(_folded(why, spans, lines, reader), notes)
    state = _state(why)
    return ClockView(
        anchor=f"clock-{number}",
        title=clock_title(why, reader),
        measure=t(f"clock.measure.{why['measure']}") if with_measure else "",
        state=state,
        state_name=t(f"clock.{state}"),
        sentence=_sentence(why, state, reader),
        facts=clock_facts(why, reader),
        levels=_levels(why, reader),
        lines=lines,
        rows=rows if len(rows) <= ROWS_MAX or by_days else [],
        folded=folded if len(folded) < len(rows) else [],
        total=amount(used, why, reader),
        picture=picture(spans, used, over, _granted(why, reader), reader),
    )


def clock_title(why: Value, reader: Reader) -> str:
    """Return the name of a clock with the stage or the part it is of."""
    t = reader.t
    title = t.named("clock", why["clock"])
    if why.get("stage"):
        title += f" · {t.named('stage', why['stage'])}"
    if why.get("part"):
        title += t("clock.part", part=reader.named("department", why["part"]))
    return title


def amount(value: int, why: Value, reader: Reader) -> str:
    """Return a sum in its own unit, and time in office hours in whole working days as well."""
    t, times = reader.t, reader.times
    if why["measure"] == "working_days":
        return _days(value, reader)
    text = times.span(value)
    day_us = int(why["standard_day_us"] or 0)
    if why["unit"] == "working_day" and day_us and value >= day_us:
        whole, rest = divmod(value, day_us)
        told = _days(whole, reader)
        text += t("statement.equal", days=told, span=times.span(rest))
    return text


def _days(count: int, reader: Reader) -> str:
    return reader.t("statement.day" if count == 1 else "statement.days", count=count)


def intervals(why: Value) -> list[Interval]:
    """Return the intervals of a statement as its picture needs them."""
    return [
        Interval(
            kind=part["kind"],
            start_us=read_instant(part["from"]),
            end_us=read_instant(part["until"]),
            length_us=int(part["length_us"]),
            running=int(part["running"]),
        )
        for part in why["intervals"]
    ]


def record_link(record: Value, reader: Reader) -> tuple[str, str]:
    """Return what a record is called, and the address of its bytes; empty where it has no place."""
    position = record.get("position")
    name = f"{type_name(str(record['type']), reader.t.lang)} #{record['id']}"
    return name, f"/records/{position['partition']}/{position['offset']}" if position else ""


def _state(why: Value) -> str:
    limit = next(each for each in why["limits"] if each["limit"] == why["limit"])
    end = limit["effective_at"]
    over = end is not None and read_instant(end) < read_instant(why["until"])
    if why.get("closed_at"):
        return "late" if over else "closed"
    if over:
        return "overdue"
    return "stopped" if why.get("stopped") else "running"


def _sentence(why: Value, state: str, reader: Reader) -> str:
    """The clock in one sentence."""
    t, times = reader.t, reader.times
    if not why["intervals"]:
        told = [each for each in why["notes"] if each["reason"] == "closed-before-opening"]
        reason = told[0]["reason"] if told else "closed"
        return t("statement.not_begun", why=t(f"note.{reason}"))
    text = t(
        "statement.sentence",
        opened=times.stamp(read_instant(why["opened_at"])),
        until=times.stamp(read_instant(why["until"])),
        used=amount(int(why["used"]), why, reader),
    )
    if why["stopped_us"]:
        text += t("why.sentence.stopped", span=times.span(int(why["stopped_us"])))
    limit = next(each for each in why["limits"] if each["limit"] == why["limit"])
    name = t.limit(limit["limit"])
    if state in ("late", "overdue"):
        if not why["overdue"]:
            return text + t("statement.sentence.evening", limit=name)
        over = amount(int(why["overdue"]), why, reader)
        return text + t("statement.sentence.over", limit=name, span=over)
    if state == "closed":
        return text + t("statement.sentence.closed", limit=name)
    if not limit["due_at"]:
        return text + t("statement.sentence.held")
    due = times.stamp(read_instant(limit["due_at"]))
    return text + t("statement.sentence.ahead", limit=name, due=due)


def clock_facts(why: Value, reader: Reader) -> list[tuple[str, str]]:
    """What a clock rests on, as (name, value): limits with their origin and law, conversion."""
    t, times = reader.t, reader.times
    facts = []
    for limit in why["limits"]:
        granted = limit.get("granted")
        due = limit.get("due_at")
        told = [
            times.granted(granted["amount"], granted["unit"]) if granted else "",
            times.stamp(read_instant(due)) if due else t("limit.stopped"),
            t(f"origin.{limit['origin']}"),
            basis_text(limit["basis"], t.lang),
        ]
        facts.append((t.named("limit", limit["limit"]), " · ".join(each for each in told if each)))
    if why.get("standard_day_us") and why["unit"] == "working_day":
        facts.append((t("why.day"), t("why.day.is", span=times.span(int(why["standard_day_us"])))))
    for name in ("opener", "closer"):
        if why.get(name):
            facts.append((t(f"statement.{name}"), record_link(why[name], reader)[0]))
    return facts


def _levels(why: Value, reader: Reader) -> list[Level]:
    t, times = reader.t, reader.times
    found = []
    for each in why["thresholds"]:
        at = each["effective_at"]
        when = times.stamp(read_instant(at)) if at else "—"
        state = "reached" if each["crossed"] else "ahead" if each["possible"] else "never"
        said = f"{when} · {t(f'statement.level.{state}')} · {basis_text(each['basis'], t.lang)}"
        found.append(Level(level=each["level"], name=t.named("level", each["level"]), said=said))
    return found


def _granted(why: Value, reader: Reader) -> list[Granted]:
    """The limits whose place on the axis of the sum the statement tells."""
    found = []
    for limit in why["limits"]:
        if limit.get("budget") is None:
            continue
        granted = limit.get("granted")
        span = (
            reader.times.granted(granted["amount"], granted["unit"])
            if granted
            else amount(int(limit["budget"]), why, reader)
        )
        name = reader.t.named("limit", limit["limit"])
        found.append(
            Granted(limit=limit["limit"], text=f"{name} {span}", budget=int(limit["budget"]))
        )
    return found


# --- rows -------------------------------------------------------------------------------------


def _paired(why: Value, spans: Sequence[Interval]) -> list[tuple[Value, Interval]]:
    return list(zip(why["intervals"], spans, strict=True))


def _line(part: Value, span: Interval, budget: int | None, why: Value, reader: Reader) -> Line:
    t, times = reader.t, reader.times
    days = why["measure"] == "working_days"
    counted = int(part["counted"])
    before = span.running - counted
    reason = t.named("reason", part["reason"])
    if part.get("day"):
        reason += f" · {day_name(part['day'], t)}"
    record, url = record_link(part["record"], reader)
    length = _days(counted, reader) if days and counted else times.span(span.length_us)
    if days and not counted:
        length = "—"
    return Line(
        kind=span.kind,
        kind_name=t.named("kind", span.kind),
        reason=reason,
        start=times.edge(span.start_us),
        end=times.edge(span.end_us, end=True),
        length=length,
        running=_days(span.running, reader) if days else times.span(span.running),
        record=record,
        record_url=url,
        basis=basis_text(str(part["basis"]), t.lang),
        crossing=budget is not None and counted > 0 and before <= budget < span.running,
    )


def _note(note: Value, reader: Reader) -> Line:
    t, times = reader.t, reader.times
    at_us = read_instant(note["at"])
    span = note["span"]
    instants = {
        name: times.stamp(read_instant(note[name])) if note[name] else t("limit.stopped")
        for name in ("before", "after")
    }
    record, url = record_link(note["record"], reader)
    return Line(
        kind="note",
        kind_name="",
        reason=t(
            f"note.{note['reason']}",
            limit=t.limit(note["limit"]),
            span=times.granted(span["amount"], span["unit"]) if span else "",
            **instants,
        ),
        start=times.stamp(at_us),
        end="",
        length="",
        running="",
        record=record,
        record_url=url,
        basis=basis_text(str(note["basis"]), t.lang),
        crossing=False,
    )


def _merged(lines: Sequence[tuple[int, Line]], notes: Sequence[tuple[int, Line]]) -> list[Line]:
    """Return lines and notes in order of time; a note comes before what begins at its instant."""
    rows = [(at_us, 1, line) for at_us, line in lines] + [(at_us, 0, note) for at_us, note in notes]
    return [line for _, _, line in sorted(rows, key=lambda row: row[:2])]


def _folded(
    why: Value, spans: Sequence[Interval], lines: Sequence[Line], reader: Reader
) -> list[tuple[int, Line]]:
    """Return the lines, those of like office hours that follow each other made one.

    Lunches and nights between them are left out; days off and the ends of limits part them.
    """
    parts = why["intervals"]
    ends = {each["effective_at"] for each in why["limits"]}
    found: list[tuple[int, Line]] = []
    open_: int | None = None
    for n, (part, span, line) in enumerate(zip(parts, spans, lines, strict=True)):
        if part["reason"] in _FOLDED and open_ is not None:
            continue
        first = None if open_ is None else parts[open_]
        if first is not None and _alike(first, part) and part["from"] not in ends:
            joined = _joined(found[-1][1], line, parts[open_ : n + 1], reader)
            found[-1] = (found[-1][0], joined)
            continue
        open_ = n if part["kind"] in ("counted", "stopped") else None
        found.append((span.start_us, line))
    return found


def _alike(first: Value, part: Value) -> bool:
    told = ("kind", "reason", "day", "basis")
    return all(first[name] == part[name] for name in told) and (
        first["record"]["id"] == part["record"]["id"]
    )


def _joined(before: Line, line: Line, parts: Sequence[Value], reader: Reader) -> Line:
    length_us = sum(int(part["length_us"]) for part in parts if part["kind"] == line.kind)
    return replace(
        before,
        end=line.end,
        length=reader.times.span(length_us),
        running=line.running,
        crossing=before.crossing or line.crossing,
    )
