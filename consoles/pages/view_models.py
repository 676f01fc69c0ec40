"""What the pages show, as plain values made from rows of the read models.

It stands apart from routes and templates so that every wording, order and omission on a page is a
function of values, tested without a browser. Nothing legal is computed here: limits, levels and
working time are read as supervision found them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any
from urllib.parse import quote

from consoles.pages.law_names import rule_name
from consoles.pages.texts import Texts
from consoles.pages.times import Times

Row = Mapping[str, Any]
LEVELS = ("red", "yellow", "warning")
LIMITS = ("promised", "statutory", "applied")
FEED_MAX = 50
ROLLING = 6
SPECIAL = "special"
_UNIT = "unit:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: the language, the clock, and the names behind codes.

    Attributes:
        name_of: (`department` or `matter`, code) to its published name, or None where it has none.
    """

    t: Texts
    times: Times
    name_of: Callable[[str, str], str | None]

    def named(self, kind: str, code: str | None) -> str:
        """Return the published name of a code, else the code, else that it is not stated."""
        if not code:
            return self.t("unknown")
        return self.name_of(kind, code) or code


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """One card in a list.

    Attributes:
        subject: what the number is called: of a case, a complaint, a consultation, a unit.
        clock: the kind of clock it is about, as a word.
        rule_url: where the rule is explained.
        special: the case is handled specially (特办).
        struck: taken back by supervision or revoked by people; it stays, struck through.
        version: changes when anything shown changes, so that a page replaces only such cards.
        said: what a screen reader is told when the card arrives.
    """

    card_id: str
    case: str
    subject: str
    level: str
    level_name: str
    clock: str
    rule: str
    rule_url: str
    special: bool
    department: str
    matter: str
    part: str | None
    responsible: str
    effective: str
    effective_iso: str
    detected: str
    state: str
    struck: bool
    rescinded_at: str
    rescinded_why: str
    version: str
    said: str


def card_view(row: Row, reader: Reader) -> CardView:
    """Return one row of the warning board as people read it."""
    t, times = reader.t, reader.times
    department = reader.named("department", row["department"])
    matter = _matter(row, reader)
    level_name = t.named("level", row["level"])
    stage = t.named("stage", row["stage"]) if row["stage"] else None
    responsible = [part for part in (row["clerk_ref"], stage) if part]
    why = row["rescind_reason"]
    return CardView(
        card_id=row["card_id"],
        case=row["subject"],
        subject=t(f"subject.{subject_kind(row)}"),
        level=row["level"],
        level_name=level_name,
        clock=t.named("about", row["clock"] or "none"),
        rule=rule_name(row["rule"], t),
        rule_url=rule_url(row["rule"], row["pack"]),
        special=row["handling_type"] == SPECIAL,
        department=department,
        matter=matter,
        part=row["part"],
        responsible=" · ".join(responsible) or t("unknown"),
        effective=times.stamp(row["effective_us"]),
        effective_iso=times.iso(row["effective_us"]),
        detected=times.stamp(row["detected_us"]),
        state=t.named("state", row["state"]),
        struck=not row["live"],
        rescinded_at=times.stamp(row["rescinded_us"]),
        rescinded_why=t.named("card.why", why) if why else "",
        version=f"{row['state']}.{row['changed_offset']}",
        said=" · ".join(part for part in (level_name, department, matter) if part),
    )


def _matter(row: Row, reader: Reader) -> str:
    """Return the name of a matter; empty for what is about none, as a complaint is."""
    if row["matter"] or subject_kind(row) == "case":
        return reader.named("matter", row["matter"])
    return ""


def subject_kind(row: Row) -> str:
    """Return what a card or a limit is of: a case, a complaint, a consultation or a unit."""
    if row["subject"].startswith(_UNIT):
        return "unit"
    return row["clock"] if row["clock"] in ("complaint", "consultation") else "case"


def rule_url(rule: str, pack: str | None = None) -> str:
    """Return where a rule is explained, as the pack has it by which something was judged."""
    asked = f"?pack={quote(pack, safe='')}" if pack else ""
    return f"/rules{asked}#{quote(rule, safe='')}"


def special_first(rows: Iterable[Row]) -> list[Row]:
    """Return cards as they come, of neighbours that passed at one instant the special ones first.

    Many limits end together at the office's close; a special case (特办) then stands above.
    """
    ordered: list[Row] = []
    for _, equals in groupby(rows, key=lambda row: row["effective_us"]):
        ordered += sorted(equals, key=lambda row: row["handling_type"] != SPECIAL)
    return ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """One of the nearest limits: the next level a case reaches if nothing happens.

    Attributes:
        clock: the kind of clock, as a word.
        special: the case is handled specially (特办).
        when: the instant shown to people; empty while the clock is stopped.
    """

    case: str
    clock: str
    special: bool
    department: str
    matter: str
    level: str
    level_name: str
    dues: str
    when: str
    when_iso: str
    to_go: str
    stopped: bool
    provisional: bool


