"""Whether a process can be relied on, and why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What `/readyz` answers.

    Attributes:
        reasons: why the process cannot be relied on; none where it can.
        details: lags, positions and the like, ready for JSON.
    """

    reasons: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether there is no reason against it."""
        return not self.reasons
