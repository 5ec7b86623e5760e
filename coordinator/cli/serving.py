"""The life of a coordinator's process: from its settings to the last thing it finishes after SIGTERM."""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

import migrations
from coordinator.api.server import HttpServer
from coordinator.bootstrap import build, database_url, open_outside
from coordinator.config import Settings, SetupError
from coordinator.guard import guard_sagas
from coordinator.saga.catalogues import load_definitions

log = structlog.get_logger(__name__)
_AGAIN_S = 0.5
_LOOK_S = 0.02
_COLLECT_AFTER = (100_000, 20, 50)
"""Allocations, then collections of the younger generation, between two collections."""


async def serve(settings: Settings, *, migrate: bool, announce: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; a second signal ends the process at once. Raises SetupError.

    ``announce`` gets the line ``ready coordinator <url>`` once the coordinator takes work.
    """
    stop = _stop_on_signals()
    guard_sagas()
    definitions = load_definitions(settings.catalogue)
    outside = await open_outside(settings, definitions)
    service = build(settings, definitions, outside)
    server = HttpServer(
        service.app,
        settings.http_host,
        settings.http_port,
        connections=settings.http_connections,
        stop_s=settings.stop_s,
    )
    await server.start()
    try:
        if await _unless(stop, _schema(database_url(settings), migrate)):
            await service.coordinator.start()
            if await _unless(stop, _ready(service.parts.unreadiness)):
                calm_collector()
                announce(f"ready coordinator {server.url}")
            await stop.wait()
    finally:
        log.info("stopping")
        service.parts.stopping.set()
        await server.stop()
        await service.stop()
        await outside.close()


def calm_collector() -> None:
    """Thousands of warm sagas are no garbage: what is loaded by now is never looked at again, and the rest less often.

    Saved a third of the CPU of a saga at a thousand in flight, and with 100,000 for 50,000 another tenth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()

    def asked(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked, number)
    return stop


async def _unless(stop: asyncio.Event, wanted: Awaitable[None]) -> bool:
    """Whether what is wanted came before the stop."""
    work = asyncio.ensure_future(wanted)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            return False
        work.result()
        return True
    finally:
        for future in (work, stopped):
            future.cancel()
        await asyncio.wait((work, stopped))


async def _ready(unreadiness: Callable[[], Awaitable[str | None]]) -> None:
    while True:
        if await unreadiness() is None:
            return
        await asyncio.sleep(_LOOK_S)


async def _schema(url: str, migrate: bool) -> None:
    """Returns once the schema is at head; waits for a database that does not answer. Raises SetupError."""
    said = False
    while True:
        try:
            if migrate:
                await migrations.upgrade(url)
            return await _check_schema(url)
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            words = str(error)
        except (asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError) as error:
            words = str(error)
        except migrations.MigrationError as error:
            raise SetupError(str(error)) from error
        except asyncpg.PostgresError as error:
            raise SetupError(f"The database cannot be used: {error}. See AMENDS_DATABASE_URL.") from error
        if not said:
            log.warning("waiting_for_postgres", error=words)
            said = True
        await asyncio.sleep(_AGAIN_S)


async def _check_schema(url: str) -> None:
    found, wanted = await migrations.current(url), migrations.head()
    if found != wanted:
        state = "has no schema yet" if found is None else f"has the schema {found}, and this release needs {wanted}"
        raise SetupError(f"The database {state}: run `amends db upgrade`, or start with `amends serve --migrate`.")
