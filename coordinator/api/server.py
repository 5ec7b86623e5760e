"""The HTTP server: one socket, one process, stopped by whoever started it rather than by signals."""

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

from coordinator.api.one_write import OneWriteProtocol
from coordinator.config import SetupError

_BACKLOG = 2048


class _UnsignalledServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves the process's signal handlers alone."""
        yield


class HttpServer:
    """Serves an application from ``start`` to ``stop``."""

    def __init__(self, app: FastAPI, host: str, port: int, *, connections: int, stop_s: float) -> None:
        """``connections`` bounds connections and requests at once; ``stop_s`` is how long a stop waits for answers."""
        self._address = host, port
        self._socket: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None
        config = uvicorn.Config(
            app,
            http=OneWriteProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=connections,
            timeout_graceful_shutdown=max(1, round(stop_s)),
        )
        self._server = _UnsignalledServer(config)

    @property
    def url(self) -> str:
        """Where it is reached, once it is started."""
        assert self._socket is not None, "The server was not started."
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def start(self) -> None:
        """Returns when it accepts connections. Raises SetupError when the address cannot be taken."""
        self._socket = self._bind()
        self._serving = asyncio.get_running_loop().create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise SetupError(f"The HTTP server on {self.url} ended at once: see the log.")
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Accepts no more connections, and returns when what was asked is answered or the time is up."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        if self._socket is not None:
            self._socket.close()

    def _bind(self) -> socket.socket:
        host, port = self._address
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            listening.close()
            raise SetupError(
                f"The address {host}:{port} cannot be taken ({error.strerror}): stop what listens there, or set "
                "AMENDS_HTTP_HOST and AMENDS_HTTP_PORT to another one."
            ) from error
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        return listening
