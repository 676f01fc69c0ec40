"""A place in the whole log as text: what a stream's `Last-Event-ID` says.

It stands apart because pages render it too, so that nothing is lost between a page and its stream.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TEXT = re.compile(r"([0-9a-f]{8})\.(\d{1,6}:\d{1,15}(?:,\d{1,6}:\d{1,15})*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The next offset of each partition."""

    offsets: Mapping[int, int]

    def distance_from(self, earlier: "Place") -> int | None:
        """Return how many records lie between, or None where `earlier` is no place before this."""
        steps = [self.offsets.get(p, 0) - offset for p, offset in earlier.offsets.items()]
        if any(step < 0 for step in steps):
            return None
        unnamed = [offset for p, offset in self.offsets.items() if p not in earlier.offsets]
        return sum(steps) + sum(unnamed)


def place_text(identity: str, place: Place) -> str:
    """Return a place as `<first 8 of the log's identity>.<partition>:<next offset>,…`."""
    pairs = ",".join(f"{p}:{offset}" for p, offset in sorted(place.offsets.items()))
    return f"{identity[:8]}.{pairs}"


def parse_place(identity: str, text: str) -> Place | None:
    """Return the place that `text` names, or None where it is no place of this log."""
    match = _TEXT.fullmatch(text)
    if match is None or match[1] != identity[:8]:
        return None
    pairs = (pair.split(":") for pair in (match[2] or "").split(",") if pair)
    return Place(offsets={int(p): int(offset) for p, offset in pairs})
