"""Postgres and Kafka stop, crash, freeze and forget."""

import asyncio
import contextlib
import signal
from collections.abc import Sequence

import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from coordinator.embedded.failure import EmbeddedServerFailed
from coordinator.embedded.postgres import StopMode
from tests.chaos.kinds import Kind, Scene
from tests.chaos.pace import slowly_between
from tests.faults.queues import groups_of


async def _postgres_stops(scene: Scene, mode: StopMode) -> bool:
    scene.struck()
    await scene.town.postgres.stop(mode)
    await slowly_between(scene.random, 0, 3)
    await scene.town.postgres.start()
    return True


async def _postgres_dies(scene: Scene) -> bool:
    scene.town.postgres.kill()
    scene.struck()
    await slowly_between(scene.random, 0, 3)
    await scene.town.postgres.start()
    return True


async def _postgres_stops_in_recovery(scene: Scene) -> bool:
    """Once more while the coordinators recover, and twice while it recovers itself."""
    postgres = scene.town.postgres
    scene.struck()
    await postgres.stop("immediate")
    await postgres.start()
    await slowly_between(scene.random, 0.02, 0.6)
    await postgres.stop("immediate")
    for _ in range(2):
        starting = asyncio.create_task(postgres.start())
        await slowly_between(scene.random, 0.05, 0.4)
        postgres.kill()
        with contextlib.suppress(EmbeddedServerFailed):
            await starting
    if postgres.pid is None:
        await postgres.start()
    return True


async def _kafka_restarts(scene: Scene) -> bool:
    scene.struck()
    await scene.town.kafka.restart()
    return True


async def _kafka_dies(scene: Scene) -> bool:
    scene.town.kafka.kill()
    scene.struck()
    await slowly_between(scene.random, 0, 2)
    await scene.town.kafka.start()
    return True


async def _frozen(scene: Scene, server: int | None) -> bool:
    """Neither answers nor hangs up, as in a long pause for garbage collection."""
    if server is None:
        return False
    try:
        parent = psutil.Process(server)
        processes = [parent, *parent.children(recursive=True)]
        for each in processes:
            each.send_signal(signal.SIGSTOP)
    except psutil.NoSuchProcess:
        processes = []
    scene.struck()
    await slowly_between(scene.random, 3, 7)
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGCONT)
    return bool(processes)


async def _topics_are_deleted(scene: Scene) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.town.kafka.bootstrap)
    try:
        await admin.start()
        await admin.delete_topics([*groups_of(scene.town)])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
    scene.struck()
    return True


async def _kafka_forgets_all(scene: Scene) -> bool:
    """A new cluster on the old address, with nothing in it."""
    kafka = scene.town.kafka
    scene.struck()
    kafka.kill()
    await kafka.wipe()
    await kafka.start()
    return True


async def _everything_dies(scene: Scene) -> bool:
    """Both servers and every process."""
    town = scene.town
    for each in (*town.members, town.postgres, town.kafka):
        each.kill()
    scene.struck()
    await asyncio.gather(town.postgres.start(), town.kafka.start())
    return True


SERVER_FAULTS: Sequence[Kind] = (
    Kind("postgres stops, fast", "servers", lambda scene: _postgres_stops(scene, "fast")),
    Kind("postgres stops, immediate", "servers", lambda scene: _postgres_stops(scene, "immediate")),
    Kind("postgres dies", "servers", _postgres_dies),
    Kind("postgres stops in recovery", "servers", _postgres_stops_in_recovery),
    Kind("postgres freezes", "servers", lambda scene: _frozen(scene, scene.town.postgres.pid)),
    Kind("kafka restarts", "servers", _kafka_restarts),
    Kind("kafka dies", "servers", _kafka_dies),
    Kind("kafka freezes", "servers", lambda scene: _frozen(scene, scene.town.kafka.pid)),
    Kind("topics are deleted", "servers", _topics_are_deleted),
    Kind("kafka's data are deleted", "servers", _kafka_forgets_all),
    Kind("everything dies", "servers", _everything_dies),
)
