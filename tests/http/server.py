"""A real uvicorn server in a thread of the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from ejd.http.serving import config_of

ADDRESS = "http://localhost"
"""One that the service answers to; a test client's own default is none."""
START_SECONDS_MAX = 30.0


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port and answer its address; stops in good order."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = config_of(app, log_level="error", lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        end = time.monotonic() + START_SECONDS_MAX
        while not server.started:
            assert thread.is_alive(), "the server ended before it had started"
            assert time.monotonic() < end, "the server did not start in time"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(START_SECONDS_MAX)
            assert not thread.is_alive(), "the server did not stop in time"
