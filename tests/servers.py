"""The servers of a test run: one's own where AMENDS_DATABASE_URL or AMENDS_KAFKA_BOOTSTRAP name them, else embedded."""

import os
from asyncio import AbstractEventLoop
from pathlib import Path

from coordinator.embedded.failure import EmbeddedServersBusy
from coordinator.embedded.home import amends_home
from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.embedded.progress import Progress
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers, choose_servers

RUNS_AT_ONCE = 8


def start_servers(loop: AbstractEventLoop, progress: Progress) -> Servers[PostgresServer, KafkaServer]:
    """Empty servers under `.amends/test`; under `.amends/test-2` and so on for a run beside another one."""
    for number in range(1, RUNS_AT_ONCE + 1):
        servers = choose_servers(
            root_of_run(number),
            database_url=os.environ.get("AMENDS_DATABASE_URL"),
            kafka_bootstrap=os.environ.get("AMENDS_KAFKA_BOOTSTRAP"),
            progress=progress,
            fresh=True,
        )
        try:
            loop.run_until_complete(_start(servers))
        except EmbeddedServersBusy:
            continue
        return servers
    raise EmbeddedServersBusy(f"{RUNS_AT_ONCE} test runs have servers under {amends_home()} already. End one of them.")


async def _start(servers: Servers[PostgresServer, KafkaServer]) -> None:
    # Tests start Kafka many times.
    if isinstance(servers.kafka, EmbeddedKafka):
        await servers.kafka.record_start()
    await servers.start()


async def prepare_kafka(progress: Progress) -> None:
    """Downloads Kafka and records a start, unless that was done before. Tests start it many times."""
    await EmbeddedKafka(root_of_run(1) / "kafka", progress=progress).record_start()


def root_of_run(number: int) -> Path:
    """The root of the first, second, … run at a time."""
    return amends_home() / ("test" if number == 1 else f"test-{number}")
