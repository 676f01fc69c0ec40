"""Which pack, calendar and catalogue entry govern a cycle, and what it was granted by them.

It stands apart because it holds the sentences about publications, pinning and the sources of a
limit, before any time is counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.oracle.known_history import Event, Known, instant, typed
from tests.oracle.office_time import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A pack, calendar or matter as it was published in the partition.

    `order` is its place in the partition's log, counted like the events' own `order`; `kind` is
    `pack` (content: a parsed TOML table), `calendar` (content: an `Office`) or `matter` (content:
    the catalogue entry, or None if it was withdrawn; `name` is the matter's code).
    """

    order: int
    effective_from: datetime
    kind: str
    name: str
    content: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What governs one cycle: the pack's table, the office whose time counts, the matter's entry.

    `matter` is empty where the catalogue says nothing.
    """

    pack: dict[str, Any]
    office: Office
    matter: dict[str, Any]

    def thresholds(self, rule: str) -> list[dict[str, Any]]:
        """Return the pack's thresholds of a rule."""
        return [row for row in self.pack.get("threshold", ()) if row["rule"] == rule]

    def default_limit(
        self, rule: str, limit: str, handling_type: str | None = None
    ) -> dict[str, Any] | None:
        """Return what the pack grants by default: its entry for the handling type, else for `*`."""
        for wanted in (handling_type, "*"):
            for row in self.pack.get("default_limit", ()):
                about = (row.get("rule", "handling-limit"), row["limit"])
                if about == (rule, limit) and row.get("handling_type", "*") == wanted:
                    granted: dict[str, Any] = row["granted"]
                    return granted
        return None


class Laws:
    """The law of every cycle of one subject, by what had been published when it opened."""

    def __init__(
        self,
        pack: dict[str, Any],
        office: Office,
        publications: Iterable[Publication] = (),
        calendar: str = "",
    ) -> None:
        """Take what is configured; `calendar` is the name of the office's calendar."""
        self.configured = {"pack": pack, "calendar": office}
        self.names = {"pack": pack.get("name", ""), "calendar": calendar}
        self.publications = list(publications)

    def of(self, opener: Known, matter: str | None = None) -> Law:
        """Return the law pinned at the fact that opened a cycle; `matter` is the cycle's code."""
        return self._at(opener.order, opener.time, matter)

    def of_case(self, known: Sequence[Event]) -> Law:
        """Return the law of the fold: that of the first acceptance in log order, else of the first.

        `known` are the records known so far, without repeats.
        """
        facts = [(place, event) for place, event in enumerate(known) if "time" in event]
        accepted = [(place, e) for place, e in facts if typed(e) == "case.accepted"]
        place, event = (accepted or facts)[0]
        return self._at(event.get("order", place), instant(event["time"]), None)

    def _at(self, order: int, time: datetime, matter: str | None) -> Law:
        pack, office = (
            self._in_force(kind, self.names[kind], order, time, self.configured[kind])
            for kind in ("pack", "calendar")
        )
        entry = self._in_force("matter", matter, order, time, None) if matter else None
        return Law(pack=pack, office=office, matter=entry or {})

    def _in_force(
        self, kind: str, name: str, order: int, time: datetime, configured: object
    ) -> Any:
        """Return what was published before `order` with the latest date that `time` had reached."""
        published = [
            each
            for each in self.publications
            if (each.kind, each.name) == (kind, name)
            and each.order < order
            and each.effective_from <= time
        ]
        latest = max(published, key=lambda each: (each.effective_from, each.order), default=None)
        return configured if latest is None else latest.content
