"""The broker last seen. A new cluster, or a topic made again, has lost what was on its way: all of it is sent again."""

from collections.abc import Mapping

import msgspec

from coordinator.store import statements
from coordinator.store.connection import Pool


class BrokerSeen(msgspec.Struct, frozen=True):
    """What tells one broker, and one life of a topic, from another."""

    cluster_id: str
    topics: Mapping[str, str]
    """By name, the id that the broker gave the topic when it was made."""


class BrokerRecord:
    """The one row of the table ``broker``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def last_seen(self) -> BrokerSeen | None:
        """The broker that was kept last; None before the first. Raises StoreUnavailable."""
        found = await self._pool.fetch(statements.BROKER)
        if not found:
            return None
        return BrokerSeen(found[0]["cluster_id"], msgspec.json.decode(found[0]["topics"], type=dict[str, str]))

    async def keep(self, seen: BrokerSeen, now: int) -> None:
        """Keeps the broker that is there now. To be called once everything outstanding was sent again to it.

        Raises StoreUnavailable, OutcomeUnknown (then call it again: it is idempotent).
        """
        topics = msgspec.json.encode(seen.topics).decode()
        await self._pool.execute(statements.KEEP_BROKER, seen.cluster_id, topics, now)
