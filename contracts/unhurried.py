"""aiokafka's clients ask for metadata again at once when nobody answers, or when a partition has no leader: thousands
of times a second, and two log lines each time, for as long as the broker is away. Here they take a breath. And what
asks ends for ever with the first error that nobody has thought of, while the rest of the client waits for it: here that
is one answer that was not had."""

import asyncio
import logging
from collections import deque
from typing import Any

log = logging.getLogger(__name__)

AT_ONCE = 5
"""So many in a second are not slowed down: a client that starts asks a few times."""
PAUSE_S = 0.2


def unhurried(owner: Any) -> None:
    """Slows the metadata requests of this AIOKafkaConsumer or AIOKafkaProducer down; before it is started."""
    client = owner.client if hasattr(owner, "client") else owner._client
    update = client._metadata_update
    begun: deque[float] = deque(maxlen=AT_ONCE)

    async def updated(cluster: Any, topics: Any) -> bool:
        clock = asyncio.get_running_loop().time
        if len(begun) == AT_ONCE and begun[0] > clock() - 1:
            await asyncio.sleep(begun[-1] + PAUSE_S - clock())
        begun.append(clock())
        try:
            return await update(cluster, topics)
        except Exception:
            log.exception("Metadata could not be read, and will be asked for again.")
            return False

    client._metadata_update = updated
