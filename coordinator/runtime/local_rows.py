"""Local steps in the outbox: rows that never go to Kafka, and that only the owner of their saga's shard takes."""

from typing import NamedTuple

from contracts.command_message import CommandMessage
from coordinator.runtime.ports import LOCAL_TOPIC, OutboxRow

_SHARD = "amends-shard"
_VERSION = "amends-version"


class LocalRow(NamedTuple):
    """One attempt of a local step, or of its undo, as the outbox has it."""

    message: CommandMessage
    shard: int
    """The saga's."""
    version: int
    """Of the saga's definition."""


def local_row(message: CommandMessage, participant: str, shard: int, version: int) -> OutboxRow:
    """The row that is kept until the attempt's answer is in the history."""
    headers = [*message.headers(), (_SHARD, str(shard).encode()), (_VERSION, str(version).encode())]
    return OutboxRow(
        command_id=message.command_id,
        attempt=message.attempt,
        saga_id=message.saga_id,
        topic=f"{LOCAL_TOPIC}{participant}",
        headers=tuple(headers),
        value=message.value,
    )


def is_local(row: OutboxRow) -> bool:
    """Whether the coordinator runs it itself."""
    return row.topic.startswith(LOCAL_TOPIC)


def shard_of_row(row: OutboxRow) -> int:
    """The shard of its saga."""
    return next(int(value) for name, value in row.headers if name == _SHARD)


def read_local(row: OutboxRow) -> LocalRow:
    """What the row says. Raises UnreadableMessage."""
    version = next(int(value) for name, value in row.headers if name == _VERSION)
    return LocalRow(CommandMessage.read(row.headers, row.value), shard_of_row(row), version)
