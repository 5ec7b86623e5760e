"""As whom a server runs. PostgreSQL refuses to be root, so root starts it as `nobody`."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from coordinator.embedded.failure import EmbeddedServerFailed


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int

    def may_enter(self, folder: Path) -> bool:
        """Whether this user can get into the folder and read it: itself and every folder above it."""
        return all(self._may(above, "x") for above in folder.parents) and self._may(folder, "rx")

    def _may(self, path: Path, wanted: str) -> bool:
        found = path.stat()
        if found.st_uid == self.uid:
            bits = {"r": stat.S_IRUSR, "x": stat.S_IXUSR}
        elif found.st_gid == self.gid:
            bits = {"r": stat.S_IRGRP, "x": stat.S_IXGRP}
        else:
            bits = {"r": stat.S_IROTH, "x": stat.S_IXOTH}
        return all(found.st_mode & bits[letter] for letter in wanted)


def unprivileged_account() -> Account | None:
    """The account to start PostgreSQL as: None (stay who we are) unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "postgres", "daemon"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(found.pw_name, found.pw_uid, found.pw_gid)
    raise EmbeddedServerFailed(
        "PostgreSQL does not run as root and this machine has no user 'nobody' to run it as. "
        "Start Amends as an ordinary user, or set AMENDS_DATABASE_URL to a PostgreSQL of your own."
    )
