"""Messages come twice, and topics get more partitions."""

import contextlib
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import KafkaError

from tests.chaos.kinds import Kind, Scene
from tests.chaos.pace import slowly_between
from tests.faults.copies import Copier
from tests.faults.queues import groups_of

_MOST_PARTITIONS = 12


async def _everything_comes_twice(scene: Scene) -> bool:
    """Every command and every reply of some seconds."""
    copier = Copier(scene.town)
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with copier:
            scene.struck()
            await slowly_between(scene.random, 3, 8)
    return copier.copied > 0


async def _partitions_are_added(scene: Scene) -> bool:
    """One to each topic that is read by a group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.town.kafka.bootstrap)
    try:
        await admin.start()
        described = await admin.describe_topics([*groups_of(scene.town)])
        counts = {each["topic"]: len(each["partitions"]) for each in described}
        if not all(0 < count < _MOST_PARTITIONS for count in counts.values()):
            return False
        await admin.create_partitions({topic: NewPartitions(count + 1) for topic, count in counts.items()})
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
    scene.struck()
    return True


MESSAGE_FAULTS: Sequence[Kind] = (
    Kind("everything comes twice", "messages", _everything_comes_twice),
    Kind("partitions are added", "servers", _partitions_are_added),
)
