"""Problem documents: one table for the whole error tree, one shape through every route."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

import consoles.api.refusals
import ledger.errors
from consoles.api.intake import Conflict
from consoles.api.problems import KINDS, Language, language, problem_of, problem_response
from ledger.errors import EventInvalid, HallError
from ledger.log import Entry, Position
from tests.consoles.api_hall import Served, open_small, served


def tree(root: type[HallError] = HallError) -> Iterator[type[HallError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


ERRORS = sorted(
    {
        cls
        for cls in tree()
        if cls.__module__ in (ledger.errors.__name__, consoles.api.refusals.__name__)
    },
    key=lambda cls: cls.code,
)


def made(cls: type[HallError]) -> HallError:
    if issubclass(cls, EventInvalid | consoles.api.refusals.ParameterInvalid):
        return cls("time", "'yesterday'", "RFC 3339")
    return cls("What was attempted, and what was found.", hint="What to do.", field="somewhere")


def test_the_table_knows_every_error_and_nothing_else() -> None:
    assert {cls.code for cls in ERRORS} == set(KINDS)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.code)
def test_every_error_has_the_one_shape_in_both_languages(
    cls: type[HallError], lang: Language
) -> None:
    response = problem_response(made(cls), lang, index=7)
    problem = json.loads(bytes(response.body))
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == problem["status"]
    assert 400 <= problem["status"] < 600
    assert problem["code"] == cls.code
    assert problem["type"] == f"/api/docs#{cls.code}"
    assert problem["field"] in ("time", "somewhere")
    assert problem["index"] == 7
    assert problem["detail"]
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in problem["title"])
    assert chinese == (lang == "zh")


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.code)
def test_what_may_be_repeated_says_when(cls: type[HallError]) -> None:
    response = problem_response(made(cls), "zh")
    assert ("retry-after" in response.headers) == (response.status_code in (429, 503))
    if cls.retryable:
        assert response.status_code in (408, 429, 503)


def test_a_detail_of_an_error_never_replaces_a_member_of_the_shape() -> None:
    error = HallError("Told.", status=200, code="other", title="x", found=3)
    problem = problem_of(error, "en")
    assert (problem["status"], problem["code"], problem["found"]) == (500, "hall.error", 3)


def test_a_conflict_says_where_the_first_record_lies() -> None:
    conflict = Conflict(Entry("case-1", "/s", "a", b"{}"), Position(2, 31))
    problem = problem_of(conflict, "en")
    assert problem["position"] == {"partition": 2, "offset": 31}
    assert "2:31" in problem["detail"]


@pytest.mark.parametrize(
    ("query", "accepts", "expected"),
    [
        ("", None, "zh"),
        ("lang=en", None, "en"),
        ("lang=zh", "en-US,en;q=0.9", "zh"),
        ("", "en-US,en;q=0.9", "en"),
        ("", "en;q=0.4,zh-CN;q=0.8", "zh"),
        ("", "fr-FR,de", "zh"),
        ("lang=fr", "en;q=x", "en"),
    ],
)
def test_the_language_is_asked_for_by_query_then_by_header(
    query: str, accepts: str | None, expected: str
) -> None:
    headers = [] if accepts is None else [(b"accept-language", accepts.encode())]
    scope = {"type": "http", "query_string": query.encode(), "headers": headers, "path": "/"}
    assert language(HTTPConnection(scope)) == expected


# --- Through the routes --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(open_small(tmp_path_factory.mktemp("hall"))) as it:
        yield it


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "request.not-found"),
        ("GET", "/api/v1/cards/none", 404, "request.not-found"),
        ("GET", "/api/v1/cards/none/explanation", 404, "request.not-found"),
        ("GET", "/api/v1/cases/none", 404, "request.not-found"),
        ("POST", "/api/v1/cards/none/signed", 415, "request.media-type-unsupported"),
        ("POST", "/api/v1/cards/none/painted", 404, "request.not-found"),
        ("GET", "/api/v1/events", 405, "request.method-not-allowed"),
        ("DELETE", "/api/v1/events", 405, "request.method-not-allowed"),
        ("PUT", "/api/v1/cards/x", 405, "request.method-not-allowed"),
        ("GET", "/api/v1/cards?limit=many", 422, "request.parameter-invalid"),
        ("GET", "/api/v1/cards?limit=0", 422, "request.parameter-invalid"),
        ("GET", "/api/v1/cards?limit=501", 422, "request.parameter-invalid"),
        ("GET", "/api/v1/cards?level=purple", 422, "request.parameter-invalid"),
        ("GET", "/api/v1/cards?after=x", 422, "request.parameter-invalid"),
        ("GET", "/api/v1/cards?after=1.2.99999999999999999999", 422, "request.parameter-invalid"),
        ("GET", "/api/v1/cases/x?as_of=2026-11-23T09:00:00", 422, "request.parameter-invalid"),
        ("GET", "/api/v1/efficiency/daily?from=today", 422, "request.parameter-invalid"),
        (
            "GET",
            "/api/v1/efficiency/daily?from=2026-02-02&to=2026-01-01",
            422,
            "request.parameter-invalid",
        ),
        ("GET", "/api/v1/efficiency/daily?format=xls", 422, "request.parameter-invalid"),
        ("GET", "/api/v1/dead-letters?after=x", 422, "request.parameter-invalid"),
        ("GET", f"/api/v1/dead-letters?after={10**20}", 422, "request.parameter-invalid"),
        ("GET", "/live?view=secret", 422, "request.parameter-invalid"),
    ],
)
def test_every_refusal_of_a_route_has_the_shape(
    api: Served, method: str, path: str, status: int, code: str
) -> None:
    answer = api.ask(method, path)
    problem = answer.json()
    assert (answer.status, problem["code"], problem["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"] == KINDS[code].zh


def test_a_parameter_problem_names_the_parameter(api: Served) -> None:
    assert api.get("/api/v1/cards?limit=many").json()["field"] == "limit"
    assert api.get("/api/v1/cases/x?known_at=soon").json()["field"] == "known_at"


def test_a_problem_speaks_english_when_asked(api: Served) -> None:
    assert api.get("/nowhere?lang=en").json()["title"] == "Not found"
    refused = api.post([1], path="/api/v1/events?lang=en").json()
    assert refused["results"][0]["title"] == "The event is not valid"


def test_a_defect_is_a_problem_without_its_insides(tmp_path: Path) -> None:
    with served(open_small(tmp_path)) as broken:
        with broken.hall.projector.store.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE case_limits")
        answer = broken.get("/api/v1/warnings")
        assert (answer.status, answer.json()["code"]) == (500, "request.failed")
        assert b"case_limits" not in answer.body
        assert broken.get("/healthz").status == 200


def test_every_answer_forbids_what_comes_from_outside(api: Served) -> None:
    for path in ("/healthz", "/nowhere", "/api/docs", "/api/v1/cards"):
        headers = api.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
