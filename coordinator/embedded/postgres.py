"""A real PostgreSQL on a loopback port."""

import asyncio
import shutil
import signal
from functools import cached_property
from pathlib import Path
from typing import Literal

import asyncpg

from coordinator.embedded.account import Account, unprivileged_account
from coordinator.embedded.databases import create_database, database_url, drop_database, server_version
from coordinator.embedded.failure import EmbeddedServerFailed
from coordinator.embedded.ports import LOOPBACK, is_free, kept_ports
from coordinator.embedded.postgres_binaries import MAJOR, postgres_binaries, reachable_home
from coordinator.embedded.process import ServerProcess

StopMode = Literal["fast", "immediate"]

_STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
# A crash may leave as much log to recover from as max_wal_size allows.
_READY_WITHIN = 120.0
_STOPPED_WITHIN = 60.0
# For a small machine, and honest: fsync, full_page_writes and synchronous_commit stay as they are, on.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "jit": "off",
    # The outbox has ten thousand dead rows a second at full load: a little work often, not much once a minute.
    "autovacuum_naptime": "10s",
}


class EmbeddedPostgres:
    """PostgreSQL from a wheel. Its data outlive a stop, a restart and a kill; so does its port."""

    name = "PostgreSQL"

    def __init__(self, home: Path) -> None:
        """`home` is a folder of its own, made when it starts."""
        self._home = home.resolve()
        self._port: int | None = None
        self.version = str(MAJOR)
        """In full, such as '18.4', once it has started."""

    @property
    def port(self) -> int:
        """Raises EmbeddedServerFailed before the first start."""
        if self._port is None:
            raise EmbeddedServerFailed("PostgreSQL has no port before it is started: await start() first.")
        return self._port

    @property
    def pid(self) -> int | None:
        """Of the postmaster; None when it is not running."""
        return self._process.pid

    def url(self, database: str = "amends") -> str:
        """Of one database, which need not exist yet."""
        return database_url(f"postgresql://postgres@{LOOPBACK}:{self.port}/", database)

    async def start(self) -> None:
        """Returns when it answers a query. Raises EmbeddedServerFailed, with its log, if it does not."""
        if self.pid is not None:
            raise EmbeddedServerFailed("PostgreSQL is running already: stop() it, or use restart().")
        await self.stop_leftover()
        binaries = await asyncio.to_thread(postgres_binaries, self._account, self._home)
        await self._initialise(binaries)
        self._port = self._choose_port()
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(self._data), "-p", str(self._port), *settings]
        try:
            self._process.launch(command, death_signal=signal.SIGINT)
            await self._answers()
        except BaseException:
            self.kill()
            raise

    async def stop(self, mode: StopMode = "fast") -> None:
        """Returns when nothing of it is left running. "immediate" leaves recovery to the next start."""
        await self._process.end(_STOP_SIGNALS[mode], within=_STOPPED_WITHIN)

    async def restart(self, mode: StopMode = "fast") -> None:
        """The same data on the same port."""
        await self.stop(mode)
        await self.start()

    def kill(self) -> None:
        """SIGKILL for the postmaster and every process of it. `start()` recovers what was committed."""
        self._process.kill()

    async def stop_leftover(self) -> bool:
        """Stops the server of another run that was killed, if it still lives. Whether there was one."""
        return await self._process.end_leftover(signal.SIGINT, within=_STOPPED_WITHIN)

    async def wipe(self) -> None:
        """Stops what a killed run left behind and forgets all data."""
        await self._process.end_leftover(signal.SIGQUIT, within=_STOPPED_WITHIN)
        await asyncio.to_thread(shutil.rmtree, self._data, ignore_errors=True)

    async def create_database(self, name: str, template: str | None = None) -> None:
        """An empty database, or a copy of the template, to which nobody may be connected meanwhile."""
        await create_database(self.url("postgres"), name, template)

    async def drop_database(self, name: str) -> None:
        """Drops it, whoever is connected to it; nothing if there is none."""
        await drop_database(self.url("postgres"), name)

    @cached_property
    def _account(self) -> Account | None:
        return unprivileged_account()

    @cached_property
    def _data(self) -> Path:
        return reachable_home(self._account, self._home) / "data"

    @cached_property
    def _process(self) -> ServerProcess:
        return ServerProcess(
            self.name,
            mark=self._data,
            pid_file=self._home / "pid",
            log=self._home / "server.log",
            account=self._account,
        )

    async def _initialise(self, binaries: Path) -> None:
        written_by = self._data / "PG_VERSION"
        if written_by.exists():
            major = written_by.read_text().strip()
            if major != str(MAJOR):
                raise EmbeddedServerFailed(
                    f"The data in {self._data} were written by PostgreSQL {major}, and this is {MAJOR}. "
                    f"Delete {self._home} to start with an empty server."
                )
            return
        unfinished = self._data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        if self._account:
            shutil.chown(unfinished, self._account.uid, self._account.gid)
        # The built-in provider sorts and folds case alike on every system, whatever locales it has.
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(binaries / "initdb"), f"--pgdata={unfinished}", *options, *locale]
        await self._process.run_to_end(command, doing="Making its data directory", within=120)
        unfinished.rename(self._data)

    def _choose_port(self) -> int:
        if self._port is None:
            return kept_ports(self._home / "port", 1)[0]
        if not is_free(self._port):
            raise EmbeddedServerFailed(
                f"PostgreSQL cannot come back on port {self._port}: another program listens there now. Stop that one."
            )
        return self._port

    async def _answers(self) -> None:
        async def answer() -> bool:
            try:
                self.version = await server_version(self.url("postgres"))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                return False
            return True

        deadline = asyncio.get_running_loop().time() + _READY_WITHIN
        while not await answer():
            if self.pid is None:
                raise self._process.failure("It ended instead of starting. Set AMENDS_DATABASE_URL to use your own.")
            if asyncio.get_running_loop().time() > deadline:
                raise self._process.failure(f"It gave no answer within {_READY_WITHIN:.0f} s.")
            await asyncio.sleep(0.02)
