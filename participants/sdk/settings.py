"""What a participant's process is told by its environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.topics import Topics
from participants.sdk.long_places import LONG_HANDLERS

MOST_LONG_HANDLERS = 10_000
"""Each has a task, and a lock in the database."""


class SettingsError(ValueError):
    """The environment does not say what is needed; the sentence says what to set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one participant's process."""

    kafka: str
    """AMENDS_KAFKA_BOOTSTRAP: ``host:port``, several parted by commas."""
    topics: Topics
    """AMENDS_TOPIC_PREFIX: the same as the coordinator's; ``amends`` when it is not set."""
    database_url: str | None
    """AMENDS_PARTICIPANT_DATABASE_URL: the participant's own Postgres database, ``postgresql://…``."""
    instance: str | None
    """AMENDS_PARTICIPANT_INSTANCE: a name for this process, unique in its group and the same after a restart: a
    restarted process then has its partitions back at once. Without it Kafka first has to miss the one that died."""
    session_timeout_ms: int
    """AMENDS_PARTICIPANT_SESSION_TIMEOUT_MS: how soon a dead process is missed. Kafka's brokers take 6000 and more."""
    long_handlers: int
    """AMENDS_PARTICIPANT_LONG_HANDLERS: how many handlers that take long run at once in this process. Ten times as many
    commands wait for a place; what comes beyond is to come again."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings. Raises SettingsError."""
        kafka = environment.get("AMENDS_KAFKA_BOOTSTRAP")
        if not kafka:
            raise SettingsError("Set AMENDS_KAFKA_BOOTSTRAP to the address of Kafka, such as localhost:9092.")
        places = environment.get("AMENDS_PARTICIPANT_LONG_HANDLERS", f"{LONG_HANDLERS}")
        if not re.fullmatch(r"[0-9]{1,9}", places) or not 1 <= int(places) <= MOST_LONG_HANDLERS:
            wanted = f"give a whole number from 1 to {MOST_LONG_HANDLERS}"
            raise SettingsError(f"AMENDS_PARTICIPANT_LONG_HANDLERS is {places[:30]!r}: {wanted}.")
        timeout = environment.get("AMENDS_PARTICIPANT_SESSION_TIMEOUT_MS", "6000")
        if not timeout.isdigit():
            raise SettingsError(f"AMENDS_PARTICIPANT_SESSION_TIMEOUT_MS is {timeout!r}: give whole milliseconds.")
        return cls(
            kafka=kafka,
            topics=Topics(environment.get("AMENDS_TOPIC_PREFIX") or "amends"),
            database_url=_async_url(environment.get("AMENDS_PARTICIPANT_DATABASE_URL") or None),
            instance=environment.get("AMENDS_PARTICIPANT_INSTANCE") or None,
            session_timeout_ms=int(timeout),
            long_handlers=int(places),
        )


def _async_url(url: str | None) -> str | None:
    """With the driver that the SDK uses."""
    if url is None:
        return None
    scheme, separator, rest = url.partition("://")
    if scheme not in ("postgresql", "postgres", "postgresql+asyncpg") or not separator:
        raise SettingsError(
            f"AMENDS_PARTICIPANT_DATABASE_URL begins with {scheme[:30]!r}: give postgresql://user@host:port/database."
        )
    return f"postgresql+asyncpg://{rest}"
