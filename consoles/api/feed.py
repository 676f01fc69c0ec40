"""What the live stream tells: cards as they change in the read models, and the screen's counters.

It stands apart from the broadcaster because it alone knows the hall; it runs on worker threads.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from consoles.api import shown
from consoles.api.freshness import Freshness
from consoles.api.hall_port import HallPort
from consoles.api.live import News
from consoles.api.live_place import Place
from ledger.record import instant

_PAGE = 1_000
ROLLING_CARDS = 10


class HallFeed:
    """News of one hall, read from its read models."""

    def __init__(self, hall: HallPort) -> None:
        """Read from `hall`."""
        self._hall = hall
        self._freshness = Freshness(hall)

    @property
    def identity(self) -> str:
        """The log's identity."""
        return self._hall.log.identity

    def here(self) -> Place:
        """Return up to where the read models have applied the log."""
        return Place(offsets=dict(self._hall.readers.positions()))

    def between(self, begin: Place, end: Place) -> Sequence[News]:
        """Return the cards that changed from `begin` up to before `end`, each as it stands now.

        Every message's place lies just after the change it tells, so that a stream that breaks
        between two of them misses neither.
        """
        zone = self._hall.settings.zone
        reached = {partition: begin.offsets.get(partition, 0) for partition in end.offsets}
        news = []
        for partition, last in sorted(end.offsets.items()):
            for card in self._changed(partition, reached[partition], last):
                reached[partition] = card["changed_offset"] + 1
                news.append(
                    News(
                        event="card",
                        full=to_json(shown.row(card, zone)),
                        public=to_json(shown.public_card(card, zone)),
                        place=Place(offsets=dict(reached)),
                    )
                )
            reached[partition] = last
        return news

    def _changed(self, partition: int, first: int, last: int) -> Iterator[Mapping[str, Any]]:
        while first < last:
            page = self._hall.readers.cards_between({partition: first}, {partition: last}, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            first = page[-1]["changed_offset"] + 1

    def counters(self, place: Place) -> News:
        """Return the public screen's counters; nothing in them is private, so the views are one."""
        data = to_json(self.screen())
        return News(event="counters", full=data, public=data, place=place)

    def screen(self) -> dict[str, Any]:
        """Return what the hall screen shows: counters, lamps of departments, rolling cards.

        `as_of` is the last instant at which everything the log held had been judged and counted.
        """
        hall, zone = self._hall, self._hall.settings.zone
        now_us = hall.now_us()
        as_of_us, ready = self._freshness.look()
        return {
            "now": shown.at(now_us, zone),
            "day": instant(now_us, zone).date().isoformat(),
            "as_of": shown.at(as_of_us, zone),
            "ready": ready,
            "generated": hall.settings.generated,
            "counters": dict(hall.readers.hall_counters(now_us)),
            "departments": [dict(lamp) for lamp in hall.readers.department_lamps()],
            "cards": [
                shown.public_card(card, zone) for card in hall.readers.recent_cards(ROLLING_CARDS)
            ],
        }
