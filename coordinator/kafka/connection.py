"""Where Kafka is, and how long it may take to answer."""

from dataclasses import dataclass, field
from typing import Any

from coordinator.runtime.backoff import Backoff


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """All times in ms. Every call has a deadline of its own: aiokafka's may wait for ever (aiokafka#1101)."""

    bootstrap: str
    """``host:port,host:port``."""
    client_id: str = "amends-coordinator"
    instance: str | None = None
    """This process's name in its group, the same after a restart: a restarted process has its partitions back at once,
    without Kafka missing the one that died first."""
    partitions: int = 4
    """Of a topic that is made. More may be added later; that many coordinators share the work."""
    replicas: int = -1
    """Of a topic that is made; -1: three, or as many as there are brokers."""
    session_timeout_ms: int = 10_000
    """A coordinator that is not heard of for so long loses its partitions."""
    publish_timeout_ms: int = 10_000
    """Without an acknowledgement for so long, the producer is made anew and the rows are sent again."""
    request_timeout_ms: int = 10_000
    connect_timeout_ms: int = 15_000
    commit_every_ms: int = 200
    """Offsets of handled replies and requests are committed so often."""
    topics_every_ms: int = 30_000
    """How often is looked whether the topics are still there, and the cluster the same."""
    poll_records: int = 2_000
    retry: Backoff = field(default_factory=lambda: Backoff(0.2, 5.0))

    def client(self) -> dict[str, Any]:
        """What every client of aiokafka is told."""
        return {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": self.client_id,
            "request_timeout_ms": self.request_timeout_ms,
            "metadata_max_age_ms": 5_000,
        }
