"""The one rule that the peers apply: a deadline per case. Ours judges by all rules instead.

Plain Python alone, since one of the peers lives in an environment without our dependencies.
"""

import json
import time
from datetime import datetime
from typing import Any

PARTITIONS = 6
"""As many as the halls of the bench have."""
_DAY_S = 86_400


def after(state: dict[str, Any] | None, event: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a case after an event: how many there were, and when it is due."""
    known: dict[str, Any] = {"events": 0, "due": None} if state is None else dict(state)
    known["events"] += 1
    if event["type"] == "hall.case.accepted.v1":
        limit = event["data"].get("promised_limit") or event["data"].get("statutory_limit") or {}
        accepted = datetime.fromisoformat(event["time"]).timestamp()
        known["due"] = accepted + limit.get("amount", 20) * _DAY_S
    elif event["type"] == "hall.case.completed.v1":
        known["due"] = None
    return known


class Meter:
    """Counts events; the first begins the time, and the last prints what it took."""

    def __init__(self, events: int) -> None:
        """Expect so many."""
        self._expected = events
        self._seen = 0
        self._begun = self._cpu = 0.0

    def saw(self, count: int = 1) -> bool:
        """Note some more; whether all have come."""
        if not self._seen:
            self._begun, self._cpu = time.perf_counter(), time.process_time()
        self._seen += count
        if self._seen < self._expected:
            return False
        told = {
            "events": self._seen,
            "seconds": time.perf_counter() - self._begun,
            "cpu": time.process_time() - self._cpu,
        }
        print(json.dumps(told), flush=True)
        return True
