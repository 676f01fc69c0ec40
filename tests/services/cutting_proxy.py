"""A way to a server that can be cut at a chosen moment, as a failing network cuts it."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

_CHUNK = 65_536


class CuttingProxy:
    """Hands bytes between clients and a server on the loopback interface.

    A cut is armed with a question that is asked for each piece a client sends; the first piece for
    which it says True ends that connection: before the server sees the piece, or, with `answered`,
    after the server has answered it and before the client hears that.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._cuts: Callable[[bytes], bool] | None = None
        self._answered = False
        self.cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, cuts: Callable[[bytes], bool], *, answered: bool) -> None:
        self._cuts, self._answered = cuts, answered

    def disarm(self) -> None:
        self._cuts = None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._target))
        deaf = threading.Event()
        back = threading.Thread(target=self._hand_back, args=(server, client, deaf), daemon=True)
        back.start()
        try:
            while message := client.recv(_CHUNK):
                if self._cuts is not None and self._cuts(message):
                    self._cuts = None
                    self.cut += 1
                    if self._answered:
                        deaf.set()
                        server.sendall(message)
                        back.join(timeout=10)
                    return
                server.sendall(message)
        except OSError:
            return
        finally:
            _close(client, server)

    def _hand_back(
        self, server: socket.socket, client: socket.socket, deaf: threading.Event
    ) -> None:
        try:
            while message := server.recv(_CHUNK):
                if deaf.is_set():
                    return
                client.sendall(message)
        except OSError:
            return
        finally:
            _close(client)

    def __enter__(self) -> "CuttingProxy":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()


def _close(*ends: socket.socket) -> None:
    """End connections, also for a thread that waits for what they say."""
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
