"""The statement of time of a whole case: a section for every clock, the nearest limit first."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from consoles.pages.clock_view import ClockView, clock_view
from consoles.pages.times import read_instant
from consoles.pages.view_models import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One clock, with whom it is about and what governs it."""

    clock: ClockView
    facts: list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStatement:
    """Everything the page shows.

    Attributes:
        empty: the sentence shown where there is no clock.
    """

    case: str
    case_url: str
    heading: str
    as_of: str
    sections: list[Section]
    empty: str


def case_statement(why: Mapping[str, Any], reader: Reader) -> CaseStatement:
    """Return the page of a case's clocks.

    Args:
        why: the explanation of the case.
        reader: who reads.
    """
    t = reader.t
    clocks = why["clocks"]
    times_there = Counter((each["clock"], each["cycle"], each["part"]) for each in clocks)
    sections = []
    for number, each in enumerate(clocks, start=1):
        several = times_there[each["clock"], each["cycle"], each["part"]] > 1
        view = clock_view(each, reader, number, with_measure=several)
        sections.append(Section(clock=view, facts=[*_about(each, reader), *view.facts]))
    empty = t("statement.unjudged", code=why["unjudged"]) if why["unjudged"] else ""
    case = str(why["case"])
    return CaseStatement(
        case=case,
        case_url=f"/cases/{quote(case, safe='')}",
        heading=t("statement.of", case=case),
        as_of=reader.times.stamp(read_instant(why["as_of"])),
        sections=sections,
        empty=empty or t("statement.none"),
    )


def _about(why: Mapping[str, Any], reader: Reader) -> list[tuple[str, str]]:
    t = reader.t
    responsible = why["responsible"]
    who = [
        reader.named("department", responsible.get("department")),
        responsible.get("clerk_ref"),
        t.named("stage", responsible["stage"]) if responsible.get("stage") else None,
    ]
    facts = [(t("card.responsible"), " · ".join(each for each in who if each))]
    if why["matter"]:
        facts.insert(0, (t("card.matter"), reader.named("matter", why["matter"])))
    versions = f"{why['pack']} {why['pack_version']} · {why['calendar_version']}"
    return [*facts, (f"{t('why.pack')} · {t('why.calendar')}", versions)]
