"""What surrounds every page: names, clock, language; and the one way a page is rendered.

It stands apart from the routes so that each of them is about its own content only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from consoles.pages.port import PagesHall
from consoles.pages.texts import COOKIE, LANGS, Texts, choose_lang
from consoles.pages.times import Times
from consoles.pages.view_models import Reader

FOLDER = Path(__file__).parent
_YEAR_S = 365 * 86_400
_LINKS = (
    ("start", "/"),
    ("warnings", "/warnings"),
    ("screen", "/screen/hall"),
    ("efficiency", "/efficiency"),
    ("rules", "/rules"),
)

TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The parts common to all pages."""

    hall_name: str
    generated: bool
    current: str
    links: tuple[tuple[str, str], ...]
    clock: str
    day: str
    day_kind: str
    other_lang_url: str


class Visit:
    """One request for a page: the hall, the reader, and how to answer.

    Attributes:
        hall: the composed hall.
        reader: language, clock and names of this request.
    """

    def __init__(self, request: Request) -> None:
        """Read the language from the query or the cookie, and the time from the hall's clock."""
        self.request = request
        self.hall = cast(PagesHall, request.app.state.hall)
        lang = choose_lang(request.query_params, request.cookies)
        self.reader = Reader(
            t=Texts(lang),
            times=Times(zone=self.hall.settings.zone, lang=lang, now_us=self.hall.now_us()),
            name_of=lambda kind, code: self.hall.name_of(kind, code, lang),
        )

    def frame(self, current: str) -> Frame:
        """Return what surrounds a page called `current` in the navigation."""
        t, times = self.reader.t, self.reader.times
        today = times.today()
        return Frame(
            hall_name=self.hall.settings.hall_name,
            generated=self.hall.settings.generated,
            current=current,
            links=_LINKS,
            clock=times.clock(times.now_us),
            day=times.long_day(today),
            day_kind=t("day.working" if self.hall.is_working_day(today) else "day.holiday"),
            other_lang_url=self._in_other_lang(),
        )

    def _in_other_lang(self) -> str:
        asked = [
            (name, value)
            for name, value in self.request.query_params.multi_items()
            if name not in ("lang", "fragment")
        ]
        other = LANGS[1 - LANGS.index(self.reader.t.lang)]
        return f"{self.request.url.path}?{urlencode([*asked, ('lang', other)])}"

    def page(
        self, template: str, current: str, values: Mapping[str, Any], status: int = 200
    ) -> HTMLResponse:
        """Return a page or a fragment of one; a language asked for is remembered for a year."""
        text = TEMPLATES.get_template(template).render(
            t=self.reader.t, frame=self.frame(current), **values
        )
        answer = HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})
        answer.headers["Content-Language"] = "zh-CN" if self.reader.t.lang == "zh" else "en"
        if self.request.query_params.get("lang") in LANGS:
            answer.set_cookie(
                COOKIE, self.reader.t.lang, max_age=_YEAR_S, httponly=True, samesite="lax"
            )
        return answer

    def missing(self, kind: str, id_: str) -> HTMLResponse:
        """Return the page that says that a case, card or record is not there, and what to do."""
        t = self.reader.t
        values = {"title": t("missing.title"), "sentence": t(f"missing.{kind}", id=id_)}
        return self.page("missing.html", "", values, status=404)
