"""A composed hall explains its cases by what its partitions have published, on pages too."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from consoles.api.app import create_app
from consoles.api.serve import running
from consoles.bootstrap import open_hall
from consoles.clock import VirtualClock
from consoles.hall import Hall
from consoles.settings import Settings
from ledger.log import Entry
from ledger.wire import accept
from tests.consoles.api_hall import Served
from tests.consoles.commands import acceptance, event, working_days
from tests.golden.language import HOUR_US, at

START_US = at("2018-10-15 10:00:00")
MATTER = {
    "specversion": "1.0",
    "id": "m-1",
    "source": "/catalogue",
    "type": "hall.reference.matter-published.v1",
    "subject": "reference:matter:M-1",
    "time": "2018-01-01T00:00:00+08:00",
    "data": {
        "effective_from": "2018-01-01T00:00:00+08:00",
        "entry": {
            "code": "M-1",
            "name": "M-1",
            "department": "D-1",
            "promised_limit": working_days(2),
        },
    },
}


@contextmanager
def opened(folder: Path, *events: dict[str, Any]) -> Iterator[Hall]:
    """A hall of one partition that has judged some events."""
    settings = Settings(data=folder, partitions=1)
    made = open_hall(settings, role="supervise", clock=lambda _: VirtualClock(START_US, 1))
    try:
        for each in events:
            record, raw = accept(each)
            made.log.append([Entry(record.subject, record.source, record.id, raw)])
        made.engine.catch_up()
        yield made
    finally:
        made.close()


def test_limits_that_the_catalogue_published_are_explained_as_such(tmp_path: Path) -> None:
    case = acceptance(promised_limit=None, statutory_limit=None)
    case["data"] = {name: value for name, value in case["data"].items() if value is not None}
    with opened(tmp_path, MATTER, case) as made:
        why = made.explain_case("C-1", at("2018-10-16 10:00:00"))
    assert why is not None
    (clock,) = why["clocks"]
    assert [(each["limit"], each["origin"], each["budget"]) for each in clock["limits"]] == [
        ("promised", "catalogue", 14 * HOUR_US),
        ("statutory", "pack", 140 * HOUR_US),
    ]


def test_a_case_that_cannot_be_judged_says_so_instead_of_failing(tmp_path: Path) -> None:
    case = acceptance(statutory_limit=working_days(100_000))
    with opened(tmp_path, case) as made:
        why = made.explain_case("C-1")
        assert made.explain_case("nobody") is None
    assert why is not None
    assert (why["clocks"], why["unjudged"]) == ([], "policy.outside-calendar")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_a_case_leads_to_its_clocks_and_they_to_their_records(
    tmp_path: Path, lang: str
) -> None:
    stage = event("stage-started", "2018-10-15 10:30:00", stage="审查")
    case = acceptance(stage_limits={"审查": working_days(1)})
    with opened(tmp_path, case, stage) as made, running(create_app(made)) as server:
        site = Served(hall=None, server=server)  # type: ignore[arg-type] # only asks
        path = "/cases/C-1/explanation"
        assert f'href="{path}"' in site.get(f"/cases/C-1?lang={lang}").body.decode()
        late = "as_of=2018-10-16T11:00:00%2B08:00"
        shown = site.get(f"{path}?lang={lang}&{late}").body.decode()
        assert shown.count('class="sheet section clock"') == 2
        assert ("环节时限 · 审查" if lang == "zh" else "Stage · Review") in shown
        assert 'href="/records/0/' in shown
        assert site.get(f"{path}?as_of=soon").status == 400
        assert site.get("/cases/nobody/explanation").status == 404
