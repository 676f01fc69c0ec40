"""Instruments of law as values, so that rules carry their basis as data and pages can print it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """A place in a law, regulation or published rule document.

    Attributes:
        instrument: its title, e.g. 行政许可法.
        article, paragraph, item: numbers within it, where it has them.
        clause: a free reference for documents without articles.
    """

    instrument: str
    article: int | None = None
    paragraph: int | None = None
    item: int | None = None
    clause: str | None = None

    def __str__(self) -> str:
        """Return the citation in Chinese, e.g. 《行政许可法》第四十二条第一款."""
        parts = [f"《{self.instrument}》"]
        for number, unit in ((self.article, "条"), (self.paragraph, "款"), (self.item, "项")):
            if number is not None:
                parts.append(f"第{chinese_number(number)}{unit}")
        if self.clause:
            parts.append(self.clause)
        return "".join(parts)


_DIGITS = "零一二三四五六七八九"


def chinese_number(number: int) -> str:
    """Return 1 to 999 in Chinese numerals as statutes write them (42 → 四十二)."""
    if not 0 < number < 1000:
        return str(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")
