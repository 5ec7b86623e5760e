"""Commands to Kafka."""

from collections.abc import Sequence

from coordinator.kafka.sender import RecordSender
from coordinator.runtime.ports import Confirmed, OutboxRow


class KafkaPublisher:
    """Keeps the promises of ``CommandPublisher``, if it is told how many partitions the topic of the replies has."""

    def __init__(self, sender: RecordSender) -> None:
        self._sender = sender

    async def publish(self, rows: Sequence[OutboxRow], of: int) -> Sequence[Confirmed]:
        """Publishes the rows in order and returns those that were acknowledged. Raises PublisherUnavailable.

        The partitions that rows name are some of ``of``.
        """
        acknowledged = await self._sender.send(rows, of)
        if all(acknowledged):
            return [Confirmed(row.command_id, row.attempt) for row in rows]
        behind: set[str] = set()
        confirmed: list[Confirmed] = []
        for row, out in zip(rows, acknowledged, strict=True):
            if not out:
                behind.add(row.saga_id)
            elif row.saga_id not in behind:
                confirmed.append(Confirmed(row.command_id, row.attempt))
        return confirmed
