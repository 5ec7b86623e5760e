"""A server as a child process: started, awaited, stopped, killed, and found again after a crash of its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from coordinator.embedded.account import Account
from coordinator.embedded.failure import EmbeddedServerFailed

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_POLL = 0.02
_KEPT_LOG = 10_000_000
_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


async def until(fact: Callable[[], bool], within: float) -> bool:
    """Waits for the fact, at most `within` seconds. Whether it came."""
    deadline = time.monotonic() + within
    while not fact():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL)
    return True


class ServerProcess:
    """One server. Knows its process by a pid file and by a mark: a path that stands in its command line."""

    def __init__(self, name: str, *, mark: Path, pid_file: Path, log: Path, account: Account | None = None) -> None:
        self.name = name
        self._mark = str(mark)
        self._pid_file = pid_file
        self._log = log
        self._account = account
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None when it is not running."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def launch(self, command: Sequence[str], *, death_signal: signal.Signals) -> None:
        """Starts it in the background; it gets the death signal when this process dies (Linux)."""
        self._child = self._popen(command, death_signal)
        self._pid_file.write_text(f"{self._child.pid}\n")

    async def run_to_end(self, command: Sequence[str], *, doing: str, within: float) -> None:
        """Runs a command to its end, with the server's log and account. Raises EmbeddedServerFailed if it fails."""
        child = self._popen(command, signal.SIGKILL)
        try:
            ended = await until(lambda: child.poll() is not None, within)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if not ended or child.returncode != 0:
            how = f"exit status {child.returncode}" if ended else f"not done within {within:.0f} s"
            raise self.failure(f"{doing} failed ({how}).")

    async def end(self, how: signal.Signals, *, within: float) -> None:
        """Signals it and waits until it has ended; kills it if that takes longer than `within` seconds."""
        child = self._child
        if child is not None and child.poll() is None:
            child.send_signal(how)
            if not await until(lambda: child.poll() is not None, within):
                self.kill()
        self._forget()

    def kill(self) -> None:
        """SIGKILL for it and its children; returns when all of them are dead."""
        if self.pid is not None:
            _kill_tree(self.pid)
        if self._child is not None:
            self._child.wait()
        self._forget()

    async def end_leftover(self, how: signal.Signals, *, within: float) -> bool:
        """Stops the server of a run that was killed, if it still lives. Whether there was one."""
        leftover = self._leftover()
        if leftover is None:
            return False
        leftover.send_signal(how)
        if not await until(lambda: _is_dead(leftover), within):
            _kill_tree(leftover.pid)
        self._pid_file.unlink(missing_ok=True)
        return True

    def names_this_server(self, pid: int) -> bool:
        """Whether the process of that number is this server, rather than one that got the number later."""
        try:
            return any(self._mark in word for word in psutil.Process(pid).cmdline())
        except psutil.Error:
            return False

    def failure(self, sentence: str) -> EmbeddedServerFailed:
        """The error to raise: the sentence, then the end of the server's log."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()[-25:]
        except OSError:
            lines = []
        tail = "\n".join(f"  | {line}" for line in lines) or "  | (empty)"
        return EmbeddedServerFailed(f"{self.name}: {sentence} The end of its log, {self._log}:\n{tail}")

    def _popen(self, command: Sequence[str], death_signal: signal.Signals) -> subprocess.Popen[bytes]:
        uid, gid = (self._account.uid, self._account.gid) if self._account else (-1, -1)
        # The signal comes when the *thread* that started the child ends: only the main thread lives as long as we do.
        wanted = int(death_signal) if threading.current_thread() is threading.main_thread() else 0
        facts = [str(number) for number in (os.getpid(), wanted, uid, gid)]
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > _KEPT_LOG:
            self._log.replace(self._log.with_suffix(".1"))
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", _LAUNCH, *facts, *command],
                env={**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _leftover(self) -> psutil.Process | None:
        try:
            pid = int(self._pid_file.read_text())
            return psutil.Process(pid) if self.names_this_server(pid) else None
        except (OSError, ValueError, psutil.Error):
            return None

    def _forget(self) -> None:
        self._child = None
        self._pid_file.unlink(missing_ok=True)


def _is_dead(process: psutil.Process) -> bool:
    # A dead child of a dead parent stays a zombie where nothing collects it, as in many containers.
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _kill_tree(pid: int) -> None:
    try:
        server = psutil.Process(pid)
        tree = [server, *server.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in tree:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    while not all(map(_is_dead, tree)):
        time.sleep(0.005)
