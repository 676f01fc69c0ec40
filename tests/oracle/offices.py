"""The offices that random histories are judged by, written out by hand.

It stands apart because it is data: the State Council's notices as published, not as any package
compiles them.
"""

from datetime import date, time, timedelta

from tests.oracle.office_time import Office


def _days(*spans: tuple[int, int, int, int]) -> frozenset[date]:
    """Return all days of spans (year, month, first day, how many)."""
    return frozenset(
        date(year, month, first) + timedelta(days=number)
        for year, month, first, count in spans
        for number in range(count)
    )


# 国务院办公厅关于部分节假日安排的通知, 2023 to 2026: the days off, weekends inside included.
CHINA_DAYS_OFF = _days(
    *((2023, 1, 1, 2), (2023, 1, 21, 7), (2023, 4, 5, 1), (2023, 4, 29, 5), (2023, 6, 22, 3)),
    *((2023, 9, 29, 8), (2023, 12, 30, 3), (2024, 2, 10, 8), (2024, 4, 4, 3), (2024, 5, 1, 5)),
    *((2024, 6, 10, 1), (2024, 9, 15, 3), (2024, 10, 1, 7), (2025, 1, 1, 1), (2025, 1, 28, 8)),
    *((2025, 4, 4, 3), (2025, 5, 1, 5), (2025, 5, 31, 3), (2025, 10, 1, 8), (2026, 1, 1, 3)),
    *((2026, 2, 15, 9), (2026, 4, 4, 3), (2026, 5, 1, 5), (2026, 6, 19, 3), (2026, 9, 25, 3)),
    (2026, 10, 1, 7),
)
# The same notices: weekend days that are worked instead.
CHINA_DAYS_ON = _days(
    *((2023, 1, 28, 2), (2023, 4, 23, 1), (2023, 5, 6, 1), (2023, 6, 25, 1), (2023, 10, 7, 2)),
    *((2024, 2, 4, 1), (2024, 2, 18, 1), (2024, 4, 7, 1), (2024, 4, 28, 1), (2024, 5, 11, 1)),
    *((2024, 9, 14, 1), (2024, 9, 29, 1), (2024, 10, 12, 1), (2025, 1, 26, 1), (2025, 2, 8, 1)),
    *((2025, 4, 27, 1), (2025, 9, 28, 1), (2025, 10, 11, 1), (2026, 1, 4, 1), (2026, 2, 14, 1)),
    *((2026, 2, 28, 1), (2026, 5, 9, 1), (2026, 9, 20, 1), (2026, 10, 10, 1)),
)

OFFICES = {
    "cn": Office(
        zone="Asia/Shanghai",
        hours=((time(9), time(12)), (time(13), time(17))),
        days_off=CHINA_DAYS_OFF,
        days_on=CHINA_DAYS_ON,
    ),
    "nl-weekdays": Office(zone="Europe/Amsterdam", hours=((time(9), time(17)),)),
    # Open while the clocks change on Sundays in March and October.
    "night-desk": Office(
        zone="Europe/Amsterdam",
        hours=((time(1), time(5)), (time(22), time(23))),
        days_on=_days((2024, 3, 31, 1), (2024, 10, 27, 1), (2025, 3, 30, 1), (2025, 10, 26, 1)),
    ),
}
