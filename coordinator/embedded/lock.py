"""One process at a time has the servers of a root."""

import fcntl
import os
import sys
from pathlib import Path

from coordinator.embedded.failure import EmbeddedServersBusy


class RootLock:
    """Held by the process that runs the servers of a root; the system lets go of it when the process ends, however."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file: int | None = None

    def take(self) -> None:
        """Raises EmbeddedServersBusy if another living process (or another object of this one) has it."""
        self._root.mkdir(parents=True, exist_ok=True)
        file = os.open(self._root / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(file, 500).decode(errors="replace").strip() or "another process"
            os.close(file)
            raise EmbeddedServersBusy(
                f"The servers under {self._root} are in use by {owner}. "
                "Stop it first, or set AMENDS_HOME to another folder to run a second set beside it."
            ) from None
        os.truncate(file, 0)
        os.write(file, f"process {os.getpid()} ({' '.join(sys.argv)[:400]})\n".encode())
        self._file = file

    def release(self) -> None:
        """Lets go of it; nothing if it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
