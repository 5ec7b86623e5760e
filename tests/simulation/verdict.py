"""The oracle of the tests on real servers, asked about a simulated world; and what became of its signals."""

from collections.abc import Iterator

from tests.faults.evidence import Effect, Evidence, HistoryRow, SagaRow
from tests.faults.oracle import judge, undos_go_backwards
from tests.scope_ledger import scope_faults
from tests.signal_ledger import signal_faults
from tests.simulation.errands import RELEASES
from tests.simulation.favours import count_faults
from tests.simulation.people import People
from tests.simulation.repaired import partial_faults, skipped_as_undone, without_repaired
from tests.simulation.servers import Servers
from tests.simulation.standstill import standstill_faults
from tests.simulation.witness import Witness


def judged(witness: Witness, servers: Servers, people: People) -> list[str]:
    """All that is wrong once all is quiet: O1 to O8, what people sent and did, and what a group is not through with."""
    found = evidence(witness, servers, people)
    faults = [
        *_oracle(found),
        *partial_faults(found),
        *servers.unhandled(),
        *_signals(witness, people),
        *people.askers.judged(witness.rows),
        *_queries(witness),
        *_standstills(witness),
        *_scopes(witness),
        *witness.told.faults,
        *witness.told.judged(witness.rows),
        *(fault for saga_id, rows in witness.rows.items() for fault in servers.outside.judged(saga_id, rows)),
    ]
    if people.busy:
        faults.append(f"{people.busy} clients still wait for their answers")
    return faults


def _oracle(found: Evidence) -> Iterator[str]:
    """All that it says, in the light of what people did by hand."""
    yield from (fault for fault in judge(without_repaired(found)) if not fault.startswith("O4"))
    yield from (f"O4: {fault}" for fault in undos_go_backwards(skipped_as_undone(found)))


def _standstills(witness: Witness) -> Iterator[str]:
    for saga_id, rows in witness.rows.items():
        yield from standstill_faults(saga_id, rows, witness.wake_ups[saga_id])


def _scopes(witness: Witness) -> Iterator[str]:
    for saga_id, rows in witness.rows.items():
        for fault in scope_faults([event for row in rows for event in row]):
            yield f"Scopes: {saga_id}: {fault}"


def _signals(witness: Witness, people: People) -> Iterator[str]:
    senders = people.senders
    for saga_id, rows in witness.rows.items():
        yield from signal_faults(saga_id, rows, senders.acknowledged[saga_id], senders.refused[saga_id])


def _queries(witness: Witness) -> Iterator[str]:
    """Every saga tells of itself what its history does, also when it has ended; and that changes nothing."""
    before = {saga_id: list(rows) for saga_id, rows in witness.rows.items()}
    for saga_id, rows in witness.rows.items():
        yield from count_faults(saga_id, rows, RELEASES[max(RELEASES)])
    if witness.rows != before:
        yield "Queries: a history is another since it was asked"


def evidence(witness: Witness, servers: Servers, people: People) -> Evidence:
    """What the servers say."""
    return Evidence(
        acknowledged=frozenset(people.acknowledged | people.askers.begun),
        sagas={
            saga_id: SagaRow(
                change.status,
                change.parked_for,
                change.wake_at,
                None if change.outcome is None else change.outcome.decode(),
            )
            for saga_id, change in witness.changes.items()
        },
        histories={
            saga_id: [HistoryRow(seq, events) for seq, events in enumerate(rows, 1)]
            for saga_id, rows in witness.rows.items()
        },
        outbox=servers.outbox,
        effects=[
            Effect(name, effect.command_id, effect.direction)
            for name, database in servers.databases.items()
            for effect in database.effects
        ],
        ledgers=frozenset(servers.databases),
        definitions=RELEASES[max(RELEASES)],
    )
