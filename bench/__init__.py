"""Benchmarks beside their peers; `make bench` runs them and nothing else imports them."""

from typing import NamedTuple


class Row(NamedTuple):
    """One measured figure.

    Attributes:
        aim: what the value must at least be; absent where the figure is only shown.
        at_most: the aim is what the value must at most be.
    """

    name: str
    value: float
    unit: str
    aim: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without one."""
        if self.aim is None:
            return None
        return self.value <= self.aim if self.at_most else self.value >= self.aim
