"""The demo's source systems at work: they wait for the hall's clock and send what is due.

It stands apart as the one place where the stories meet time and network. The clock is the server's
own, passed in; the way in is the public API, and there is no other.
"""

import threading
from collections.abc import Callable, Iterator

from consoles.demo.acts import acts_on, seen_card
from consoles.demo.days import Hall
from consoles.demo.facts import Sending
from consoles.demo.intake_client import Counts, IntakeClient
from consoles.demo.stream import Outgoing, stream
from consoles.demo.town import county
from consoles.demo.workday import MINUTE_US, SECOND_US, HallTime

BATCH_MAX = 100
POLL_US = 2 * MINUTE_US
NAP_US = 10 * SECOND_US
"""Longest sleep of virtual time at once, so that a stop and a new card are noticed."""
CARDS_PATH = "/api/v1/cards?limit=100"


class DemoSource:
    """Sends one seeded hall's facts through the public intake, day after day.

    Attributes:
        backlog: what was sent before virtual time began; it is not sent again.
    """

    def __init__(self, *, seed: int, hours: HallTime, start_us: int) -> None:
        """Work out the opening stock and the first day, which takes about a second.

        Make it before the virtual clock starts, so that nothing is late because of it.

        Args:
            seed: decides every case of the hall.
            hours: the calendar by which cases are judged.
            start_us: where virtual time began in this folder (`town.start_instant`); after a
                restart the sources repeat themselves from there, and the intake knows the repeats.
        """
        self.hall = Hall(seed=seed, town=county(), hours=hours)
        self.counts = Counts()
        stories = stream(self.hall, start_us)
        self._next = next(stories)
        self.backlog: list[Sending] = []
        while self._next.at_us <= start_us:
            self.backlog.append(self._next)
            self._next = next(stories)
        self._stories: Iterator[Sending] = stories
        self._acts = Outgoing()
        self._seen: set[str] = set()

    def run(
        self,
        base_url: str,
        now: Callable[[], int],
        sleep_until: Callable[[int], None],
        stop: threading.Event,
    ) -> Counts:
        """Send what is due, as it falls due, until `stop` is set; then say what became of it.

        Args:
            base_url: where the hall is served, e.g. `http://127.0.0.1:8765`.
            now: the server's virtual instant, in µs.
            sleep_until: returns at a virtual instant, or earlier.
            stop: ends the run within a nap.
        """
        client = IntakeClient(base_url, stop)
        self.counts = client.counts
        poll_us = now() + POLL_US
        try:
            while not stop.is_set():
                batch = self._due(now())
                if batch:
                    client.post([sending.event for sending in batch])
                elif now() >= poll_us:
                    self._look_at_cards(client, now())
                    poll_us = now() + POLL_US
                else:
                    sleep_until(min(self._next_us(), poll_us, now() + NAP_US))
        finally:
            client.close()
        return self.counts

    def _due(self, now_us: int) -> list[Sending]:
        """Return the next facts whose moment has come, at most a batch of them."""
        batch: list[Sending] = []
        while len(batch) < BATCH_MAX and self._next.at_us <= now_us:
            batch.append(self._next)
            self._next = next(self._stories)
        batch.extend(self._acts.take_until(now_us))
        return batch

    def _next_us(self) -> int:
        act_us = self._acts.next_us()
        return self._next.at_us if act_us is None else min(act_us, self._next.at_us)

    def _look_at_cards(self, client: IntakeClient, now_us: int) -> None:
        """Let people act on the cards that have appeared since the last look."""
        answer = client.get(CARDS_PATH)
        items = answer.get("items") if isinstance(answer, dict) else None
        for item in items if isinstance(items, list) else ():
            card = seen_card(item, now_us) if isinstance(item, dict) else None
            if card is not None and card.card_id not in self._seen:
                self._seen.add(card.card_id)
                self._acts.add(acts_on(card, self.hall.seed, self.hall.hours))
