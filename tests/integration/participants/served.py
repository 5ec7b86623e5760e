"""A demo service as a process of its own, to be killed."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from tests.integration.participants.coordinator_side import CoordinatorSide


async def launched(
    name: str, side: CoordinatorSide, database_url: str, extra: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """The process, just started."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("AMENDS_", "OTEL_"))},
        "AMENDS_KAFKA_BOOTSTRAP": side.bootstrap,
        "AMENDS_TOPIC_PREFIX": side.topics.prefix,
        "AMENDS_PARTICIPANT_DATABASE_URL": database_url,
        "AMENDS_PARTICIPANT_SESSION_TIMEOUT_MS": "1000",
        **(extra or {}),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"participants.{name}",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def service(
    name: str, side: CoordinatorSide, database_url: str, extra: Mapping[str, str] | None = None
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The process, ready to be sent commands. It is killed at the end if it still runs then."""
    process = await launched(name, side, database_url, extra)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            line = (await process.stdout.readline()).decode()
        assert line == f"ready {name}\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
