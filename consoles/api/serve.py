"""Running the application: uvicorn with its fast parts, an orderly stop, and a thread for tests.

It stands apart because open streams never end by themselves: the server must close them before it
waits for its connections.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

STOP_WITHIN_S = 5
"""Seconds that requests under way get to finish when the server stops."""


class HallServer(uvicorn.Server):
    """A server that ends its live streams before it waits for connections to close."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, started: threading.Event) -> None:
        """Serve `app` by `config`; `started` is set once it takes connections."""
        super().__init__(config)
        self._hall_app = app
        self._hall_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell whoever waits for it."""
        await super().startup(sockets)
        self._hall_started.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then stop in order."""
        live = getattr(self._hall_app.state, "live", None)
        if live is not None:
            live.close()
        await super().shutdown(sockets)


def server_for(app: FastAPI, *, started: threading.Event | None = None) -> HallServer:
    """Return a server of `app` without access log, on uvloop and httptools."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        backlog=2048,
    )
    return HallServer(config, app, started or threading.Event())


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and `port` (0: a free one), not yet listening.

    Raises:
        OSError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.set_inheritable(True)
    return bound


def run(app: FastAPI, host: str, port: int, *, bound: socket.socket | None = None) -> None:
    """Serve in the calling thread until SIGINT or SIGTERM, then stop in order.

    Args:
        app: what `create_app` made.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        bound: a socket already bound, in place of the two.
    """
    with bound or listening_socket(host, port) as listening:
        server_for(app).run(sockets=[listening])


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server in a thread of this process."""

    server: HallServer
    thread: threading.Thread
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where it answers, e.g. `http://127.0.0.1:40123`."""
        return f"http://{self.host}:{self.port}"

    def stop(self) -> None:
        """Ask it to stop and wait until it has."""
        self.server.should_exit = True
        self.thread.join(STOP_WITHIN_S + 5.0)


@contextlib.contextmanager
def running(app: FastAPI, host: str = "127.0.0.1", port: int = 0) -> Iterator[Running]:
    """Serve in a background thread for as long as the block lasts; on a free port by default.

    Raises:
        RuntimeError: it did not start.
    """
    started = threading.Event()
    server = server_for(app, started=started)
    with listening_socket(host, port) as bound:
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [bound]}, name="hall-http", daemon=True
        )
        thread.start()
        while not started.wait(0.02):
            if not thread.is_alive():
                raise RuntimeError("The server ended before it took connections.")
        live = Running(server=server, thread=thread, host=host, port=bound.getsockname()[1])
        try:
            yield live
        finally:
            live.stop()
