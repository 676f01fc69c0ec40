"""Puts dashboards into a Grafana through its HTTP API, by grafana-api.

The second way: a Grafana of one's own provisions itself from files (`deploy/grafana/`). Pushing the
same again changes nothing, and success is only what Grafana's own answer says.

grafana-api and what it needs come with the extra `grafana`, so only the command imports this.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from grafana_api.grafana_api import (
    GrafanaClientError,
    GrafanaException,
    GrafanaServerError,
    GrafanaUnauthorizedError,
)
from grafana_api.grafana_face import GrafanaFace
from requests import RequestException
from requests.exceptions import InvalidJSONError

from ledger.errors import ChannelRefused, ChannelUnavailable, SettingInvalid

Json = Mapping[str, Any]
ANSWER_SECONDS_MAX = 30.0
MESSAGE = "hall grafana push"
_OWN = ("id", "version")
"""What Grafana adds to a dashboard that it keeps."""
_RIGHTS = (
    "The token needs the right to read, create and write folders and dashboards: a service account "
    "with the role Editor has it."
)


class Pushed(NamedTuple):
    """What became of one dashboard."""

    uid: str
    title: str
    outcome: Literal["created", "updated", "unchanged"]
    url: str


class GrafanaDashboards:
    """The dashboards of one folder of one Grafana."""

    def __init__(self, url: str, token: str) -> None:
        """Say where it is and who asks; nothing is sent yet.

        Args:
            url: address of Grafana, e.g. `https://grafana.example/sub/path`.
            token: of a service account.

        Raises:
            SettingInvalid: the address is none of HTTP, or names a user.
        """
        parts = _checked(url)
        path = parts.path.strip("/")
        self._url = f"{parts.scheme}://{parts.netloc}/{path}".rstrip("/")
        self._face = GrafanaFace(
            auth=token,
            host=parts.netloc,
            url_path_prefix=f"{path}/" if path else "",
            protocol=parts.scheme,
            timeout=ANSWER_SECONDS_MAX,
        )

    def push(self, folder_uid: str, folder: str, dashboards: Sequence[Json]) -> list[Pushed]:
        """Make the folder and the dashboards be there as they are given.

        Raises:
            ChannelUnavailable: Grafana did not answer, or answered that it cannot now.
            ChannelRefused: Grafana refused, or its answer does not say that it was done.
        """
        self._put_folder(folder_uid, folder)
        return [self._put(each, folder_uid) for each in dashboards]

    def _put_folder(self, uid: str, title: str) -> None:
        what = f"folder {title!r}"
        found = self._found(what, lambda: self._face.folder.get_folder(uid))
        if found is not None and found.get("title") == title:
            return
        if found is None:
            said = self._asked(what, lambda: self._face.folder.create_folder(title, uid))
        else:
            said = self._asked(
                what, lambda: self._face.folder.update_folder(uid, title, overwrite=True)
            )
        if said.get("uid") != uid or said.get("title") != title:
            raise self._unsaid(what, said)

    def _put(self, dashboard: Json, folder_uid: str) -> Pushed:
        uid, title = dashboard["uid"], dashboard["title"]
        what = f"dashboard {title!r}"
        found = self._found(what, lambda: self._face.dashboard.get_dashboard(uid))
        if found is not None and _is_same(found, dashboard, folder_uid):
            return Pushed(uid, title, "unchanged", self._url + str(found["meta"].get("url", "")))
        body = {
            "dashboard": dict(dashboard),
            "folderUid": folder_uid,
            "message": MESSAGE,
            "overwrite": True,
        }
        said = self._asked(what, lambda: self._face.dashboard.update_dashboard(body))
        if said.get("status") != "success" or said.get("uid") != uid:
            raise self._unsaid(what, said)
        outcome: Literal["created", "updated"] = "created" if found is None else "updated"
        return Pushed(uid, title, outcome, self._url + str(said.get("url", "")))

    def _found(self, what: str, ask: Callable[[], Any]) -> Json | None:
        """Return what Grafana holds, or None if it says that it holds none."""
        try:
            return self._asked(what, ask)
        except ChannelRefused as error:
            if error.details.get("status") == 404:
                return None
            raise

    def _asked(self, what: str, ask: Callable[[], Any]) -> Json:
        """Return an answer that is a JSON object; any other outcome is an error of ours."""
        doing = f"Putting {what} into Grafana at {self._url}"
        try:
            said = ask()
        except GrafanaException as error:
            raise _translated(doing, error) from error
        except (InvalidJSONError, TypeError) as error:  # also an error page that grafana-api reads
            raise _no_json(doing) from error
        except RequestException as error:
            raise ChannelUnavailable(
                f"{doing}: no answer ({type(error).__name__}).",
                hint="See whether the address is right and Grafana lives; the same may be sent "
                "again.",
            ) from error
        if not isinstance(said, dict):
            raise _no_json(doing)
        return said

    def _unsaid(self, what: str, said: Json) -> ChannelRefused:
        found = {name: said.get(name) for name in ("status", "message", "uid") if name in said}
        return ChannelRefused(
            f"Putting {what} into Grafana at {self._url}: its answer does not say that it was "
            f"done, found {found or 'an object without status'}.",
            hint="Look into Grafana before sending again.",
        )


def _checked(url: str) -> SplitResult:
    """Return the parts of an address of HTTP without a user, whose name would be shown."""
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        is_address = False
    if not is_address or parts.scheme not in ("http", "https"):
        raise SettingInvalid(
            "url: expected the address of Grafana, such as https://grafana.example, without a user "
            "or password in it."
        )
    return parts


def _is_same(found: Json, dashboard: Json, folder_uid: str) -> bool:
    """Whether Grafana holds just this, in that folder."""
    kept, meta = found.get("dashboard"), found.get("meta")
    if not isinstance(kept, dict) or not isinstance(meta, dict):
        return False
    ours = {name: value for name, value in dashboard.items() if name not in _OWN}
    theirs = {name: value for name, value in kept.items() if name not in _OWN}
    return ours == theirs and meta.get("folderUid") == folder_uid


def _no_json(doing: str) -> ChannelRefused:
    return ChannelRefused(
        f"{doing}: the answer is not what Grafana's API gives.",
        hint="The address may lead to a login page, a proxy, or another program.",
    )


def _translated(doing: str, error: GrafanaException) -> ChannelRefused | ChannelUnavailable:
    """Return what Grafana said as an error of ours; its own words come with it."""
    body = error.response if isinstance(error.response, dict) else {}
    words = " ".join(str(body[name]) for name in ("status", "message") if body.get(name))
    found = f"{doing}: answered {error.status_code}" + (f", {words}." if words else ".")
    status = {"status": error.status_code}
    if isinstance(error, GrafanaServerError):
        return ChannelUnavailable(found, hint="Grafana's own journal says why.", **status)
    if isinstance(error, GrafanaUnauthorizedError) or error.status_code == 403:
        return ChannelRefused(found, hint=_RIGHTS, **status)
    assert isinstance(error, GrafanaClientError), "grafana-api knows no third kind"
    return ChannelRefused(found, hint="Mend what it names and push again.", **status)