def limit_view(row: Row, reader: Reader) -> LimitView:
    """Return one row of the running limits as people read it."""
    t, times = reader.t, reader.times
    at = row["next_us"]
    left = None if at is None else at - times.now_us
    to_go = ""
    if left is not None:
        passed = left <= 0
        to_go = t("limit.passed") if passed else t("limit.remaining", span=times.wall_span(left))
    return LimitView(
        case=row["subject"],
        clock=t.named("about", row["clock"]),
        special=row["handling_type"] == SPECIAL,
        department=reader.named("department", row["department"]),
        matter=_matter(row, reader),
        level=row["next_level"],
        level_name=t.named("level", row["next_level"]),
        dues=" · ".join(
            f"{t(f'limit.{limit}')} {times.minute(row[f'{limit}_due_us'])}"
            for limit in LIMITS
            if row[f"{limit}_due_us"] is not None
        ),
        when="" if at is None else times.stamp(at),
        when_iso="" if at is None else times.iso(at),
        to_go=to_go,
        stopped=bool(row["stopped"]),
        provisional=bool(row["provisional"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number with its name; `key` names it for tests and styles."""

    key: str
    name: str
    value: str


COUNTERS = ("tickets", "accepted", "completed", "open", "due_soon", "overdue", "stopped")


def figures(counts: Mapping[str, int], reader: Reader) -> list[Figure]:
    """Return today's counters in the order of the hall screen."""
    return [
        Figure(key=key, name=reader.t(f"count.{key}"), value=f"{counts.get(key, 0):,}")
        for key in COUNTERS
    ]


def standing(counts: Mapping[str, int], reader: Reader) -> list[Figure]:
    """Return how many cards of each level stand, the highest first."""
    return [
        Figure(key=level, name=reader.t(f"level.{level}"), value=f"{counts.get(level, 0):,}")
        for level in LEVELS
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """One department's lamp: the highest level that stands against it, or `calm`."""

    name: str
    level: str
    word: str


def lamps(rows: Iterable[Row], reader: Reader) -> list[Lamp]:
    """Return a lamp for each department, in the order of their codes: a lamp never moves."""
    ordered = sorted(rows, key=lambda row: str(row["department"]))
    return [
        Lamp(
            name=reader.named("department", row["department"]),
            level=row["level"] or "calm",
            word=reader.t.named("level", row["level"] or "calm"),
        )
        for row in ordered
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """A line of the public screen: no case, no person. `key` changes with every new card."""

    key: str
    level: str
    level_name: str
    department: str
    matter: str
    when: str
    struck: bool


def rolling(rows: Sequence[Row], reader: Reader) -> list[Rolling]:
    """Return the newest cards as the public may read them, at most `ROLLING`."""
    return [
        Rolling(
            key=public_key(row),
            level=row["level"],
            level_name=reader.t.named("level", row["level"]),
            department=reader.named("department", row["department"]),
            matter=reader.named("matter", row["matter"]),
            when=reader.times.minute(row["effective_us"]),
            struck=not row["live"],
        )
        for row in rows[:ROLLING]
    ]


def public_key(row: Row) -> str:
    """Return text that tells two cards of the screen apart without naming case or card."""
    told = (row["effective_us"], row["department"], row["matter"], row["level"])
    return sha256(repr(told).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day of the trend, in the units of a picture 640 wide and 220 high."""

    x: float
    width: float
    accepted_y: float
    accepted_height: float
    completed_y: float
    completed_height: float
    label: str


TREND_WIDTH, TREND_HEIGHT, TREND_FLOOR = 640.0, 220.0, 190.0


def trend(days: Sequence[tuple[str, int, int]]) -> tuple[list[Bar], int]:
    """Return the bars of (day, accepted, completed) and the greatest number among them."""
    if not days:
        return [], 0
    top = max(1, *(max(accepted, completed) for _, accepted, completed in days))
    slot = (TREND_WIDTH - 64) / len(days)
    width = round(min(slot * 0.38, 26), 2)
    every = max(1, -(-len(days) // 6))
    bars = []
    for place, (day, accepted, completed) in enumerate(days):
        heights = [(TREND_FLOOR - 16) * amount / top for amount in (accepted, completed)]
        bars.append(
            Bar(
                x=round(44 + slot * place + (slot - 2 * width) / 2, 2),
                width=width,
                accepted_y=round(TREND_FLOOR - heights[0], 2),
                accepted_height=round(heights[0], 2),
                completed_y=round(TREND_FLOOR - heights[1], 2),
                completed_height=round(heights[1], 2),
                label=day[5:] if (len(days) - 1 - place) % every == 0 else "",
            )
        )
    return bars, top
