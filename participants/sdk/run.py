"""Runs a participant as a process of its own."""

import asyncio
import contextlib
import gc
import importlib
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from participants.sdk.batch import STATEMENT_LIMIT_S
from participants.sdk.executor import HANDLER_LIMIT_S
from participants.sdk.export import export_traces
from participants.sdk.participant import Participant
from participants.sdk.settings import Settings, SettingsError
from participants.sdk.tables import create_tables
from participants.sdk.worker import Worker

log = logging.getLogger(__name__)
RETRY_S = 1.0
LONG_CONNECTIONS = 6
"""More than others need has a participant with handlers that take long: one for their locks, and for their
transactions."""

Setup = Callable[[AsyncEngine], Awaitable[None]]


def run(participant: Participant, setup: Setup | None = None) -> None:
    """Serves the participant until SIGTERM or SIGINT, as its environment says (see Settings).

    Makes the barrier's table and ``participant.tables`` where they are missing, then calls ``setup``. Prints
    ``ready <name>`` on stdout once commands reach it; everything else goes to stderr. Exits with a sentence when it
    cannot be run.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(serve(participant, Settings.read(os.environ), setup))
        except (SettingsError, TypeError) as error:
            sys.exit(f"{error}")


def find(name: str) -> Participant:
    """The participant of that name in this package, or of ``module:attribute``. Raises LookupError."""
    module, colon, attribute = name.partition(":")
    if not colon:
        module, attribute = f"participants.{name}", name
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"There is no participant {name!r}: {error}.") from error
    if not isinstance(found, Participant):
        raise LookupError(f"{module}:{attribute} is no Participant but a {type(found).__name__}.")
    return found


async def serve(participant: Participant, settings: Settings, setup: Setup | None = None) -> None:
    """What ``run`` does, in a running event loop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    export_traces(participant.name)
    async with _database(participant, settings) as engine:
        worker = Worker(
            participant,
            kafka=settings.kafka,
            topics=settings.topics,
            database=engine,
            session_timeout_ms=settings.session_timeout_ms,
            instance=settings.instance,
            long_handlers=settings.long_handlers,
        )
        if engine is not None and not await _prepare(engine, participant, setup, stop):
            return
        telling = asyncio.create_task(_tell(worker, participant.name))
        try:
            await worker.run(stop)
        finally:
            telling.cancel()


@contextlib.asynccontextmanager
async def _database(participant: Participant, settings: Settings) -> AsyncGenerator[AsyncEngine | None]:
    if not participant.barrier:
        yield None
        return
    if settings.database_url is None:
        raise SettingsError(
            f"Set AMENDS_PARTICIPANT_DATABASE_URL to the database of {participant.name}, "
            "such as postgresql://user@host:5432/database: its barrier is kept there."
        )
    server_settings = {
        "application_name": f"amends participant {participant.name}",
        # A process that was frozen in a transaction must not keep others from its commands for ever.
        "idle_in_transaction_session_timeout": f"{round(1_000 * (HANDLER_LIMIT_S + STATEMENT_LIMIT_S))}",
    }
    long = any(handler.heartbeat for handler in participant.handlers.values())
    engine = create_async_engine(
        settings.database_url,
        pool_size=2 + LONG_CONNECTIONS if long else 2,
        max_overflow=0,
        connect_args={"server_settings": server_settings},
    )
    try:
        yield engine
    finally:
        await engine.dispose()


async def _prepare(engine: AsyncEngine, participant: Participant, setup: Setup | None, stop: asyncio.Event) -> bool:
    """Whether the tables are there; False when the process was stopped while it waited for the database."""
    while not stop.is_set():
        try:
            await create_tables(engine, participant.tables)
            if setup is not None:
                await setup(engine)
        except (DBAPIError, OSError) as error:
            log.warning("The database of %s cannot be prepared and is tried again: %s", participant.name, error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S):
                    await stop.wait()
        else:
            return True
    return False


async def _tell(worker: Worker, name: str) -> None:
    if await worker.ready():
        _keep_what_is_loaded()
        print(f"ready {name}", flush=True)


def _keep_what_is_loaded() -> None:
    """The collector never looks at it again: what is loaded when the first command comes is there to stay."""
    gc.collect()
    gc.freeze()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
