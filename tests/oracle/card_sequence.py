"""The findings that a history must lead to, worked out from the beginning at each judged instant.

It stands apart because it is the whole oracle as a test calls it: the log of one case, a pack and a
calendar in, findings out (design §7 "One now", "One step", "Live card").
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.cycle_reading import LIMITS, Line, Reading, read
from tests.oracle.handling_limit import INSTANT
from tests.oracle.known_history import Event, Identity, identity_of, instant, kind_of
from tests.oracle.office_time import Office

LEVELS = ("warning", "yellow", "red")
Finding = dict[str, Any]


class Oracle:
    """Works out the findings of one case; use one oracle for one history."""

    def __init__(self, pack: dict[str, Any], office: Office) -> None:
        """Take a pack as its TOML file reads and the office whose hours count."""
        self.pack = pack
        self.office = office
        self.grace = timedelta(seconds=pack["report_grace_seconds"])
        self.found: list[Finding] = []
        self._readings: dict[Line, Reading] = {}
        self._cards: dict[Line, dict[str, Finding]] = {}
        self._rescissions: Counter[tuple[Line, str]] = Counter()
        self._said: dict[tuple[str, Line], object] = {}

    def findings(self, log: Iterable[Event], until: datetime) -> list[Finding]:
        """Return all findings of a case's log, with time running on to `until`.

        Raises:
            DesignSilent: the design does not say what this history leads to.
        """
        known: list[Event] = []
        now: datetime | None = None
        for event in _without_repeats(log):
            recorded = instant(event["recordedtime"])
            moment = recorded if now is None else max(now, recorded)
            self._let_time_pass(now, moment)
            known.append(event)
            self._readings = read(known, self.pack, self.office)
            now = moment
            self._say_limits_and_settlements(now)
            self._rescind(now, event)
            self._issue(now)
        self._let_time_pass(now, until)
        return self.found

    def _let_time_pass(self, since: datetime | None, until: datetime) -> None:
        """Judge at each threshold instant, plus grace, between two moments."""
        ticks = {
            level.passes + self.grace + INSTANT
            for reading in self._readings.values()
            for level in reading.levels
        }
        for tick in sorted(tick for tick in ticks if since is not None and since < tick <= until):
            self._issue(tick)

    def _rescind(self, now: datetime, cause: Event) -> None:
        """Take back each card whose level is not crossed, or crossed at another instant."""
        for line, cards in self._cards.items():
            reading = self._readings.get(line)
            crossed = reading.crossed(now, self.grace) if reading else {}
            for level, card in list(cards.items()):
                if crossed.get(level) == card["effective_at"]:
                    continue
                del cards[level]
                self._rescissions[line, level] += 1
                self.found.append(
                    {
                        "kind": "card-rescinded",
                        "at": now,
                        "line": line,
                        "level": level,
                        "occurrence": card["occurrence"],
                        "reason": "amendment" if kind_of(cause) == "amended" else "late_evidence",
                        "evidence": identity_of(cause),
                    }
                )

    def _issue(self, now: datetime) -> None:
        """Issue the highest level crossed, if it is above all that still stand."""
        for line, reading in self._readings.items():
            cards = self._cards.setdefault(line, {})
            crossed = reading.crossed(now, self.grace)
            highest = _highest(set(crossed) - reading.not_to_issue())
            standing = _highest(cards)
            if highest is None or _rank(highest) <= _rank(standing):
                continue
            cards[highest] = {
                "kind": "card-issued",
                "at": now,
                "line": line,
                "level": highest,
                "effective_at": crossed[highest],
                "detected_at": now,
                "occurrence": self._rescissions[line, highest],
            }
            self.found.append(cards[highest])

    def _say_limits_and_settlements(self, now: datetime) -> None:
        nothing = {"dues": dict.fromkeys(LIMITS), "thresholds": {}}
        for kind, line in list(self._said):
            if line in self._readings:
                continue
            if kind == "limits-set":
                self._say_if_new(kind, line, now, nothing)
            else:
                del self._said[kind, line]
        for line, reading in self._readings.items():
            late = {each.level: each.passes for each in reading.levels if not each.is_early}
            limits = {"dues": reading.dues, "thresholds": late}
            self._say_if_new("limits-set", line, now, limits)
            if reading.closed is None:
                self._said.pop(("case-settled", line), None)
                continue
            settled = {
                "outcome": reading.outcome,
                "accepted": reading.opened,
                "completed": reading.closed,
                "working": reading.working,
                "limits": reading.settled,
            }
            self._say_if_new("case-settled", line, now, settled)

    def _say_if_new(self, kind: str, line: Line, now: datetime, said: Finding) -> None:
        if self._said.get((kind, line)) != said:
            self._said[kind, line] = said
            self.found.append({"kind": kind, "at": now, "line": line, **said})


def live_cards(findings: Sequence[Finding]) -> dict[Line, str]:
    """Return the highest level not taken back of every cycle."""
    standing: dict[Line, list[str]] = {}
    for finding in findings:
        if finding["kind"] == "card-issued":
            standing.setdefault(finding["line"], []).append(finding["level"])
        elif finding["kind"] == "card-rescinded":
            standing[finding["line"]].remove(finding["level"])
    return {line: level for line, levels in standing.items() if (level := _highest(levels))}


def _highest(levels: Iterable[str]) -> str | None:
    return max(levels, key=_rank, default=None)


def _rank(level: str | None) -> int:
    return -1 if level is None else LEVELS.index(level)


def _without_repeats(log: Iterable[Event]) -> list[Event]:
    """Drop every record whose identity came before, whatever it says."""
    first: dict[Identity, Event] = {}
    for event in log:
        first.setdefault(identity_of(event), event)
    return list(first.values())
