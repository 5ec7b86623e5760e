"""Sagas that wait for company before they begin: how often it came to that, and that nobody waits too long."""

import asyncio
from collections import Counter

from coordinator.engine.decision import Decision
from coordinator.engine.facts import Fact, Start, Verdict
from coordinator.runtime.coordinator import Coordinator
from tests.simulation.nodes import CoordinatorNode

COMPANY = ("waited_for_company", "waited_in_company", "company_complete", "mail_behind_waiting_start")
"""A start had to wait, as the first or behind others, or made a company complete; mail came for one that waited."""
_MOMENT_S = 0.001


class Companies:
    """Hands facts in, and looks what becomes of them until they are taken."""

    def __init__(self) -> None:
        self.came: Counter[str] = Counter()
        """How often what of ``COMPANY`` happened."""
        self.faults: list[str] = []
        self._since: dict[tuple[str, int, str], float] = {}
        """By process and saga: when it last began to wait."""

    def hand_in(self, node: CoordinatorNode, saga_id: str, fact: Fact) -> "asyncio.Future[Verdict]":
        """In the coordinator's process, as its HTTP interface would. Raises Overloaded."""
        coordinator, process = node.coordinator, node.process
        assert coordinator is not None
        assert process is not None
        intake = coordinator.intake
        intake.admit(saga_id)
        if type(fact) is Start:
            _wait_for_the_end(coordinator, saga_id)
        before = len(intake.gathered)
        verdict = intake.verdict(saga_id, fact)
        if before and not intake.gathered:
            self.came["company_complete"] += 1
        elif len(intake.gathered) > before:
            self.came["waited_in_company" if before else "waited_for_company"] += 1
            self._watch(coordinator, (process.name, process.life, saga_id))
        elif saga_id in intake.gathered:
            self.came["mail_behind_waiting_start"] += 1
        return verdict

    def _watch(self, coordinator: Coordinator, waits: tuple[str, int, str]) -> None:
        """Nobody waits longer than the bound; it may wait again meanwhile."""
        loop = asyncio.get_running_loop()
        since = self._since[waits] = loop.time()

        def look() -> None:
            if self._since[waits] == since and waits[-1] in coordinator.intake.gathered:
                self.faults.append(f"Company: {waits[-1]} waits for company for too long")

        loop.call_later(coordinator.limits.company_wait_ms / 1e3 + _MOMENT_S, look)


def _wait_for_the_end(coordinator: Coordinator, saga_id: str) -> None:
    """As a client does who is told it: he may come back with others who were told."""

    def decided(decision: Decision) -> None:
        if decision.status.ended:
            unwatch()

    unwatch = coordinator.watchers.watch(saga_id, decided)
