"""Disks of their own for the servers, small enough to be filled. They go with the process that made them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from coordinator.embedded.account import unprivileged_account
from coordinator.embedded.postgres_binaries import reachable_home

_MARK = "AMENDS_CHAOS_MOUNTS"
_PRIVATE = ("unshare", "--mount", "--propagation", "private")
_SIZE = "3g"


class Disk:
    """A small file system in memory with one server's data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=755", "tmpfs", str(folder)], check=True)
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Nothing more can be written, by anybody."""
        with self._ballast.open("ab") as ballast:
            free = self._free
            try:
                os.posix_fallocate(ballast.fileno(), 0, free)
                while True:
                    os.write(ballast.fileno(), bytes(4096))
            except OSError:
                return

    def empty(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)

    @property
    def full(self) -> bool:
        """Whether nothing is left."""
        return self._free == 0

    @property
    def _free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize


def with_mounts_of_its_own() -> str | None:
    """Replaces this process by one that may mount disks that nobody else sees; returns why that is not possible.

    None in the process that may.
    """
    if os.environ.pop(_MARK, None) is not None:
        return None
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a full disk: mounting a small one takes root on Linux"
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        return "a full disk: there is no unshare or no mount"
    if subprocess.run([*_PRIVATE, "true"], check=False, capture_output=True).returncode != 0:
        return "a full disk: this machine lets nobody mount anything"
    command = [*_PRIVATE, sys.executable, "-m", "tests.chaos", *sys.argv[1:]]
    return os.execvpe(command[0], command, {**os.environ, _MARK: "1"})


def disks_of(root: Path) -> dict[str, Disk]:
    """One for each server, before its start."""
    postgres = reachable_home(unprivileged_account(), root / "postgres")
    return {"postgres": Disk(postgres), "kafka": Disk(root / "kafka")}
