"""Settings, from the environment. Every limit has a name, a unit and a reason here."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "AMENDS_"
OTHER_NAMES = frozenset({"AMENDS_FAILPOINTS", "AMENDS_FAILPOINT_FILE", "AMENDS_HOME", "AMENDS_URL"})
"""Read elsewhere: by contracts.failpoints, coordinator.embedded and the command line."""
OTHER_PREFIXES = ("AMENDS_PARTICIPANT_",)
"""Read by the participants."""

_PASSWORD = re.compile(r"(?i)(?<=//)([^:/@]*:)[^?]+(?=@)|([?&]password=)[^&]+")


class SetupError(Exception):
    """A process cannot start as it is set up. The message says what to change."""


class Settings(BaseSettings):
    """What a coordinator can be told. Set ``AMENDS_<NAME>`` for each; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    database_url: str | None = None
    """Postgres, as ``postgresql://user:password@host:port/database``."""
    database_connections: int = Field(default=8, ge=2, le=200)
    """Connections in the pool: one for each batch in flight, the rest for reads over HTTP."""
    database_statement_cache: int = Field(default=200, ge=0)
    """Statements kept prepared on each connection. 0 behind a pooler that lends a session for one transaction only,
    such as pgbouncer: then nothing is asked of sessions."""
    database_timeout_s: float = Field(default=10, ge=1)
    """Seconds a statement may take before the server ends it."""

    kafka_bootstrap: str | None = None
    """Kafka's brokers, as ``host:port,host:port``."""
    topic_prefix: str = Field(default="amends", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$")
    """First part of the name of every topic and group; keeps deployments on one cluster apart."""
    lifecycle: Literal["off", "ends", "all"] = "off"
    """Of what the lifecycle topic tells: of nothing; of how sagas end; or of all that happens to a saga as a whole, as
    when it is started, parked, paused and resumed. Each notice costs what a command costs."""
    topic_partitions: int = Field(default=4, ge=1, le=1024)
    """Partitions of the topics that are made when missing: at most so many coordinators, and processes of a
    participant, share the work. A topic that is there may be given more at any time."""
    topic_replicas: int = Field(default=-1, ge=-1)
    """Replicas of the topics that are made when missing; -1 leaves it to the brokers."""
    kafka_session_timeout_ms: int = Field(default=10_000, ge=1_000)
    """Milliseconds without a heartbeat until another coordinator takes over the partitions."""
    kafka_publish_timeout_ms: int = Field(default=10_000, ge=100)
    """Milliseconds without an acknowledgement until the producer is made anew and the commands are sent again."""
    instance: str | None = Field(default=None, pattern=r"^[a-zA-Z0-9._-]{1,200}$")
    """A name of this process, unlike that of any other coordinator and the same after a restart: then it has its
    partitions back at once after a crash, without waiting for the session timeout."""

    http_host: str = "127.0.0.1"
    """Address the HTTP interface listens on."""
    http_port: int = Field(default=7780, ge=0, le=65535)
    """Port it listens on; 0 takes a free one."""
    http_body_bytes: int = Field(default=1024 * 1024, ge=1024)
    """Largest body of a request, in bytes."""
    http_batch_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    """Largest body of a request that starts many sagas, in bytes."""
    http_batch_starts: int = Field(default=10_000, ge=1)
    """Most sagas that one request may start: all of their answers are held until the last one is known."""
    http_body_timeout_s: float = Field(default=30, gt=0)
    """Seconds in which the whole body must have arrived."""
    http_wait_s: float = Field(default=60, ge=0)
    """Longest wait, in seconds, that ``Prefer: wait=N`` is granted."""
    http_answer_s: float = Field(default=10, gt=0)
    """Seconds after which a request that was not committed is answered with 503; it may take effect all the same."""
    http_connections: int = Field(default=10_000, ge=1)
    """Most connections and requests at once; beyond that, requests are answered with 503."""

    batch_sagas: int = Field(default=500, ge=1, le=10_000)
    """Most sagas in one transaction."""
    batches_in_flight: int = Field(default=2, ge=1, le=64)
    """Transactions under way at once, over disjoint sagas."""
    waiting_facts: int = Field(default=20_000, ge=10)
    """Facts that may wait at once. From then on no replies are taken until half of them are done; requests are refused
    with 429 at four fifths already, so that what is under way comes first."""
    warm_sagas: int = Field(default=20_000, ge=0)
    """Sagas kept in memory between their activations; the others are replayed when something happens to them."""
    warm_timers: int = Field(default=200_000, ge=1)
    """Wake-ups kept in memory; the others are read from the database when they are due."""
    local_steps: int = Field(default=100, ge=1, le=100_000)
    """Bodies of local steps that run at once in this coordinator; the others wait for a place."""
    sweep_every_ms: int = Field(default=1_000, ge=10)
    """Milliseconds between two looks for what is due or was left behind."""
    sweep_age_ms: int = Field(default=5_000, ge=0)
    """Age in milliseconds from which a command in the outbox counts as left behind and is sent again."""
    stop_s: float = Field(default=10, gt=0)
    """Seconds that what is in flight has to finish after SIGTERM."""

    catalogue: str = "coordinator.catalogue"
    """Modules that hold the sagas of this deployment, each with a ``DEFINITIONS``; several are parted by commas."""

    log_format: Literal["auto", "json", "console"] = "auto"
    """Form of the log lines on standard error; ``auto`` is console on a terminal and JSON elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is logged."""


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """One setting as ``amends config`` shows it."""

    name: str
    """The environment variable."""
    value: str
    """With passwords masked."""
    origin: Literal["environment", "default"]
    meaning: str


def read_settings() -> Settings:
    """The settings of this process. Raises SetupError for an unknown name or a value that does not fit."""
    refuse_unknown_names(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        raise SetupError(" ".join(_sentence(found) for found in error.errors())) from error


def refuse_unknown_names(environment: Mapping[str, str]) -> None:
    """Raises SetupError when an AMENDS_ variable means nothing: a typing error must not pass for a setting."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | OTHER_NAMES
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in known or name.startswith(OTHER_PREFIXES):
            continue
        close = get_close_matches(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
        hint = f"did you mean {PREFIX}{close[0]}?" if close else "`amends config` lists the names there are."
        raise SetupError(f"The environment variable {name} is no setting of Amends: {hint}")


def origins(settings: Settings) -> Iterator[SettingOrigin]:
    """Every setting with its value and where it comes from."""
    for name, field in Settings.model_fields.items():
        yield SettingOrigin(
            name=PREFIX + name.upper(),
            value=_shown(name, getattr(settings, name)),
            origin="environment" if name in settings.model_fields_set else "default",
            meaning=field.description or "",
        )


def masked_url(url: str) -> str:
    """The address without its password."""
    return _PASSWORD.sub(r"\1\2***", url)


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    return masked_url(value) if name == "database_url" else str(value)


def _sentence(error: Any) -> str:
    name = PREFIX + "_".join(str(part) for part in error["loc"]).upper()
    return f"{name} is {str(error['input'])!r}: {error['msg'][0].lower()}{error['msg'][1:]}."
