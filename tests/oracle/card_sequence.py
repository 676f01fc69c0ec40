"""The findings that a history must lead to, worked out from the beginning at each judged instant.

It stands apart because it is the whole oracle as a test calls it: the log of one subject, a pack
and a calendar in, findings out (design §7 "One now", "One step", "Live card").
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tests.oracle.cycle_reading import Key, Line, Readings, read
from tests.oracle.handling_limit import INSTANT, DesignSilent
from tests.oracle.known_history import Event, Identity, identity_of, instant, kind_of
from tests.oracle.laws import Laws, Publication
from tests.oracle.office_time import Office

LEVELS = ("warning", "yellow", "red")
Finding = dict[str, Any]


class Oracle:
    """Works out the findings of one subject (case, complaint, consultation); use one for each.

    Findings are dicts. All have `kind` and `at` (the judged instant), `line` (part and identity of
    the clock's opening fact) and `clock` (the kind of clock). Besides:

    - `limits-set`: `dues` by limit (`promised`, `statutory`; `applied` for special-procedure) and
      `thresholds` (level: instant at which it passes) without those before their limit; all None
      and empty when the clock is gone;
    - `card-issued`: `level`, `effective_at`, `detected_at`, `occurrence`;
    - `card-rescinded`: `level`, `occurrence`, `reason`, `evidence`;
    - `case-settled` (handling only): `outcome`, `accepted`, `completed`, `working`, `limits`;
    - `deemed-accepted` (clock handling): `effective_at` (None if withdrawn), `withdrawn`.
    """

    def __init__(
        self,
        pack: dict[str, Any],
        office: Office,
        publications: Sequence[Publication] = (),
        calendar: str = "",
    ) -> None:
        """Take a pack as its TOML file reads and the office whose hours count, both configured.

        `publications` are what the partition's log publishes; `calendar` is the name under which
        calendars of this office are published. Replanning of open cases is not part of it.
        """
        self.laws = Laws(pack, office, publications, calendar)
        self.found: list[Finding] = []
        self._readings = Readings()
        self._cards: dict[Key, dict[str, Finding]] = {}
        self._rescissions: Counter[tuple[Key, str]] = Counter()
        self._said: dict[tuple[str, Key], Finding] = {}
        self._deemed: dict[Line, datetime] = {}

    def findings(self, log: Iterable[Event], until: datetime) -> list[Finding]:
        """Return all findings of a subject's log, with time running on to `until`.

        Raises:
            DesignSilent: the design does not say what this history leads to.
        """
        known: list[Event] = []
        now: datetime | None = None
        for event in _without_repeats(log):
            recorded = instant(event["recordedtime"])
            moment = recorded if now is None else max(now, recorded)
            self._let_time_pass(known, now, moment)
            known.append(event)
            now = moment
            self._judge(known, now, event)
        self._let_time_pass(known, now, until)
        return self.found

    def _let_time_pass(
        self, known: Sequence[Event], since: datetime | None, until: datetime
    ) -> None:
        """Judge at each instant between two moments at which time alone shows something.

        That is each threshold plus grace, and each lapse by which a case counts as accepted. What
        such an instant brings up may have thresholds of its own, so they are looked for again.
        """
        while since is not None:
            ticks = {
                level.passes + reading.grace + INSTANT
                for reading in self._readings.clocks.values()
                for level in reading.levels
            }
            ticks |= {lapse + INSTANT for lapse in self._readings.lapses}
            since = min((tick for tick in ticks if since < tick <= until), default=None)
            if since is not None:
                self._judge(known, since, None)

    def _judge(self, known: Sequence[Event], now: datetime, cause: Event | None) -> None:
        """Say what follows at `now`; `cause` is the record that brought it, None for a tick."""
        if cause is not None or self._readings.lapses:
            self._readings = read(known, self.laws, now)
        self._say_deemed(now)
        self._say_limits_and_settlements(now)
        self._rescind(now, cause)
        self._issue(now)

    def _rescind(self, now: datetime, cause: Event | None) -> None:
        """Take back each card whose level is not crossed, or crossed at another instant."""
        for key, cards in self._cards.items():
            reading = self._readings.clocks.get(key)
            crossed = reading.crossed(now) if reading else {}
            for level, card in list(cards.items()):
                if crossed.get(level) == card["effective_at"]:
                    continue
                if cause is None:
                    raise DesignSilent("card that a tick would take back, citing no fact")
                del cards[level]
                self._rescissions[key, level] += 1
                self._find(
                    "card-rescinded",
                    key,
                    now,
                    level=level,
                    occurrence=card["occurrence"],
                    reason="amendment" if kind_of(cause) == "amended" else "late_evidence",
                    evidence=identity_of(cause),
                )

    def _issue(self, now: datetime) -> None:
        """Issue the highest level crossed, if it is above all that still stand."""
        for key, reading in self._readings.clocks.items():
            cards = self._cards.setdefault(key, {})
            crossed = reading.crossed(now)
            highest = _highest(set(crossed) - reading.not_to_issue())
            if highest is None or _rank(highest) <= _rank(_highest(cards)):
                continue
            cards[highest] = self._find(
                "card-issued",
                key,
                now,
                level=highest,
                effective_at=crossed[highest],
                detected_at=now,
                occurrence=self._rescissions[key, highest],
            )

    def _say_deemed(self, now: datetime) -> None:
        """Say which receipts have come to count as acceptances, and which no longer do."""
        deemed = self._readings.deemed
        for part, opener in set(self._deemed) - set(deemed):
            del self._deemed[part, opener]
            key = (part, "handling", opener)
            self._find("deemed-accepted", key, now, effective_at=None, withdrawn=True)
        for (part, opener), effective_at in deemed.items():
            before = self._deemed.setdefault((part, opener), effective_at)
            if before != effective_at:
                raise DesignSilent("deemed acceptance whose receipt was moved by an amendment")
            key = (part, "handling", opener)
            said = [each for each in self.found if each["kind"] == "deemed-accepted"]
            mine = [each for each in said if each["line"] == (part, opener)]
            if not mine or mine[-1]["withdrawn"]:
                self._find("deemed-accepted", key, now, effective_at=effective_at, withdrawn=False)

    def _say_limits_and_settlements(self, now: datetime) -> None:
        for kind, key in list(self._said):
            if key in self._readings.clocks:
                continue
            if kind == "limits-set":
                dues = dict.fromkeys(self._said[kind, key]["dues"])
                self._say_if_new(kind, key, now, {"dues": dues, "thresholds": {}})
            else:
                del self._said[kind, key]
        for key, reading in self._readings.clocks.items():
            late = {each.level: each.passes for each in reading.levels if not each.is_early}
            limits = {"dues": reading.dues, "thresholds": late}
            self._say_if_new("limits-set", key, now, limits)
            if reading.settled is None:
                self._said.pop(("case-settled", key), None)
                continue
            settled = {
                "outcome": reading.settled.outcome,
                "accepted": reading.settled.opened,
                "completed": reading.settled.closed,
                "working": reading.settled.working,
                "limits": reading.settled.limits,
            }
            self._say_if_new("case-settled", key, now, settled)

    def _say_if_new(self, kind: str, key: Key, now: datetime, said: Finding) -> None:
        if self._said.get((kind, key)) != said:
            self._said[kind, key] = said
            self._find(kind, key, now, **said)

    def _find(self, kind: str, key: Key, now: datetime, **what: object) -> Finding:
        part, clock, opener = key
        finding = {"kind": kind, "at": now, "line": (part, opener), "clock": clock, **what}
        self.found.append(finding)
        return finding


def live_cards(findings: Sequence[Finding], clock: str = "handling") -> dict[Line, str]:
    """Return the highest level not taken back of every clock of one kind."""
    standing: dict[Line, list[str]] = {}
    for finding in findings:
        if finding["clock"] != clock:
            continue
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
    """Drop every record whose identity came before, whatever it says; number the others' places.

    A place that the record brings with it (its `order` in the partition's log) is kept.
    """
    first: dict[Identity, Event] = {}
    for order, event in enumerate(log):
        first.setdefault(identity_of(event), {"order": order, **event})
    return list(first.values())
