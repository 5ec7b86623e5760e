"""The peers' packages, installed once."""

import asyncio
import platform
import shutil
import sys
from pathlib import Path

from benchmarks.peers.turned import PeerFailed
from coordinator.embedded.home import amends_home

DBOS = "3.4.0"
RESTATE_SERVER = "1.7.12"
RESTATE_SDK = "1.3.0"
_PYTHON_PACKAGES = (f"dbos=={DBOS}", f"restate-sdk=={RESTATE_SDK}", "hypercorn>=0.18,<0.19", "uvloop")
_WITHIN_S = 300.0


async def peers_python() -> Path:
    """The Python that has DBOS and Restate's SDK. Raises PeerFailed."""
    venv = amends_home() / "peers" / "venv"
    python, installed = venv / "bin" / "python", venv / "installed"
    wanted = " ".join(_PYTHON_PACKAGES)
    if not installed.is_file() or installed.read_text() != wanted:
        shutil.rmtree(venv, ignore_errors=True)
        await _run(sys.executable, "-m", "venv", str(venv))
        await _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PYTHON_PACKAGES)
        installed.write_text(wanted)
    return python


async def restate_server() -> Path:
    """Restate's server, a program from npm. Raises PeerFailed."""
    machine = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), platform.machine())
    folder = amends_home() / "peers" / f"restate-{RESTATE_SERVER}"
    package = f"@restatedev/restate-server-{platform.system().lower()}-{machine}"
    server = folder / "node_modules" / package / "bin" / "restate-server"
    if not server.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise PeerFailed("Restate's server comes from npm, which is not installed here.")
        folder.mkdir(parents=True, exist_ok=True)
        # The program itself, without the package around it, which reports its installation.
        words = ("install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund")
        await _run(npm, *words, f"{package}@{RESTATE_SERVER}")
    return server


async def _run(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _WITHIN_S)
    except TimeoutError:
        process.kill()
        raise PeerFailed(f"{words[0]} took longer than {_WITHIN_S:.0f} s.") from None
    if process.returncode:
        raise PeerFailed(f"{' '.join(words[:4])} … ended with {process.returncode}: {said.decode()[-300:].strip()}")
