"""Seeded chance for the demo hall, in independent streams.

It stands apart so that every case, day and ticket draws from a stream named by what it is: one more
draw in one story never moves another, and nothing in the demo is random without its seed.
"""

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

PER_MILLE = 1_000


class Dice:
    """One stream of chance; whole numbers only, so that it gives the same on every machine."""

    __slots__ = ("_name", "_random")

    def __init__(self, seed: int, *path: str | int) -> None:
        """Open the stream that `seed` and the names in `path` stand for."""
        self._name = "/".join(str(part) for part in (seed, *path))
        self._random = random.Random(self._name)  # noqa: S311 - a story, not a secret

    def below(self, bound: int) -> int:
        """Return a whole number from 0 up to, but not, `bound`."""
        return self._random.randrange(bound)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both possible."""
        return self._random.randint(low, high)

    def happens(self, per_mille: int) -> bool:
        """Return whether something that happens `per_mille` times in a thousand happens now."""
        return self.below(PER_MILLE) < per_mille

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of `items`, all alike."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[Item], weights: Sequence[int]) -> Item:
        """Return one of `items`, as often as its weight says."""
        point = self.below(sum(weights))
        for item, weight in zip(items, weights, strict=True):
            point -= weight
            if point < 0:
                return item
        raise AssertionError(f"weights {weights!r} ran out in {self._name}")

    def token(self, digits: int) -> str:
        """Return an opaque reference of `digits` hexadecimal digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"
