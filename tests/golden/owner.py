"""One owner of a partition that may die: it appends what it found, then forgets everything.

It stands apart because a rebuild is proved on the golden histories cut by cut, and on random ones.
The log is a list of records, the owner what the drivers do: step, append, remember, tick, mark.
"""

from collections.abc import Iterable
from dataclasses import replace

from ledger import wire
from ledger.log import Position
from ledger.reading import Read
from ledger.record import AnyRecord, Record
from ledger.system_events import SupervisionJudged
from processors.loop import STEPPED_TYPES
from processors.rebuild import last_marker, rebuild
from processors.simulate import run_out
from processors.supervision.policy import Policy
from processors.supervision.publications import Publications
from processors.supervision.state import CaseState
from processors.supervision.step import step
from processors.supervision.ticks import waits_until
from tests.golden.language import recorded_us


class Owner:
    """Reads its log and answers it; what it holds besides the log may be lost at any moment."""

    def __init__(self, using: Policy) -> None:
        self.published = Publications()
        self.using = replace(using, published=self.published)
        self.log: list[AnyRecord] = []
        self.states: dict[str, CaseState] = {}
        self.next_offset = 0

    def take(self, record: AnyRecord) -> None:
        """A fact is appended; nothing is judged yet."""
        self.log.append(record)

    def read(self, dies_after: int | None = None) -> None:
        """Step what is new; where it dies, only so many of a record's findings were appended."""
        while self.next_offset < len(self.log):
            record = self.log[self.next_offset]
            self.next_offset += 1
            self.published.apply(record, self.next_offset - 1)
            if record.type not in STEPPED_TYPES:
                continue
            known = self.states.get(record.subject)
            stepped = step(known, record, self.next_offset - 1, self.using)
            if dies_after is not None and len(stepped.records) > dies_after:
                self._append(stepped.records[:dies_after])
                self.start_again()
                return
            self.states[record.subject] = stepped.state
            self._append(stepped.records)

    def tick(self, until_us: int) -> None:
        """Append the ticks that are due, read them back, and so on."""
        while due := [s for s in self.states.values() if self._is_due(s, until_us)]:
            ticks = (
                next(run_out({s.subject: s}, self.using, until_us, self.next_offset)) for s in due
            )
            self._append(list(ticks))
            self.read()

    def mark(self) -> None:
        """Say that all findings caused by what was read lie in the log."""
        self.log.append(
            Record(
                type=SupervisionJudged.TYPE,
                source="/supervision",
                id=f"mark-{len(self.log)}",
                subject="partition:0",
                time=self.log[-1].time,
                data=SupervisionJudged(
                    upto=self.next_offset, engine="test", packs={}, calendars={}
                ),
            )
        )

    def start_again(self) -> None:
        """Forget everything and read it again from the log."""
        reads = [
            Read(Position(0, offset), wire.encode(record), record)
            for offset, record in enumerate(self.log)
        ]
        for offset, record in enumerate(self.log):
            self.published.apply(record, offset)
        rebuilt = rebuild(reads, last_marker(reads), self.using)
        self.states, self.next_offset = rebuilt.states, rebuilt.next_offset
        self._append([wire.decode(entry.raw) for entry in rebuilt.missing])

    def _append(self, records: Iterable[AnyRecord]) -> None:
        held = {(record.subject, record.source, record.id) for record in self.log}
        self.log += [r for r in records if (r.subject, r.source, r.id) not in held]

    def _is_due(self, state: CaseState, until_us: int) -> bool:
        tick_us = waits_until(state, self.using, self.next_offset)
        return tick_us is not None and tick_us <= until_us


def by_id(records: Iterable[AnyRecord]) -> dict[str, bytes]:
    """The bytes of ticks and findings about cases, by id."""
    return {
        record.id: wire.encode(record)
        for record in records
        if record.source == "/supervision"
        and not record.subject.startswith(("partition:", "unit:"))
    }


def after_dying_at(
    cut: int, records: list[AnyRecord], using: Policy, until_us: int, marked: int
) -> dict[str, bytes]:
    """What the log holds in the end where the owner dies after `cut` facts.

    Args:
        marked: it had appended a marker after so many facts.
    """
    owner = Owner(using)
    for count, record in enumerate(records, start=1):
        owner.take(record)
        owner.tick(recorded_us(record) - 1)
        owner.read()
        if count == marked:
            owner.mark()
        if count == cut:
            owner.start_again()
    owner.tick(until_us)
    return by_id(owner.log)
