"""Import of a file's facts into a log: as if live, or as evidence only.

As if live, the core runs in memory over the facts in order of time; facts, ticks and findings are
appended together, each recorded at its own instant, and time runs on to the log's last one. As
evidence only, the facts are recorded now and nothing reached before gives a card. Identity makes it
safe to run twice, or again after it was killed: what the log has is answered as repeated.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from ledger.errors import EventInvalid
from ledger.events import SOURCE_TYPES
from ledger.intake_rules import instant_from_text
from ledger.log import Entry, EventLog
from ledger.record import AnyRecord, Record, instant, micros
from ledger.system_events import ClockReached, ImportBegun, ImportEnded
from ledger.wire import accept, decode, stamp
from processors.loop import STEPPED_TYPES, entry_of
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.step import step
from processors.supervision.ticks import next_tick

APPENDED_PER_BATCH = 2_000
Mode = Literal["as-if-live", "evidence-only"]
Progress = Callable[[int], object]
Numbered = tuple[int, dict[str, Any]]
"""An event with its place in the file, by which a refusal names it."""


@dataclass(slots=True)
class ImportSummary:
    """What an import did. `appended`, `repeated` and `conflicts` are entries of the log.

    Attributes:
        kinds: facts by what happened, e.g. `transferred`.
    """

    timeline: str = ""
    facts: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    findings: int = 0
    appended: int = 0
    repeated: int = 0
    conflicts: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)


class Importer:
    """Feeds the facts of one file to a log."""

    def __init__(
        self,
        log: EventLog,
        timeline: str | None,
        progress: Progress,
        batch: int = APPENDED_PER_BATCH,
        refused: Callable[[dict[str, Any], EventInvalid], object] = lambda _event, _why: None,
    ) -> None:
        """Bind an import to a log.

        Args:
            log: where it goes.
            timeline: `<profile>@<file hash>`; None for facts that are live ones.
            progress: told how many more facts were read.
            batch: entries of one append; the log does not depend on it.
            refused: told of each event that cannot be taken.
        """
        self._log = log
        self._batch = batch
        self._refused = refused
        self._timeline = timeline
        self._progress = progress
        self._pending: list[Entry] = []
        self.summary = ImportSummary(timeline or "")

    def recorded_now(self, events: Iterable[Numbered]) -> None:
        """Append facts that the log stamps when it takes them."""
        for index, event in events:
            taken = self._taken(index, event)
            if taken is not None:
                record, raw, _ = taken
                self._put(Entry(record.subject, record.source, record.id, raw))
            self._progress(1)
        self.flush()

    def as_if_live(self, events: Iterable[Numbered], last_us: int | None, policy: Policy) -> None:
        """Append facts with the ticks and findings they lead to, then let time run out.

        Args:
            events: in order of their recording; `recordedtime` defaults to `time`.
            last_us: the log's last instant, where its clock ends; nothing is recorded later.
            policy: the packs and calendars, with what the log has published by now.
        """
        run = _Run(policy)
        first = max(self._log.ends().values())
        for order, (index, event) in enumerate(events, first):
            taken = self._taken(index, event)
            if taken is not None:
                unstamped, raw, recorded_us = taken
                if last_us is not None:
                    recorded_us = min(recorded_us, last_us)
                raw = stamp(raw, recorded_us)
                self._put_made(run.until(recorded_us, order))
                name = (unstamped.subject, unstamped.source, unstamped.id)
                self._put(Entry(*name, raw, recorded_us))
                self._put_made(run.step(decode(raw), order))
            self._progress(1)
        if last_us is not None:
            self._put_made(run.until(last_us, first + self.summary.facts))
        self.flush()

    def _taken(self, index: int, event: dict[str, Any]) -> tuple[AnyRecord, bytes, int] | None:
        """Return (record, bytes, recorded) of an event; one that cannot be taken is named."""
        original, event = event, dict(event)
        recorded = event.pop("recordedtime", event.get("time"))
        event.pop("timeline", None)
        try:
            record, raw = accept(event, SOURCE_TYPES, self._timeline)
            recorded_us = micros(instant_from_text("recordedtime", recorded))
        except EventInvalid as error:
            place = {"index": index, "field": error.field, "code": error.code}
            self.summary.rejected.append({**place, "detail": error.message})
            self._refused(original, error)
            return None
        self.summary.facts += 1
        self.summary.kinds[record.type.split(".")[2]] += 1
        return record, raw, recorded_us

    def _put_made(self, records: list[AnyRecord]) -> None:
        for record in records:
            ticked = isinstance(record.data, ClockReached)
            self.summary.ticks += ticked
            self.summary.findings += not ticked
            self._put(entry_of(record))

    def _put(self, entry: Entry) -> None:
        self._pending.append(entry)
        if len(self._pending) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Append what is pending; durable on return."""
        for answer in self._log.append(self._pending):
            self.summary.appended += answer.outcome == "appended"
            self.summary.repeated += answer.outcome == "repeated"
            self.summary.conflicts += answer.outcome == "conflict"
        self._pending.clear()


class _Run:
    """The core in memory, with the ticks of all cases in one queue."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._states: dict[str, CaseState] = {}
        self._due: list[tuple[int, str]] = []

    def step(self, record: AnyRecord, order: int) -> list[AnyRecord]:
        """Step one record; return what it leads to."""
        if record.type not in STEPPED_TYPES:
            return []
        stepped = step(self._states.get(record.subject), record, order, self._policy)
        self._states[record.subject] = stepped.state
        if stepped.state.next_tick_us is not None:
            heapq.heappush(self._due, (stepped.state.next_tick_us, record.subject))
        return stepped.records

    def until(self, us: int, order: int) -> list[AnyRecord]:
        """Let time run to an instant; return the ticks due by then and what they lead to."""
        made: list[AnyRecord] = []
        while self._due and self._due[0][0] <= us:
            tick_us, subject = heapq.heappop(self._due)
            state = self._states[subject]
            if state.next_tick_us != tick_us:
                continue
            tick = next_tick(state, self._policy, order, us)
            assert tick is not None, "it was waited for"
            made.append(tick)
            made.extend(self.step(tick, order))
        return made


def begun(log: EventLog, timeline: str, mode: Mode, profile: str, sha256: str, now_us: int) -> None:
    """Append that an import has begun, once, to every partition."""
    _append_own(log, ImportBegun, timeline, mode, profile, sha256, now_us, None)


def ended(
    log: EventLog,
    timeline: str,
    mode: Mode,
    profile: str,
    sha256: str,
    now_us: int,
    counts: dict[str, int],
) -> None:
    """Append that an import has ended and what was counted, once, to every partition."""
    _append_own(log, ImportEnded, timeline, mode, profile, sha256, now_us, counts)


def _append_own(
    log: EventLog,
    kind: type[ImportBegun] | type[ImportEnded],
    timeline: str,
    mode: Mode,
    profile: str,
    sha256: str,
    now_us: int,
    counts: dict[str, int] | None,
) -> None:
    at = instant(now_us)
    data = kind(timeline=timeline, mode=mode, profile=profile, sha256=sha256, at=at, counts=counts)
    log.append(
        [
            entry_of(
                Record(
                    type=kind.TYPE,
                    source="/import",
                    id=f"{kind.__name__}/{timeline}/{mode}",
                    subject=f"partition:{partition}",
                    time=at,
                    data=data,
                )
            )
            for partition in range(log.partitions)
        ]
    )
