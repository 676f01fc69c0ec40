"""How a worked example is told and read: events of October 2018, and cards by the wall clock.

It stands apart because every file of worked examples uses it. 2018-10-15 is a Monday; from then to
the end of November the office is open Monday to Friday, 9 to 12 and 13 to 17 (7 hours a day).
"""

import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.oracle.card_sequence import Finding, Oracle
from tests.oracle.known_history import Event, instant
from tests.oracle.laws import Publication
from tests.oracle.offices import OFFICES

PACKS = Path(__file__).resolve().parents[2] / "processors" / "supervision" / "packs"
SOURCE = "/halls/1/approval"
UNTIL = "2019-03-30T00:00:00+08:00"


def event(id_: str, kind: str, at: str, recorded: str | None = None, **data: Any) -> Event:
    """Return a record; `kind` as `accepted` or `complaint.filed`, `at` as `10-15 10:00:00`."""
    family = "" if "." in kind else "case."
    return {
        "id": id_,
        "source": SOURCE,
        "type": f"hall.{family}{kind}.v1",
        "time": rfc(at),
        "recordedtime": rfc(recorded or at),
        "data": data,
    }


def rfc(wall: str) -> str:
    """Return a wall clock of 2018 as an RFC 3339 text."""
    return f"2018-{wall.replace(' ', 'T')}+08:00"


def span(text: str) -> dict[str, Any]:
    """Return a length: `3 working_day`."""
    amount, unit = text.split()
    return {"amount": int(amount), "unit": unit}


def pack_named(name: str) -> dict[str, Any]:
    """Return a shipped pack as its text reads."""
    return tomllib.loads((PACKS / f"{name}.toml").read_text(encoding="utf-8"))


def findings(
    pack: str | dict[str, Any], *log: Event, publications: Sequence[Publication] = ()
) -> list[Finding]:
    """Return all findings of a log under a shipped pack, or one given as a table."""
    table = pack_named(pack) if isinstance(pack, str) else pack
    return Oracle(table, OFFICES["cn"], publications, "cn").findings(log, instant(UNTIL))


def issued(found: Sequence[Finding], clock: str, part: str | None = None) -> dict[str, str]:
    """Return the wall clock at which each level of a kind of clock passed."""
    return {
        each["level"]: wall(each["effective_at"])
        for each in found
        if (each["kind"], each["clock"]) == ("card-issued", clock) and each["line"][0] == part
    }


def cards(pack: str | dict[str, Any], clock: str, *log: Event) -> dict[str, str]:
    """Return the wall clock at which each level of a kind of clock passed."""
    return issued(findings(pack, *log), clock)


def dues(found: Sequence[Finding], clock: str, part: str | None = None) -> dict[str, str | None]:
    """Return the due instants that were last told of a kind of clock; empty if there was none."""
    told: dict[str, str | None] = {}
    for each in found:
        if (each["kind"], each["clock"], each["line"][0]) == ("limits-set", clock, part):
            told = {limit: due and wall(due) for limit, due in each["dues"].items()}
    return told


def only(found: Sequence[Finding], kind: str, part: str | None = None) -> list[Finding]:
    """Return the findings of one kind about one part."""
    return [each for each in found if each["kind"] == kind and each["line"][0] == part]


def wall(at: datetime) -> str:
    """Return the wall clock of an instant."""
    return at.astimezone(OFFICES["cn"].zone).strftime("%m-%d %H:%M:%S")


def accepted(at: str = "10-15 10:00:00", id_: str = "a", **data: Any) -> Event:
    """Return an acceptance, on Monday at ten unless told otherwise."""
    return event(id_, "accepted", at, **data)


def completed(at: str, outcome: str = "granted", **data: Any) -> Event:
    """Return a completion."""
    return event("d", "completed", at, outcome=outcome, **data)
