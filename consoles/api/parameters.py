"""Parameters of queries as the core's values, refused by name where they cannot be.

It stands apart because every reading route bounds its page and names its instants alike.
"""

import re
from datetime import date, datetime

from consoles.api.refusals import ParameterInvalid
from ledger.record import micros

LIMIT_MAX = 500
DAYS_MAX = 3_660
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+ -]\d\d:\d\d)", re.ASCII
)


def instant_us(name: str, text: str | None) -> int | None:
    """Return an RFC 3339 instant as µs since the epoch, or None where it is absent.

    A space where the `+` of the offset belongs is read as `+`: unescaped URLs arrive so.

    Raises:
        ParameterInvalid: not RFC 3339 with offset, or no such instant.
    """
    if text is None or text == "":
        return None
    expected = "RFC 3339 with offset, 2026-11-24T09:00:00+08:00"
    if not _RFC3339.fullmatch(text):
        raise ParameterInvalid(name, repr(text[:60]), expected)
    try:
        return micros(datetime.fromisoformat(text[:-6] + text[-6:].replace(" ", "+")))
    except (ValueError, OverflowError):
        raise ParameterInvalid(name, repr(text[:60]), expected) from None


def day(name: str, text: str | None) -> date | None:
    """Return an ISO date, or None where it is absent.

    Raises:
        ParameterInvalid: not a date of the form 2026-11-24.
    """
    if text is None or text == "":
        return None
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ParameterInvalid(name, repr(text[:60]), "a date such as 2026-11-24")


def choice(name: str, text: str | None, allowed: tuple[str, ...]) -> str | None:
    """Return `text` if it is one of `allowed`, None where it is absent.

    Raises:
        ParameterInvalid: any other text.
    """
    if text is None or text == "":
        return None
    if text not in allowed:
        raise ParameterInvalid(name, repr(text[:60]), " or ".join(allowed))
    return text


def page_limit(limit: int) -> int:
    """Return `limit` if it is a page's, 1 to 500.

    Raises:
        ParameterInvalid: outside that range.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise ParameterInvalid("limit", str(limit), f"1 to {LIMIT_MAX}")
    return limit
