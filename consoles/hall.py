"""One hall, composed: log, states, read models, clock and answers, for pages and commands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Engine as SqlEngine

from alerts.drivers.prometheus import Exporter
from alerts.figures import Figures, single
from consoles import answers, explanations
from consoles.api.hall_port import AsyncLog
from consoles.clock import Clock
from consoles.engine import Engine
from consoles.folder import FolderLock
from consoles.measuring import Measured
from consoles.published import Published
from ledger.errors import HallError, RecordUnreadable
from ledger.log import DeadLetters, Position
from ledger.reading import read_record
from ledger.record import AnyRecord, micros
from ledger.wire import decode
from processors.drivers.embedded import Supervisor
from processors.drivers.publication_rows import take
from processors.drivers.sql_state import SqlState
from processors.supervision.explain import Statement, explain_card, explain_case
from processors.supervision.pack import Pack
from processors.supervision.policy import Policy
from processors.supervision.publications import Publications
from projections.drivers.projector import Projector
from projections.drivers.readers import Readers

Names = Mapping[tuple[str, str, str], str]
"""Published names by (kind, code, language)."""
Entries = list[tuple[Position, AnyRecord]]
"""Records of a case with their places, in log order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceSettings:
    """The settings that the HTTP surface and the pages read."""

    zone: ZoneInfo
    hall_name: str
    generated: bool
    max_body_bytes: int
    max_batch_events: int
    max_in_flight: int
    max_live_clients: int


class Closer(Protocol):
    """Something to release at the end."""

    def __call__(self) -> object:
        """Release it."""
        ...


