"""A network between the service and PostgreSQL that fails at the worst moment."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict

COMMIT = b"COMMIT\0"
"""With the end of the text: BEGIN names READ COMMITTED, which is not what is to be lost."""
Loses = Literal["", "question", "answer"]


class Proxy:
    """Passes bytes on until it meets a COMMIT: then it loses either the question or the answer, and cuts the line."""

    def __init__(self, dsn: str) -> None:
        """Listen on a port of its own."""
        self._server_dsn = dsn
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.loses: Loses = ""
        self.then_stays_down = self.is_down = False
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def dsn(self) -> str:
        """The server's DSN by way of this proxy."""
        parts = urlsplit(self._server_dsn)
        who = parts.netloc.rpartition("@")[0]
        where = f"{who}@127.0.0.1:{self._listener.getsockname()[1]}"
        return urlunsplit(parts._replace(netloc=where, query="sslmode=disable"))

    def close(self) -> None:
        """Cut everything."""
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.is_down:
                    client.close()
                    continue
                server = self._dial()
                self._sockets += [client, server]
                cut = threading.Event()
                for run in (self._ask, self._answer):
                    threading.Thread(target=run, args=(client, server, cut), daemon=True).start()

    def _dial(self) -> socket.socket:
        where = conninfo_to_dict(self._server_dsn)
        host, port = str(where["host"]), int(where.get("port") or 5432)
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _ask(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if COMMIT in data and self.loses:
                    loses, self.loses = self.loses, ""
                    self.is_down = self.then_stays_down
                    if loses == "question":
                        break
                    cut.set()
                server.sendall(data)
        _end(client, server)

    def _answer(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if cut.is_set():
                    break
                client.sendall(data)
        _end(client, server)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
