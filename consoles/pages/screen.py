"""The public hall screen as values: counters, lamps, cards without case or person, the trend.

It stands apart because what the public may see is decided here and nowhere else: no value of this
module carries a case number, a person or a reference.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from consoles.pages.reading import Reading
from consoles.pages.view_models import (
    ROLLING,
    Bar,
    Figure,
    Lamp,
    Reader,
    Rolling,
    figures,
    lamps,
    rolling,
    trend,
)

TREND_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenView:
    """Everything the hall screen shows.

    Attributes:
        as_of_us: instant up to which all was counted; None before any.
    """

    as_of: str
    as_of_us: int | None
    as_of_clock: str
    figures: list[Figure]
    lamps: list[Lamp]
    lamps_note: str
    rolling: list[Rolling]
    trend: list[Bar]
    trend_top: int


def trend_days(today: date) -> tuple[date, date]:
    """Return the first and the last day of the trend."""
    return today - timedelta(days=TREND_DAYS - 1), today


def screen_view(reading: Reading, reader: Reader) -> ScreenView:
    """Return the screen as it stands."""
    t, times = reader.t, reader.times
    today = times.today()
    as_of_us = reading.as_of_us()
    days = trend_days(today)
    lit = lamps(reading.lamps(days), reader)
    bars, top = trend(reading.trend(*days))
    return ScreenView(
        as_of="—" if as_of_us is None else times.seconds(as_of_us),
        as_of_us=as_of_us,
        as_of_clock=times.clock(times.now_us if as_of_us is None else as_of_us),
        figures=figures(reading.counters(), reader),
        lamps=lit,
        lamps_note=t("screen.lit", count=len(lit), lit=sum(lamp.level != "calm" for lamp in lit)),
        rolling=rolling(reading.cards(None, None, ROLLING), reader),
        trend=bars,
        trend_top=top,
    )
