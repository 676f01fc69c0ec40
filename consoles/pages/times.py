"""Instants and spans as people read them, always in the hall's zone.

It stands apart so that no template and no browser ever converts a time: a browser in another zone
must show what the hall's own clock showed.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from consoles.pages.texts import Lang
from ledger.record import instant, micros

SECOND_US = 1_000_000
_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_UNITS: dict[str, tuple[str, str, str]] = {
    "working_day": ("个工作日", "working day", "working days"),
    "natural_day": ("个自然日", "natural day", "natural days"),
    "month": ("个月", "month", "months"),
    "working_hour": ("个工作小时", "working hour", "working hours"),
    "hour": ("小时", "hour", "hours"),
    "minute": ("分钟", "minute", "minutes"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Writes times for one reader.

    Attributes:
        zone: the hall's zone.
        lang: the reader's language.
        now_us: the hall's present instant; years other than this one's are written out.
    """

    zone: ZoneInfo
    lang: Lang
    now_us: int

    def local(self, us: int) -> datetime:
        """Return an instant in the hall's zone."""
        return instant(us, self.zone)

    def iso(self, us: int) -> str:
        """Return RFC 3339 with the hall's offset."""
        return self.local(us).isoformat()

    def stamp(self, us: int | None) -> str:
        """Return `11-24 09:32:05`, with the year where it is not the present one; “—” for None."""
        if us is None:
            return "—"
        at = self.local(us)
        form = "%m-%d %H:%M:%S" if at.year == self.local(self.now_us).year else "%Y-%m-%d %H:%M:%S"
        return at.strftime(form)

    def minute(self, us: int) -> str:
        """Return `11-24 09:32`, with the year where it is not the present one."""
        return self.stamp(us)[:-3]

    def clock(self, us: int) -> str:
        """Return `09:32`."""
        return self.local(us).strftime("%H:%M")

    def seconds(self, us: int) -> str:
        """Return `09:32:05`."""
        return self.local(us).strftime("%H:%M:%S")

    def day_label(self, us: int) -> str:
        """Return `11-24`, with the year where it is not the present one."""
        return self.stamp(us)[:-9]

    def edge(self, us: int, *, end: bool = False) -> str:
        """Return an instant as the edge of a span: at midnight the day, `11-24 24:00` as an end."""
        at = self.local(us)
        if (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0):
            return self.stamp(us)
        return f"{self.day_label(us - SECOND_US)} 24:00" if end else f"{self.day_label(us)} 00:00"

    def midnight_after(self, us: int) -> int:
        """Return the first local midnight after an instant."""
        day = self.local(us).date() + timedelta(days=1)
        return micros(datetime.combine(day, time(), tzinfo=self.zone))

    def today(self) -> date:
        """Return the hall's local day."""
        return self.local(self.now_us).date()

    def long_day(self, day: date) -> str:
        """Return the day with its weekday, as a notice board shows it."""
        if self.lang == "zh":
            return f"{day.year}年{day.month}月{day.day}日 星期{_WEEKDAYS_ZH[day.weekday()]}"
        weekday, month = _WEEKDAYS_EN[day.weekday()], _MONTHS_EN[day.month - 1]
        return f"{weekday}, {day.day} {month} {day.year}"

    def span(self, us: int) -> str:
        """Return a length of time in hours, minutes and seconds, leaving out empty parts."""
        whole = abs(us) // SECOND_US
        hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
        names = ("小时", "分", "秒") if self.lang == "zh" else ("h", "min", "s")
        parts = [
            f"{amount} {name}"
            for amount, name in zip((hours, minutes, seconds), names, strict=True)
            if amount
        ]
        return ("−" if us < 0 else "") + (" ".join(parts) or f"0 {names[2]}")

    def wall_span(self, us: int) -> str:
        """Return a length of wall time, days and hours first, in its two greatest units."""
        whole = max(0, us) // SECOND_US
        amounts = (whole // 86_400, whole // 3600 % 24, whole // 60 % 60, whole % 60)
        names = ("天", "小时", "分", "秒") if self.lang == "zh" else ("d", "h", "min", "s")
        first = next((place for place, amount in enumerate(amounts) if amount), 3)
        shown = list(zip(amounts, names, strict=True))[first : first + 2]
        return " ".join(f"{amount} {name}" for amount, name in shown)

    def granted(self, amount: int, unit: str) -> str:
        """Return a limit as law states it, e.g. `7 个工作日`."""
        zh, one, many = _UNITS.get(unit, (unit, unit, unit))
        return f"{amount} {zh if self.lang == 'zh' else one if amount == 1 else many}"


def read_instant(text: str) -> int:
    """Return RFC 3339 text with an offset as microseconds since the epoch.

    Raises:
        ValueError: no time, or one without an offset.
    """
    # A "+" in a query that was not escaped arrives as a space.
    at = datetime.fromisoformat(text.strip().replace(" ", "+"))
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return micros(at)
