"""``amends dev``, with servers of its own."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest

from coordinator.cli.processes import Part
from coordinator.embedded.home import amends_home, jars_cache
from tests.unit.runtime.until import until_soon

TRIP = {"traveller": "Ada", "destination": "Lisbon", "card": "visa-4242"}


@pytest.fixture
async def dev() -> AsyncIterator[Part]:
    """`amends dev` in a home of its own, with the jars that are there already; not started."""
    home = amends_home() / "test-dev"
    home.mkdir(parents=True, exist_ok=True)
    jars_cache().mkdir(parents=True, exist_ok=True)
    if not (home / "jars").exists():
        (home / "jars").symlink_to(jars_cache())
    without_servers = {"AMENDS_DATABASE_URL": "", "AMENDS_KAFKA_BOOTSTRAP": "", "AMENDS_HOME": str(home)}
    log = home / "dev.log"
    log.unlink(missing_ok=True)
    part = Part("dev", ("-m", "coordinator.cli", "dev", "--port", "0"), without_servers, log)
    yield part
    if part.pid is not None:
        part.kill()
        await part.ended()


def urls(log: Path) -> list[str]:
    """The coordinator's addresses so far: it has another one each time, since port 0 was asked for."""
    words = log.read_text().split() if log.exists() else []
    return list(dict.fromkeys(word for word in words if word.startswith("http://") and word.count("/") == 2))


async def book(url: str) -> str:
    """Books a trip, and says how it ended."""
    body = {"definition": "book_trip", "input": {**TRIP, "trip_id": secrets.token_hex(8)}}
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(f"{url}/v1/sagas", json=body, headers={"Prefer": "wait=50"})
    return answer.json()["status"]


async def amends_dev_stop(part: Part) -> str:
    """`amends dev --stop` in the same home; returns what it says."""
    stop = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "coordinator.cli", "dev", "--stop"),
        env={**os.environ, "AMENDS_HOME": str(part.log.parent)},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await stop.communicate()
    assert stop.returncode == 0
    return said.decode()


async def test_stop_leaves_the_living_alone(dev: Part) -> None:
    """`amends dev --stop` stops what was left behind, and nothing that somebody uses."""
    await dev.launch()
    await until_soon(lambda: "PostgreSQL" in _text(dev), within_s=90)
    assert f"in use by process {dev.pid}" in await amends_dev_stop(dev)
    assert dev.pid is not None


async def test_dev(dev: Part) -> None:
    """It brings everything up, starts again what is killed, and leaves nothing running when it is interrupted."""
    await dev.launch()
    await until_soon(lambda: "Ctrl-C stops everything" in _text(dev), within_s=90)
    assert await book(urls(dev.log)[0]) == "completed"
    assert dev.pid is not None
    family = psutil.Process(dev.pid).children(recursive=True)
    coordinator = next(each for each in family if each.cmdline()[-1] == "serve")
    os.kill(coordinator.pid, signal.SIGKILL)
    await until_soon(lambda: len(urls(dev.log)) == 2, within_s=60)
    assert await book(urls(dev.log)[1]) == "completed"
    family = psutil.Process(dev.pid).children(recursive=True)
    dev.send(signal.SIGINT)
    async with asyncio.timeout(60):
        assert await dev.ended() == 0
    assert [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []


def _text(part: Part) -> str:
    return part.log.read_text() if part.log.exists() else ""