@dataclass(slots=True, kw_only=True)
class Hall:
    """What `bootstrap.open_hall` puts together.

    Attributes:
        supervisor: None where another process supervises.
        lock: of the data folder; None where there is none.
        names: configured names, where the catalogue gives none.
        published: what the ledger has published.
    """

    settings: SurfaceSettings
    log: AsyncLog
    dead_letters: DeadLetters
    states: SqlState
    read_engine: SqlEngine
    readers: Readers
    policy: Policy
    clock: Clock
    lock: FolderLock | None
    supervisor: Supervisor | None
    projector: Projector
    engine: Engine
    exporter: Exporter
    measured: Measured
    names: Names
    published: Published
    closers: list[Closer]

    def now_us(self) -> int:
        """Return the hall's instant."""
        return self.clock.now_us()

    def explain(self, card_id: str) -> dict[str, Any] | None:
        """Return the statement of intervals of a card, or None."""
        card = self.readers.card(card_id)
        if card is None:
            return None
        entries = self.entries(card["subject"])
        records = [(position.offset, record) for position, record in entries]
        why = explain_card(records, card_id, self._policy_of(entries))
        if why is None:
            return None
        return explanations.card_explanation(why, _places(entries), self.settings.zone)

    def explain_case(self, case_id: str, as_of_us: int | None = None) -> dict[str, Any] | None:
        """Return the statements of all clocks of a case, or None where nothing is known of it.

        Args:
            case_id: the subject.
            as_of_us: the instant at which clocks are read, leaving out what happened later; now
                where absent.
        """
        entries = self.entries(case_id)
        at_us = self.now_us() if as_of_us is None else as_of_us
        if not any(micros(record.time) <= at_us for _, record in entries):
            return None
        records = [(position.offset, record) for position, record in entries]
        policy = self._policy_of(entries)
        statements: list[Statement] = []
        unjudged = None
        try:
            statements = explain_case(records, policy, at_us)
        except HallError as error:
            unjudged = error.code
        zone = self.settings.zone
        places = _places(entries)
        return explanations.case_explanation(case_id, statements, places, zone, at_us, unjudged)

    def _policy_of(self, entries: Entries) -> Policy:
        """Return what governs a case: what its partition has published, before what is configured.

        Raises:
            RecordUnreadable: a publication that cannot be used and is not skipped.
        """
        if not entries:
            return self.policy
        partition = entries[0][0].partition
        kept = self.states.publications.read(partition)
        published = Publications()
        read = (read_record(self.log, Position(partition, offset), raw) for offset, raw in kept)
        take(self.log, read, published)
        return replace(self.policy, published=published)

    def case_history(
        self, case_id: str, as_of_us: int | None = None, known_at_us: int | None = None
    ) -> dict[str, Any] | None:
        """Return state and timeline of a case, or None where the ledger holds nothing of it."""
        entries = self.entries(case_id)
        zone = self.settings.zone
        return answers.case_history(case_id, entries, zone, as_of_us, known_at_us)

    def entries(self, case_id: str) -> Entries:
        """Return everything the ledger holds of a case, in log order."""
        found: Entries = []
        for position in sorted(self.readers.case_positions(case_id)):
            ((place, raw),) = self.log.read(position.partition, position.offset, 1)
            found.append((place, decode(raw)))
        return found

    def status(self) -> dict[str, Any]:
        """Return readiness with its reasons, lags and positions."""
        reasons = []
        if self.engine.failure is not None:
            reasons.append(str(self.engine.failure))
        reasons.extend(map(str, self._unreadable().values()))
        if self.supervisor is None:
            reasons.append("another process supervises this data folder")
        report = self.supervisor.report if self.supervisor else None
        if report is not None and report.ticks_held:
            reasons.append("the clock leapt ahead; ticks are held until the process is restarted")
        return {
            "ready": not reasons,
            "reasons": reasons,
            "supervision_lag": self.supervisor.lag() if self.supervisor else None,
            "projection_lag": sum(self.projector.lags().values()),
            "suspended_cases": self.states.suspended_count(),
            "ticks": report.ticks if report else 0,
            "log": {"identity": self.log.identity, "ends": self.log.ends()},
        }

    def _unreadable(self) -> dict[int, RecordUnreadable]:
        """Return the partitions that a record stops, and what was said of it."""
        judged = self.supervisor.report.unreadable if self.supervisor else {}
        return {**self.engine.unreadable, **judged}

    def figures(self) -> Figures:
        """Return what the metrics show now."""
        return {**self.measured.figures(), **self._work()}

    def _work(self) -> Figures:
        """Return how the loops of this process stand; nothing where another supervises."""
        supervisor = self.supervisor
        if supervisor is None:
            return {}
        report, unreadable = supervisor.report, self._unreadable()
        polled_us = report.last_tick_poll_us
        polled = [(str(number),) for number in self.log.ends() if polled_us]
        age_s = max(0.0, (self.now_us() - polled_us) / 1e6)
        return {
            "hall_engine_up": single(int(self.engine.failure is None and not unreadable)),
            "hall_worker_stopped": {
                (role, str(number)): int(number in stopped)
                for role, stopped in (
                    ("supervise", report.unreadable),
                    ("project", self.engine.unreadable),
                )
                for number in self.log.ends()
            },
            "hall_supervision_ticks_held": single(int(report.ticks_held)),
            "hall_supervision_conflicts_total": single(report.conflicts),
            "hall_supervision_last_tick_poll_timestamp_seconds": dict.fromkeys(
                polled, polled_us / 1e6
            ),
            "hall_supervision_tick_poll_age_seconds": dict.fromkeys(polled, age_s),
        }

    def metrics(self) -> bytes:
        """Return the metrics in Prometheus text format."""
        return self.exporter.text()

    def is_working_day(self, day: date) -> bool:
        """Return whether the hall's calendar works on a local day."""
        return self.policy.calendars[self.policy.default_calendar].is_working_day(day)

    def name_of(self, kind: str, code: str, lang: str) -> str | None:
        """Return the name of a department or matter, or None.

        A name that the catalogue in the ledger gives is taken before one that was configured, and
        any name in the language before one in Chinese.
        """
        now_us = self.now_us()
        return (
            self.published.name_of(kind, code, lang, now_us)
            or self.names.get((kind, code, lang))
            or self.published.name_of(kind, code, "zh", now_us)
        )

    def pack_in_force(self) -> Pack:
        """Return the pack that governs live cases opened now."""
        return self.published.governing(self.now_us()) or self.policy.pack_for(None)

    def packs(self) -> Mapping[str, Pack]:
        """Return the packs that are known by name, as last published or else as configured."""
        return {**self.policy.packs, **self.published.packs()}

    def close(self) -> None:
        """Stop in order and release everything."""
        self.engine.stop()
        for closer in self.closers:
            closer()
        if self.lock is not None:
            self.lock.release()


def _places(entries: Entries) -> dict[str, Position]:
    return {record.name: position for position, record in entries}
