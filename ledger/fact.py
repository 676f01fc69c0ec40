"""The base of everything that can be the `data` of a record, and the decorator that makes one.

It stands apart so that the lists of facts (`case_events.py`, `card_events.py`, …) read as a table
of the wire contract and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar, dataclass_transform

STRICT = {"extra": "forbid", "strict": True}
"""Validation settings read by `wire.py`: unknown fields and coerced values are refused."""

Unit = Literal["working_day", "natural_day", "working_hour", "hour", "minute", "month"]

AMOUNT_MAX = 100_000
_MONEY_DIGITS_MAX = 18


class Fact:
    """What happened: the `data` of one record. Subclasses are frozen dataclasses."""

    __slots__ = ()
    TYPE: ClassVar[str]
    __pydantic_config__: ClassVar[dict[str, object]] = STRICT


F = TypeVar("F", bound=Fact)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def fact(type_: str) -> Callable[[type[F]], type[F]]:
    """Return a decorator that makes a class a frozen value known on the wire as `type_`."""

    def make(cls: type[F]) -> type[F]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.TYPE = type_
        return made

    return make


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A span of time as law and promises state it.

    Attributes:
        amount: whole number of units, 0 to 100,000.
        unit: working days and hours run by the hall's calendar, the others by the clock. A limit of
            0 working days is the same day's (即办).
    """

    __pydantic_config__ = STRICT
    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse amounts that no law or promise states."""
        if not 0 <= self.amount <= AMOUNT_MAX:
            raise ValueError(f"amount {self.amount} is outside 0 … {AMOUNT_MAX}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount of money; decimal text, never a float."""

    __pydantic_config__ = STRICT
    amount: str
    currency: str = "CNY"

    def __post_init__(self) -> None:
        """Refuse text that is not a plain decimal number."""
        check_money(self.amount)


def check_money(amount: str) -> None:
    """Refuse text that is not a plain decimal number of at most 18 digits.

    Raises:
        ValueError: naming what was found.
    """
    digits = amount.removeprefix("-").replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MONEY_DIGITS_MAX):
        raise ValueError(f"{amount!r} is not a decimal amount such as '120.00'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The name of a record: (`source`, `id`), unique in its subject (CloudEvents 1.0 §3.1.1)."""

    __pydantic_config__ = STRICT
    source: str
    id: str
