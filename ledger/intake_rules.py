"""What intake refuses beyond the shape of a type: envelope, subjects, instants, numbers.

It stands apart from the codec because these are the ledger's own rules, not the types': a sender is
told the field, what was found there and what was expected.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ledger.errors import EventInvalid
from ledger.events import FACT_TYPES

SUPERVISION_SOURCE = "/supervision"
RESERVED_SUBJECTS = ("partition:", "reference:", "unit:")
OPTIONAL_ATTRIBUTES = ("timeline", "causationid", "correlationid")
OWN_ATTRIBUTES = ("recordedtime", "timeline", "causationid")
"""What the ledger sets and a sender may not: when it learned of a fact, which import and cause."""
NEEDED = ("id", "source", "type", "subject", "time", "data")
TEXT_MAX = 256
YEAR_MIN, YEAR_MAX = 1970, 2199
INTEGER_MAX = 2**53

_YEAR_MIN_TEXT, _YEAR_MAX_TEXT = str(YEAR_MIN), str(YEAR_MAX)
_REQUIRED = frozenset({"specversion", "type", "source", "id", "subject", "time", "data"})
_SUBJECT_PREFIX = {
    "unit": "unit:",
    "reference": "reference:",
    "supervision": "partition:",
    "log": "partition:",
    "import": "partition:",
}
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EXTENSION = re.compile(r"[a-z0-9]{1,32}", re.ASCII)

_Check = Callable[[object, str], None]


def check_envelope(event: Mapping[str, Any]) -> Collection[str]:
    """Refuse what no event may have around its data; return the names of its extensions."""
    if event.get("specversion") != "1.0":
        raise EventInvalid("specversion", repr(event.get("specversion")), "'1.0'")
    for name in NEEDED:
        if name not in event:
            raise EventInvalid(name, "nothing", "a value", reason="missing-field")
    for name in ("id", "source", "type", "subject"):
        value = event[name]
        if not isinstance(value, str) or not 0 < len(value) <= TEXT_MAX or not value.isprintable():
            raise EventInvalid(name, shown(value), f"printable text of 1 to {TEXT_MAX} characters")
    if event["source"] == SUPERVISION_SOURCE:
        raise EventInvalid("source", repr(SUPERVISION_SOURCE), "a source other than supervision")
    for name in OWN_ATTRIBUTES:
        if name in event:
            raise EventInvalid(name, "a value", "no value: the ledger sets it")
    check_time("time", event["time"])
    extensions = event.keys() - _REQUIRED
    if extensions:
        _check_extensions(event, extensions)
    return extensions


def _check_extensions(event: Mapping[str, Any], names: Collection[str]) -> None:
    for name in names:
        value = event[name]
        if name not in OPTIONAL_ATTRIBUTES and not _EXTENSION.fullmatch(name):
            raise EventInvalid(name, "this name", "1 to 32 lowercase letters or digits")
        if not isinstance(value, str | int):
            raise EventInvalid(name, shown(value), "text, an integer or a boolean")
        _check_long(value, name)


def instant_from_text(name: str, value: object) -> datetime:
    """Return an instant of free-form data, held to the same rules as an envelope's `time`.

    Raises:
        EventInvalid: naming `name`.
    """
    check_time(name, value)
    try:
        return datetime.fromisoformat(str(value).upper())
    except ValueError as error:
        raise EventInvalid(name, repr(value), str(error)) from None


def check_subject(type_: str, subject: str) -> None:
    """Refuse a subject that a type cannot have."""
    required, refused = _subject_rule(type_)
    if not subject.startswith(required):
        raise EventInvalid("subject", repr(subject), f"{required}…")
    if refused and subject.startswith(refused):
        raise EventInvalid("subject", repr(subject), "an id without a reserved prefix")


@cache
def _subject_rule(type_: str) -> tuple[str, tuple[str, ...]]:
    """Return the prefix a type's subjects begin with, and those they may not begin with."""
    family = type_.split(".")[1]
    if family in _SUBJECT_PREFIX:
        return _SUBJECT_PREFIX[family], ()
    if family in ("card", "clock", "finding"):  # these may speak of a unit too
        return "", ("partition:", "reference:")
    return "", RESERVED_SUBJECTS


def check_time(name: str, value: object) -> None:
    """Refuse what is not RFC 3339 with offset, in the years of the ledger."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise EventInvalid(name, shown(value), "RFC 3339 with offset, 2026-11-24T09:00:00+08:00")
    if not _YEAR_MIN_TEXT <= value[:4] <= _YEAR_MAX_TEXT:
        raise EventInvalid(name, repr(value), f"a year from {YEAR_MIN} to {YEAR_MAX}")


def _check_written_time(value: object, where: str) -> None:
    if isinstance(value, str):  # anything else is refused by its type
        check_time(where, value)


def check_numbers(value: object, where: str) -> None:
    """Refuse floats and long numbers, wherever they stand."""
    if isinstance(value, float):
        raise EventInvalid(where, repr(value), "no floats: text such as '120.00'", reason="float")
    _check_long(value, where)
    if isinstance(value, dict):
        for key, item in value.items():
            check_numbers(item, f"{where}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_numbers(item, f"{where}[{index}]")


def _check_long(value: object, where: str) -> None:
    if isinstance(value, int) and abs(value) > INTEGER_MAX:
        raise EventInvalid(where, shown(value), "long numbers as text", reason="long-number")


def _check_choice(value: object, where: str) -> None:
    if isinstance(value, bool | float):  # 1.0 and true would pass for 1
        raise EventInvalid(where, repr(value), "one of the listed integers")


_CHECKS: dict[Any, _Check] = {
    datetime: _check_written_time,
    int: _check_long,
    Any: check_numbers,
}


@cache
def check_of_type(type_: str) -> _Check | None:
    """Return what checks the data of a type; None where nothing can be found."""
    return _check_of(FACT_TYPES[type_])


def _check_of(hint: Any) -> _Check | None:
    """Return what finds in JSON for `hint` what strict pydantic takes and the ledger refuses.

    That is: instants not written as RFC 3339 or out of years, long numbers, anything in free-form
    fields, and booleans or floats where integers are listed. None where nothing can be found.
    """
    if hint in _CHECKS:
        return _CHECKS[hint]
    if is_dataclass(hint):
        return _check_of_fields(hint)
    args = [arg for arg in get_args(hint) if arg is not type(None)]
    if get_origin(hint) is Literal:
        return _check_choice if isinstance(args[0], int) else None
    check = next(filter(None, map(_check_of, args)), None) if args else None
    if check is None or get_origin(hint) in (Union, UnionType):
        return check
    return _check_of_items(check)


def _check_of_fields(cls: Any) -> _Check | None:
    hints = get_type_hints(cls).items()
    checks = [(name, check) for name, hint in hints if (check := _check_of(hint))]

    def check_fields(value: object, where: str) -> None:
        if isinstance(value, dict):
            for name, check in checks:
                if (item := value.get(name)) is not None:
                    check(item, f"{where}.{name}")

    return check_fields if checks else None


def _check_of_items(check: _Check) -> _Check:
    def check_items(value: object, where: str) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                check(item, f"{where}[{index}]")
        elif isinstance(value, dict):
            for key, item in value.items():
                check(item, f"{where}.{key}")

    return check_items


def shown(value: object) -> str:
    """Return a value as a message shows it, cut short."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
