"""Words for tests of statements: a case's clocks by kind, and their lines and notes as short text.

A line reads `kind reason from … until = running sum`; the sum is hours of office or wall time, or
working days where days are counted.
"""

from collections.abc import Sequence

from ledger.record import AnyRecord
from processors.supervision.explain import (
    Statement,
    explain_case,
)
from processors.supervision.pack import Pack
from tests.golden.language import (
    HOUR_US,
    at,
    local,
    policy,
)


def clocks(
    records: Sequence[AnyRecord], when: str, pack: str | Pack = "hunan"
) -> dict[str, Statement]:
    """The statements of a case by kind of clock; of one kind the first."""
    found: dict[str, Statement] = {}
    for statement in explain_case(list(enumerate(records)), policy(pack), at(when)):
        found.setdefault(statement.clock.kind, statement)
    return found


def lines(statement: Statement) -> list[str]:
    unit = 1 if statement.measure == "working_days" else HOUR_US
    return [
        f"{each.kind} {each.reason}{' ' + each.day if each.day else ''} "
        f"{local(each.start_us)[5:]} … {local(each.end_us)[5:]} = {each.running / unit:g}"
        for each in statement.intervals
    ]


def notes(statement: Statement) -> list[str]:
    return [
        f"{local(each.at_us)[5:]} {each.reason}{' ' + each.limit if each.limit else ''}"
        for each in statement.notes
    ]
