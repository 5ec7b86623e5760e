"""What could not be read or belongs to nothing: set aside with the reason, so that its partition moves on."""

from collections.abc import Callable
from typing import Any

from contracts.topics import Topics
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import Record
from coordinator.kafka.sender import RecordSender
from coordinator.kafka.surely_sent import SurelySent

MAX_VALUE_BYTES = 800_000
"""A longer value is cut: with the reason added it might not fit into a record any more."""


class DeadLetters(SurelySent):
    """Sends them in the background. A record counts as handled once its dead letter was acknowledged."""

    def __init__(self, sender: RecordSender, topics: Topics, settings: KafkaSettings) -> None:
        super().__init__(sender, settings, "dead_letters_delayed")
        self._topic = topics.dead_letters

    def add(self, record: Any, reason: str, done: Callable[[], None]) -> None:
        """Sets a consumed record aside; ``done`` is called once that is durable."""
        value: bytes | None = record.value
        headers = [(name, given or b"") for name, given in record.headers]
        headers += [
            ("amends-reason", reason.encode(errors="replace")[:2_000]),
            ("amends-topic", record.topic.encode()),
            ("amends-partition", str(record.partition).encode()),
            ("amends-offset", str(record.offset).encode()),
        ]
        if value is not None and len(value) > MAX_VALUE_BYTES:
            headers.append(("amends-cut-from", str(len(value)).encode()))
            value = value[:MAX_VALUE_BYTES]
        self.put(Record(self._topic, record.key, headers, value), done)
