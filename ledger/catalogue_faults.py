"""What intake refuses in an entry of the catalogue beyond its shape.

It stands apart from the values because old records stay readable as they are, whatever a later
ledger no longer takes.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.catalogue import Department, Entry, FeeRule, Hall, Matter, Window
from ledger.fact import check_money

CODE_MAX = 128
TEXT_MAX = 1_000
STAGES_MAX = 100
MATERIALS_MAX = 500

_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})


class Fault(NamedTuple):
    """What is wrong with one field.

    Attributes:
        field: path within the entry, `stages.1.name`.
        found, expected: for people.
        reason: stable word.
    """

    field: str
    found: str
    expected: str
    reason: str = "shape"


def entry_faults(entry: Entry) -> list[Fault]:
    """Return what no entry may hold, in the order of its fields."""
    faults = [*_code("code", entry.code), *_text("name", entry.name)]
    match entry:
        case Hall():
            faults += [*_maybe(_text, "name_en", entry.name_en), *_maybe(_zone, "zone", entry.zone)]
        case Department():
            faults += _maybe(_text, "name_en", entry.name_en)
            faults += _maybe(_code, "hall", entry.hall)
        case Window():
            faults += _code("hall", entry.hall)
            faults += _maybe(_code, "department", entry.department)
        case Matter():
            faults += _of_matter(entry)
    return faults


def _of_matter(matter: Matter) -> Iterator[Fault]:
    yield from _maybe(_text, "name_en", matter.name_en)
    yield from _code("department", matter.department)
    yield from _listed("stages", [stage.name for stage in matter.stages], STAGES_MAX, ".name")
    if matter.fee is not None:
        yield from _of_fee(matter.fee)
    yield from _listed("mandatory_materials", matter.mandatory_materials, MATERIALS_MAX)


def _of_fee(fee: FeeRule) -> Iterator[Fault]:
    if fee.amount is not None:
        try:
            check_money(fee.amount)
        except ValueError:
            yield Fault("fee.amount", repr(fee.amount), "a decimal amount such as '120.00'")
        else:
            if fee.amount.startswith("-"):
                yield Fault("fee.amount", repr(fee.amount), "an amount that is not negative")
            elif fee.free and fee.amount.strip("0."):
                yield Fault("fee.amount", repr(fee.amount), "no amount where nothing is charged")
    if not (len(fee.currency) == 3 and fee.currency.isascii() and fee.currency.isupper()):
        yield Fault("fee.currency", repr(fee.currency), "a code of ISO 4217 such as 'CNY'")
    yield from _maybe(_text, "fee.basis", fee.basis)


def _maybe(
    check: Callable[[str, str], Iterator[Fault]], field: str, value: str | None
) -> Iterator[Fault]:
    return iter(()) if value is None else check(field, value)


def _listed(field: str, texts: Sequence[str], most: int, within: str = "") -> Iterator[Fault]:
    """Check a list of texts that are names: each once, and not too many."""
    if len(texts) > most:
        yield Fault(field, f"{len(texts)} items", f"at most {most}")
        return
    for index, text in enumerate(texts):
        where = f"{field}.{index}{within}"
        yield from _text(where, text)
        if text in texts[:index]:
            yield Fault(where, f"{text!r} again", "each once")


def _code(field: str, value: str) -> Iterator[Fault]:
    if not (0 < len(value) <= CODE_MAX and value.isprintable() and value == value.strip()):
        yield Fault(
            field,
            _shown(value),
            f"printable text of 1 to {CODE_MAX} characters with no space around it",
        )


def _text(field: str, value: str) -> Iterator[Fault]:
    plain = not any(unicodedata.category(each) in _BREAKS for each in value)
    if not (0 < len(value) <= TEXT_MAX and plain and value == value.strip()):
        yield Fault(
            field,
            _shown(value),
            f"one line of 1 to {TEXT_MAX} characters with no space around it",
        )


def _zone(field: str, value: str) -> Iterator[Fault]:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        yield Fault(field, _shown(value), "an IANA zone such as 'Asia/Shanghai'")


def _shown(value: str) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
