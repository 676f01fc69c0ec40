"""A small server that answers as Grafana's HTTP API does where dashboards are put.

Grafana itself cannot be had as a package; the shapes and statuses are those of its documentation
and source (folders, dashboards/db, dashboards/uid), of versions 10 to 13.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, Any]
"""Status and body; a body of bytes is sent as it is."""

TOKEN = "glsa_secret"


@dataclass
class Grafana:
    """What it holds, and what it was asked.

    Attributes:
        scripted: answers given instead of the right ones, by method and path.
        asked: method and path of each request.
    """

    url: str = ""
    folders: dict[str, Json] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    scripted: dict[tuple[str, str], Answer] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def written(self) -> list[tuple[str, str]]:
        """What it was asked to change."""
        return [each for each in self.asked if each[0] != "GET"]

    def answer(self, method: str, path: str, token: str, body: Any) -> Answer:
        """Answer a request as Grafana does."""
        self.asked.append((method, path))
        if (method, path) in self.scripted:
            return self.scripted[method, path]
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "Invalid API key"}
        parent, _, last = path.rpartition("/")
        routes: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "/api/folders"): lambda: self._held(self.folders, last, "folder not found"),
            ("POST", "/api"): lambda: self._new_folder(body),
            ("PUT", "/api/folders"): lambda: self._renamed(last, body),
            ("GET", "/api/dashboards/uid"): lambda: self._held(
                self.dashboards, last, "Dashboard not found"
            ),
            ("POST", "/api/dashboards"): lambda: self._saved(body),
        }
        return routes.get((method, parent), lambda: (404, {"message": "Not found"}))()

    def _held(self, held: dict[str, Json], uid: str, missing: str) -> Answer:
        return (200, held[uid]) if uid in held else (404, {"message": missing})

    def _new_folder(self, body: Json) -> Answer:
        if body["uid"] in self.folders:
            return 412, {"message": "a folder with the same UID already exists"}
        made = {"id": len(self.folders) + 1, "version": 1, **body}
        self.folders[body["uid"]] = made
        return 200, made

    def _renamed(self, uid: str, body: Json) -> Answer:
        if not body.get("overwrite"):
            return 412, {"status": "version-mismatch", "message": "the folder has been changed"}
        self.folders[uid] |= {"title": body["title"], "version": self.folders[uid]["version"] + 1}
        return 200, self.folders[uid]

    def _saved(self, body: Json) -> Answer:
        dashboard, folder = body["dashboard"], body["folderUid"]
        uid = dashboard["uid"]
        if folder not in self.folders:
            return 400, {"message": "folder not found"}
        if not body["overwrite"] and uid in self.dashboards:
            return 412, {"status": "version-mismatch", "message": "changed by someone else"}
        before = self.dashboards.get(uid)
        version = before["dashboard"]["version"] + 1 if before else 1
        url = f"/d/{uid}/{uid}"
        kept = {**dashboard, "id": 7, "version": version}
        meta = {"folderUid": folder, "url": url, "version": version}
        self.dashboards[uid] = {"dashboard": kept, "meta": meta}
        said = {"id": 7, "slug": uid, "status": "success", "uid": uid, "url": url}
        return 200, {**said, "version": version, "folderUid": folder}


@contextmanager
def grafana_running() -> Iterator[Grafana]:
    """Let it answer on a free port."""
    grafana = Grafana()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            token = self.headers.get("Authorization", "")
            status, said = grafana.answer(self.command, self.path, token, body)
            raw = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_PUT = do_GET  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the same
            """Keep no log of requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    grafana.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield grafana
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
