"""`hall grafana push`, against a server that answers as Grafana's API does."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.dashboards import FOLDER_TITLE, FOLDER_UID, dashboards
from tests.alerts.grafana_service import TOKEN, Grafana, grafana_running
from tests.consoles.commands import ROOT, Ran, environment, hall

UIDS = [each["uid"] for each in dashboards()]
FOLDER = f"/api/folders/{FOLDER_UID}"
DASHBOARD = f"/api/dashboards/uid/{UIDS[0]}"
SAVE = "/api/dashboards/db"
NO_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with grafana_running() as running:
        yield running


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="ascii")
    return path


def push(url: str, token_file: Path, *options: str) -> Ran:
    ran = hall("grafana", "push", "--url", url, "--token-file", token_file, *options, env=NO_PROXY)
    assert TOKEN not in ran.out + ran.err
    return ran


def pushed(grafana: Grafana, token_file: Path) -> list[str]:
    ran = push(grafana.url, token_file, "--json")
    assert ran.code == 0, ran.err
    assert [each["uid"] for each in ran.json()] == UIDS
    return [each["outcome"] for each in ran.json()]


def test_folder_and_dashboards_are_put_there_as_this_version_has_them(
    grafana: Grafana, token_file: Path
) -> None:
    assert pushed(grafana, token_file) == ["created", "created"]
    assert grafana.folders[FOLDER_UID]["title"] == FOLDER_TITLE
    for each in dashboards():
        held = grafana.dashboards[each["uid"]]
        assert held["meta"]["folderUid"] == FOLDER_UID
        assert held["dashboard"] == {**each, "id": 7, "version": 1}


def test_pushed_again_nothing_is_written(grafana: Grafana, token_file: Path) -> None:
    pushed(grafana, token_file)
    before = len(grafana.written)
    assert pushed(grafana, token_file) == ["unchanged", "unchanged"]
    assert len(grafana.written) == before


def test_what_was_changed_or_moved_in_grafana_is_put_right(
    grafana: Grafana, token_file: Path
) -> None:
    pushed(grafana, token_file)
    grafana.dashboards[UIDS[0]]["dashboard"]["title"] = "changed"
    grafana.dashboards[UIDS[1]]["meta"]["folderUid"] = "elsewhere"
    grafana.folders[FOLDER_UID]["title"] = "renamed"
    assert pushed(grafana, token_file) == ["updated", "updated"]
    assert grafana.folders[FOLDER_UID]["title"] == FOLDER_TITLE
    assert pushed(grafana, token_file) == ["unchanged", "unchanged"]


def test_it_says_what_became_of_each_and_where_it_is(grafana: Grafana, token_file: Path) -> None:
    ran = push(f"{grafana.url}/", token_file)
    assert ran.code == 0
    for line, each in zip(ran.out.splitlines(), dashboards(), strict=True):
        assert line.startswith("created")
        assert line.endswith(f"{each['title']}  {grafana.url}/d/{each['uid']}/{each['uid']}")


def test_a_wrong_token_is_named_with_the_rights_it_needs(grafana: Grafana, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("glsa_other", encoding="ascii")
    ran = push(grafana.url, path)
    assert (ran.code, ran.out) == (2, "")
    assert "answered 401, Invalid API key. [alert.channel-refused]" in ran.err
    assert "service account" in ran.err
    assert "glsa_other" not in ran.err


REFUSALS: list[tuple[tuple[str, str], int, Any, str]] = [
    (("GET", FOLDER), 403, {"message": "additional permissions"}, "403, additional permissions"),
    (("POST", "/api/folders"), 409, {"message": "folder exists"}, "409, folder exists"),
    (("POST", SAVE), 400, {"message": "Cannot save provisioned dashboard"}, "provisioned"),
    (("POST", SAVE), 412, {"status": "name-exists", "message": "taken"}, "412, name-exists taken"),
    (("GET", DASHBOARD), 400, {}, "answered 400"),
]


@pytest.mark.parametrize(
    ("asked", "status", "body", "found"), REFUSALS, ids=[case[3] for case in REFUSALS]
)
def test_a_refusal_is_told_in_grafana_s_own_words(
    grafana: Grafana,
    token_file: Path,
    asked: tuple[str, str],
    status: int,
    body: Any,
    found: str,
) -> None:
    grafana.scripted[asked] = (status, body)
    ran = push(grafana.url, token_file)
    assert (ran.code, ran.out) == (2, "")
    assert found in ran.err
    assert "[alert.channel-refused]" in ran.err


UNSAID: list[tuple[tuple[str, str], Any]] = [
    (("POST", SAVE), {"status": "plugin-dashboard", "uid": UIDS[0]}),
    (("POST", SAVE), {"status": "success", "uid": "another"}),
    (("POST", SAVE), {}),
    (("POST", "/api/folders"), {"uid": "another", "title": FOLDER_TITLE}),
]


@pytest.mark.parametrize(("asked", "body"), UNSAID)
def test_an_answer_of_200_is_no_success_unless_its_body_says_so(
    grafana: Grafana, token_file: Path, asked: tuple[str, str], body: Any
) -> None:
    grafana.scripted[asked] = (200, body)
    ran = push(grafana.url, token_file)
    assert (ran.code, ran.out) == (2, "")
    assert "does not say that it was done" in ran.err


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[]", b"null", b""])
def test_an_answer_that_is_none_of_grafana_s_is_named(
    grafana: Grafana, token_file: Path, body: bytes
) -> None:
    grafana.scripted["GET", FOLDER] = (200, body)
    ran = push(grafana.url, token_file)
    assert (ran.code, ran.out) == (2, "")
    assert "not what Grafana's API gives" in ran.err


@pytest.mark.parametrize("body", [{"message": "database is locked"}, b"<html>Bad Gateway</html>"])
def test_a_failure_of_the_server_may_be_tried_again(
    grafana: Grafana, token_file: Path, body: Any
) -> None:
    grafana.scripted["POST", SAVE] = (502, body)
    ran = push(grafana.url, token_file)
    assert (ran.code, ran.out) == (3, "")
    assert "answered 502" in ran.err
    assert pushed_after(grafana, token_file) == ["created", "created"]


def pushed_after(grafana: Grafana, token_file: Path) -> list[str]:
    grafana.scripted.clear()
    return pushed(grafana, token_file)


def test_where_nobody_answers_it_may_be_tried_again(token_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ran = push(f"http://127.0.0.1:{taken.getsockname()[1]}", token_file)
    assert (ran.code, ran.out) == (3, "")
    assert "no answer (ConnectionError). [alert.channel-unavailable]" in ran.err


@pytest.mark.parametrize(
    "url",
    [
        "grafana.example",
        "ftp://grafana.example",
        "http://",
        "http://admin:secret@grafana.example",
        "http://grafana.example:port",
    ],
)
def test_an_address_that_cannot_be_one_is_refused_and_not_repeated(
    token_file: Path, url: str
) -> None:
    ran = push(url, token_file)
    assert (ran.code, ran.out) == (2, "")
    assert "[settings.invalid]" in ran.err
    assert "secret" not in ran.err


@pytest.mark.parametrize("content", [b"", b"\n\nlater", "令牌".encode(), b"\xff\xfe", None])
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    ran = push("http://127.0.0.1:9", path)
    assert (ran.code, ran.out) == (2, "")
    assert str(path) in ran.err


WITHOUT_THE_EXTRA = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "grafana_api":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
from consoles.cli.main import main
main()
"""


def test_without_the_extra_the_command_names_it(token_file: Path) -> None:
    args = ["grafana", "push", "--url", "http://127.0.0.1:9", "--token-file", str(token_file)]
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA, *args],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=ROOT,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "the module grafana_api is not installed. [settings.extra-missing]" in ran.stderr
    assert "hall-ledger[grafana]" in ran.stderr


def test_json_is_one_value(grafana: Grafana, token_file: Path) -> None:
    (line,) = push(grafana.url, token_file, "--json").out.splitlines()
    assert [set(each) for each in json.loads(line)] == [{"uid", "title", "outcome", "url"}] * 2
