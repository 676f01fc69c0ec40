"""What one owner has appended and not read back, where a log holds what comes again once more.

Another owner may have written the same findings before it was gone. Of two under one id the one
that lies first stands, also in the state of the owner that wrote the other.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Appended, Entry
from ledger.reading import Read
from ledger.record import AnyRecord
from ledger.wire import decode
from processors.drivers.report import SupervisionReport


class _Emitted(NamedTuple):
    """A finding that was appended and is not read back yet: where it lies, and its case."""

    offset: int
    entry: Entry


class ReadBack(NamedTuple):
    """What of a batch concerns findings that were made here.

    Attributes:
        firsts: the offsets of what was made here and comes back as the first of its name: had the
            log held it before, that one would have come back in its place.
        others: findings, with their offsets, that another owner wrote first and that say otherwise;
            they stand for those made here.
    """

    firsts: set[int]
    others: list[tuple[int, AnyRecord]]


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

    def read_back(self, records: Iterable[Read]) -> ReadBack:
        """Take in what comes back of what was made here, or was written first by another owner.

        Args:
            records: of the next batch, before it is judged.
        """
        back = ReadBack(set(), [])
        if not self._emitted:
            return back
        for position, _, record in records:
            if record is None:
                continue
            own = self._emitted.pop((record.subject, record.id), None)
            if own is None:
                continue
            if position.offset == own.offset:
                back.firsts.add(position.offset)
            elif position.offset < own.offset and self._differs(own, record):
                back.others.append((position.offset, record))
        return back

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
