"""What a seed means: how many of everything, and which faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

RATES: Mapping[str, tuple[float, ...]] = {
    # The share of calls and messages that it strikes.
    "message_lost": (0.01, 0.05),
    "message_doubled": (0.05, 0.3),
    "message_reordered": (0.05, 0.3),
    "message_late": (0.01, 0.05),
    "produce_slow": (0.02, 0.1),
    "produce_answer_lost": (0.01, 0.05),
    "fetch_slow": (0.05, 0.2),
    "offsets_answer_lost": (0.05, 0.3),
    "store_slow": (0.02, 0.1),
    "store_request_lost": (0.01, 0.05),
    "commit_unknown": (0.02, 0.1),
    "database_slow": (0.01, 0.05),
    "database_request_lost": (0.01, 0.03),
    "database_answer_lost": (0.02, 0.1),
    "outside_request_lost": (0.01, 0.1),
    "outside_answer_lost": (0.02, 0.1),
    "crash_at_failpoint": (0.0005, 0.003),
    # Times a second.
    "coordinator_crashed": (0.05, 0.3),
    "participant_crashed": (0.05, 0.3),
    "coordinator_paused": (0.05, 0.2),
    "participant_paused": (0.05, 0.2),
    "all_crashed": (0.02, 0.05),
    "rebalanced": (0.2, 2.0),
    "kafka_away": (0.02, 0.1),
    "store_away": (0.02, 0.1),
    "database_away": (0.02, 0.1),
    "topics_lost": (0.02, 0.05),
    "partitions_added": (0.05, 0.2),
    "poisoned": (0.2, 2.0),
    "clock_stepped": (0.1, 0.5),
    "upgraded": (0.1, 0.3),
    # The share of sagas.
    "started_twice": (0.1, 0.5),
    "started_otherwise": (0.1, 0.3),
    "cancelled": (0.1, 0.3),
    "cancelled_twice_at_once": (0.05, 0.2),
    "asked_by_record": (0.1, 0.5),
    "signal_withheld": (0.05, 0.2),
    "signalled_in_vain": (0.05, 0.3),
    "signalled_late": (0.05, 0.2),
    "signalled_unfit": (0.05, 0.2),
    # The share of signals.
    "signalled_early": (0.1, 0.5),
    "signalled_twice": (0.1, 0.5),
    "signalled_by_record": (0.1, 0.5),
    # The share of sagas, and of their updates.
    "queried": (0.1, 0.5),
    "asked_favours": (0.2, 0.6),
    "favour_refused": (0.1, 0.3),
    "favour_unfit": (0.05, 0.2),
    "begun_with_favours": (0.05, 0.3),
    "begun_with_what_is_refused": (0.05, 0.2),
    "favour_early": (0.1, 0.5),
    "favour_twice": (0.1, 0.5),
    "favour_by_record": (0.1, 0.5),
    # The share of pivots.
    "cancelled_at_pivot": (0.3, 0.9),
    "cancelled_past_pivot": (0.1, 0.5),
    # The share of moments: when a saga starts, a step or an undo is sent, a timer begins to run.
    "paused": (0.03, 0.15),
    "terminated": (0.003, 0.015),
    # The share of pauses.
    "paused_twice": (0.1, 0.4),
    "cancelled_in_a_pause": (0.1, 0.3),
    # The share of steps, and of undos.
    "step_retried": (0.02, 0.1),
    "undo_retried": (0.05, 0.3),
    "undo_confirmed": (0.05, 0.3),
    "undo_skipped": (0.1, 0.4),
}
"""Each kind of fault, and how often it may come."""
LATER_RATES: Mapping[str, tuple[float, ...]] = {
    # Times a second.
    "deployed_anew": (0.1, 0.5),
    # The share of what is answered later.
    "answered_late": (0.2, 0.6),
    "answered_never": (0.1, 0.3),
    "answered_twice": (0.2, 0.6),
    "answered_by_record": (0.2, 0.8),
    # Times a second: a process stands still for so long that all its sessions end.
    "coordinator_frozen": (0.02, 0.1),
    "participant_frozen": (0.02, 0.1),
    # The share of failpoints that are reached, and of those of handlers that take long.
    "frozen_at_failpoint": (0.001, 0.005),
    "walker_frozen": (0.05, 0.3),
    # The share of broken connections: the server hears nothing, and ends the session when that is silent for too long.
    "database_unheard": (0.1, 0.6),
}
"""Likewise, drawn apart: what a seed means otherwise does not hang on them."""
BY_THEMSELVES = (
    "coordinator_crashed",
    "participant_crashed",
    "coordinator_paused",
    "participant_paused",
    "all_crashed",
    "rebalanced",
    "kafka_away",
    "store_away",
    "database_away",
    "topics_lost",
    "partitions_added",
    "poisoned",
    "clock_stepped",
    "upgraded",
    "deployed_anew",
    "coordinator_frozen",
    "participant_frozen",
)
UPDATES = ("update_answered", "update_refused", "update_overtaken", "update_declined", "favour_with_start")
"""What became of them; overtaken were those whose saga went back or ended before they were answered."""
KINDS = (*RATES, *LATER_RATES, "unpaused", "clock_skewed", "conflict", *UPDATES, "query_answered")
"""All that is counted."""


NARROW: Mapping[str, tuple[int, ...]] = {
    "batch_sagas": (1, 2, 5),
    "batches_in_flight": (1, 3),
    "facts_per_saga": (1, 2),
    "facts_high": (4, 10),
    "facts_submitted": (3, 8),
    "facts_waiting_per_saga": (2, 4),
    "warm_sagas": (1, 4, 8),
    "timers": (8, 20),
    "publish_rows": (1, 3),
    "publishes_in_flight": (1, 2),
    "relay_rows": (3, 8),
    "sweep_page": (2, 5),
    "local_steps": (1, 2),
    "local_rows": (2, 5),
}
"""Bounds of the runtime that only much load would reach otherwise."""


IN_COMPANY: Mapping[str, tuple[int, ...]] = {
    "first_steps": (1, 2),
    "company_sagas": (2, 3),
    "company_door_ms": (0,),
    "company_wait_ms": (60, 600, 3_000),
    "company_told_ms": (10, 6_000),
    "company_back_ms": (3, 50),
}
"""Bounds with which the few sagas of a world wait for each other; otherwise only many that begin at once would."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One world."""

    seed: int
    sagas: int
    coordinators: int
    workers: int
    """Of each participant."""
    partitions: int
    trouble_s: float
    """So long there are faults, in seconds."""
    skew_s: float
    """The clocks are wrong by up to so much."""
    rates: Mapping[str, float]
    limits: Mapping[str, int]
    """Of the coordinators, where they are not as usual."""

    @classmethod
    def draw(cls, seed: int, sagas: int) -> "Plan":
        """The seed's plan. One in eight has no faults at all."""
        random = Random(f"plan {seed}")
        rates: dict[str, float] = {}
        if random.random() > 0.125:
            share = random.choice((0.15, 0.3, 0.5, 0.8))
            for kind, (least, most) in RATES.items():
                if random.random() < share:
                    rates[kind] = random.uniform(least, most)
        apart = Random(f"plan {seed}, apart")
        for kind, (least, most) in LATER_RATES.items():
            if rates and apart.random() < 0.5:
                rates[kind] = apart.uniform(least, most)
        return cls(
            seed=seed,
            sagas=sagas,
            coordinators=random.choice((1, 2, 2, 3)),
            workers=random.choice((1, 1, 2)),
            partitions=random.choice((1, 2, 4, 8)),
            trouble_s=random.choice((5.0, 15.0, 30.0)),
            skew_s=random.choice((0.0, 0.0, 1.0, 300.0)) if rates else 0.0,
            rates=rates,
            limits=(_narrow(random) if random.random() < 0.5 else {}) | _in_company(Random(f"plan {seed}, in company")),
        )


def _in_company(apart: Random) -> dict[str, int]:
    """In one world of four."""
    return {name: apart.choice(few) for name, few in IN_COMPANY.items()} if apart.random() < 0.25 else {}


def _narrow(random: Random) -> dict[str, int]:
    limits = {name: random.choice(few) for name, few in NARROW.items() if random.random() < 0.4}
    if "facts_high" in limits:
        limits["facts_low"] = limits["facts_high"] // 2
    return limits
