"""pgbouncer in transaction mode, where it is installed: some coordinators come to Postgres through it."""

import os
import shutil
import signal
from pathlib import Path

from coordinator.embedded.account import unprivileged_account
from coordinator.embedded.ports import LOOPBACK, kept_ports
from coordinator.embedded.postgres_binaries import open_folder
from coordinator.embedded.process import ServerProcess

SETTINGS = """\
[databases]
* = host={host} port={postgres} user=postgres
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 200
default_pool_size = 10
server_login_retry = 1
server_connect_timeout = 3
"""


def pooler_program() -> str | None:
    """pgbouncer, if there is one."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Pooler:
    """Lends each session of Postgres for one transaction at a time."""

    def __init__(self, program: str, home: Path, postgres: int) -> None:
        """``postgres`` is the port of the server behind it."""
        self._program, self._account = program, unprivileged_account()
        folder = open_folder(home)
        self._settings = folder / "pgbouncer.ini"
        (self.port,) = kept_ports(folder / "port", 1)
        self._settings.write_text(SETTINGS.format(host=LOOPBACK, postgres=postgres, port=self.port))
        self._process = ServerProcess(
            "pgbouncer",
            mark=self._settings,
            pid_file=folder / "pid",
            log=home / "server.log",
            account=self._account,
        )

    def start(self) -> None:
        """Does not wait: whoever comes before it listens comes again."""
        self._process.launch([self._program, str(self._settings)], death_signal=signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL: all who came through it lose their connections."""
        self._process.kill()
