"""The bounds of the runtime, each with its unit."""

from dataclasses import dataclass, field

from coordinator.runtime.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on memory, batches and time. The defaults suit one coordinator with a few hundred MB."""

    batch_sagas: int = 500
    """Sagas in one activation at most."""
    batches_in_flight: int = 2
    """Activations at the same time, over disjoint sagas."""
    facts_per_saga: int = 200
    """Facts of one saga in one activation at most."""
    engine_slice_ms: float = 20.0
    """The engine gives the event loop back after so long."""
    fact_attempts: int = 3
    """How often a fact is tried on which the engine fails, before it is given up."""
    fact_retry: Backoff = field(default_factory=lambda: Backoff(0.5, 5.0))

    facts_high: int = 20_000
    """From so many waiting facts on, partitions are paused."""
    facts_low: int = 10_000
    """At so many, they are resumed."""
    facts_submitted: int = 16_000
    """From so many on, new requests are refused or wait: what is under way comes first."""

    facts_waiting_per_saga: int = 1_000
    """From so many facts waiting for one saga on, requests for it are refused."""

    first_steps: int = 8
    """While fewer of a company are on their first step, whoever begins goes at once."""
    company_sagas: int = 48
    """So many that wait for company are one, and go."""
    company_door_ms: int = 3
    """Who begins so soon after a company goes with it."""
    company_wait_ms: int = 60
    """Nobody waits longer for company."""
    company_told_ms: int = 10
    """Clients who were told that their sagas have ended are expected to begin others so soon."""
    company_back_ms: int = 3
    """So long at most the first of them waits for the others."""

    warm_sagas: int = 20_000
    """Sagas kept in memory."""
    timers: int = 200_000
    """Timers kept in memory."""

    publish_rows: int = 2_000
    """Outbox rows in one call of the publisher."""
    publishes_in_flight: int = 4
    """Calls of the publisher at the same time, over disjoint sagas; more than one only while one is slow."""
    relay_rows: int = 50_000
    """Outbox rows kept in memory until they are acknowledged; what is beyond waits in the table for the sweep."""
    flush_idle_ms: int = 100
    """Acknowledged rows are deleted alone when no batch has taken them along for so long."""

    local_steps: int = 100
    """Bodies of local steps that run at the same time; the others wait for a place."""
    local_rows: int = 1_000
    """Rows of local steps in memory; what is beyond waits in the table for the sweep."""

    sweep_every_ms: int = 1_000
    sweep_ahead_ms: int = 5_000
    """How far ahead of their time the wake-ups of cold sagas are read."""
    sweep_all_every_ms: int = 30_000
    """How often all overdue wake-ups are read, not only the recent ones."""
    sweep_page: int = 1_000
    foreign_grace_ms: int = 20_000
    """A wake-up overdue for longer is taken by anyone, whoever owns the shard."""
    leftovers_older_ms: int = 5_000
    """Outbox rows older than this are sent again by the shard's owner."""
    foreign_leftovers_older_ms: int = 30_000
    """Outbox rows older than this are sent again by anyone."""

    store_retry: Backoff = field(default_factory=lambda: Backoff(0.05, 2.0))
    publish_retry: Backoff = field(default_factory=lambda: Backoff(0.1, 5.0))
    stop_s: float = 10.0
    """How long a stop waits for what is in flight."""
