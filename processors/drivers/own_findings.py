"""What one owner has appended and not read back, where a log holds what comes again once more.

Another owner may have written the same findings before it was gone. Of two under one id the one
that lies first stands, also in the state of the owner that wrote the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Appended, Entry
from ledger.reading import Read
from ledger.record import AnyRecord
from ledger.wire import decode
from processors.drivers.report import SupervisionReport
from processors.supervision.collect import adopt
from processors.supervision.state import CaseState


class _Emitted(NamedTuple):
    """A finding that was appended and is not read back yet: where it lies, and its case."""

    offset: int
    entry: Entry


class OwnFindings:
    """Findings and ticks of one partition that were appended here and are not read back yet.

    Attributes:
        written_upto: beyond the last of them.
    """

    def __init__(self, report: SupervisionReport) -> None:
        """Begin with none; others that say otherwise are counted in `report`."""
        self._report = report
        self._emitted: dict[tuple[str, str], _Emitted] = {}
        self.written_upto = 0

    def appended(self, entries: Sequence[Entry], answers: Sequence[Appended]) -> None:
        """Remember what was appended, and where it lies."""
        for entry, answer in zip(entries, answers, strict=True):
            self._emitted[entry.subject, entry.id] = _Emitted(answer.position.offset, entry)
        if answers:
            self.written_upto = max(each.position.offset for each in answers) + 1

    def read_back(self, records: Iterable[Read], states: Mapping[str, CaseState]) -> set[int]:
        """Let a finding that another owner wrote first stand for the one made here before.

        Returns:
            The offsets of what was made here and comes back as the first of its name: had the log
            held it before, that one would have come back in its place.
        """
        firsts: set[int] = set()
        if not self._emitted:
            return firsts
        for position, _, record in records:
            if record is None:
                continue
            own = self._emitted.pop((record.subject, record.id), None)
            if own is None:
                continue
            if position.offset == own.offset:
                firsts.add(position.offset)
            elif position.offset < own.offset and self._differs(own, record):
                state = states.get(record.subject)
                if state is not None:
                    adopt(state, record, position.offset)
        return firsts

    def copies_among(self, records: Iterable[Read], entries: Iterable[Entry]) -> list[AnyRecord]:
        """Return findings that were read in the batch that led to others under their ids."""
        made = {(entry.subject, entry.id) for entry in entries}
        copies: list[AnyRecord] = []
        for _, _, record in records:
            if record is None or record.source != SUPERVISION_SOURCE:
                continue
            own = None
            if (record.subject, record.id) in made:
                own = self._emitted.pop((record.subject, record.id), None)
            if own is not None and self._differs(own, record):
                copies.append(record)
        return copies

    def _differs(self, own: _Emitted, record: AnyRecord) -> bool:
        """Whether a finding says otherwise than the one made here; counted if so."""
        differs = bool(decode(own.entry.raw).data != record.data)
        self._report.conflicts += differs
        return differs
