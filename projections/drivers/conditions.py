"""A WHERE clause that grows with the filters a question names; values never enter the SQL text."""

import re
from typing import Any

_NUMBER = re.compile(r"[0-9]{1,18}")


class Conditions:
    """Conditions joined by AND, and the values of their named parameters."""

    def __init__(self, **equal: str | None) -> None:
        """Begin with `column = value` for every value that is given."""
        self._parts: list[str] = []
        self.values: dict[str, Any] = {}
        for column, value in equal.items():
            if value is not None:
                self.add(f"{column} = :{column}", **{column: value})

    def add(self, condition: str, **values: Any) -> None:
        """Add one condition with its parameters."""
        self._parts.append(condition)
        self.values.update(values)

    def before(self, *columns: str, cursor: str) -> None:
        """Add that the row lies before the place `cursor` names, one whole number a column.

        Raises:
            ValueError: the cursor does not name such a place.
        """
        numbers = cursor.split(".")
        if len(numbers) != len(columns) or not all(map(_NUMBER.fullmatch, numbers)):
            raise ValueError(f"{cursor!r} is not the `next` of a page")
        names = [f"before_{column}" for column in columns]
        marks = ", ".join(f":{name}" for name in names)
        self.add(
            f"({', '.join(columns)}) < ({marks})",
            **{name: int(number) for name, number in zip(names, numbers, strict=True)},
        )

    @property
    def sql(self) -> str:
        """The clause, or nothing if there are no conditions."""
        return f"WHERE {' AND '.join(self._parts)}" if self._parts else ""

    @property
    def more(self) -> str:
        """The conditions as they follow others, each with AND before it."""
        return "".join(f" AND {part}" for part in self._parts)
