"""What the hall's ledger already holds when the demo begins: the opening stock, as it came in.

The facts of the past weeks carry the stamps they would have had, so that every card of those weeks
is judged on what was known then. They are written before the hall opens; what comes after goes
through the public intake like everything else.
"""

from collections.abc import Iterable

from consoles.demo.facts import Sending
from ledger import wire
from ledger.events import SOURCE_TYPES
from ledger.log import Entry, EventLog


def write_backlog(log: EventLog, sendings: Iterable[Sending]) -> int:
    """Append facts with the stamps of their sending; return how many; a log in use stays as it is.

    Args:
        log: open, and empty for anything to be written.
        sendings: facts in order of sending.
    """
    if any(log.ends().values()):
        return 0
    entries = []
    for sending in sendings:
        record, raw = wire.accept(sending.event, SOURCE_TYPES)
        stamped = wire.stamp(raw, sending.at_us)
        entries.append(Entry(record.subject, record.source, record.id, stamped, sending.at_us))
    log.append(entries)
    return len(entries)
