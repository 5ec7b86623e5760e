"""The oracle of the tests on real servers, asked about a simulated world; and what became of its signals."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from tests.child_ledger import Rounds, child_faults
from tests.faults.evidence import Effect, Evidence, HistoryRow, SagaRow
from tests.faults.oracle import judge, undos_go_backwards
from tests.scope_ledger import scope_faults
from tests.signal_ledger import signal_faults
from tests.simulation.errands import MENDED
from tests.simulation.favours import count_faults
from tests.simulation.patches import patch_faults
from tests.simulation.people import People
from tests.simulation.repaired import partial_faults, skipped_as_undone, without_repaired
from tests.simulation.rounds import first_row, of_last_rounds, round_faults
from tests.simulation.servers import Servers
from tests.simulation.shown import shown_faults
from tests.simulation.standstill import standstill_faults
from tests.simulation.witness import Witness


def judged(witness: Witness, servers: Servers, people: People) -> list[str]:
    """All that is wrong once all is quiet: O1 to O8, what people sent and did, and what a group is not through with."""
    found, histories = evidence(witness, servers, people), witness.histories
    faults = [
        *_oracle(found, witness.in_vain),
        *partial_faults(of_last_rounds(found)),
        *_rounds(found, histories, people.operators.freed),
        *child_faults(histories),
        *_shown(witness, servers),
        *servers.unhandled(),
        *_signals(witness, people),
        *people.askers.judged(witness.rows, histories, witness.in_vain),
        *_queries(witness),
        *_standstills(witness),
        *_scopes(histories),
        *patch_faults(histories),
        *witness.told.faults,
        *witness.told.judged(histories),
        *(
            fault
            for saga_id, rounds in histories.items()
            for events in rounds
            for fault in servers.outside.judged(saga_id, [events])
        ),
    ]
    if people.busy:
        faults.append(f"{people.busy} clients still wait for their answers")
    return faults


def _oracle(found: Evidence, in_vain: frozenset[str]) -> Iterator[str]:
    """All that it says, in the light of what people did by hand, and of whom sagas wait for."""
    for fault in judge(without_repaired(of_last_rounds(found))):
        waits = fault.startswith("O1: ") and fault.split()[1] in in_vain
        if not waits and not fault.startswith("O4"):
            yield fault
    yield from (f"O4: {fault}" for fault in undos_go_backwards(skipped_as_undone(found)))


def _rounds(found: Evidence, histories: Mapping[str, Rounds], freed: Collection[tuple[str, int]]) -> Iterator[str]:
    done: defaultdict[str, set[str]] = defaultdict(set)
    for effect in found.effects:
        done[effect.command_id].add(effect.direction)
    for saga_id, rounds in histories.items():
        yield from round_faults(
            saga_id, rounds, found.ledgers, done, {step for freed_id, step in freed if freed_id == saga_id}
        )


def _shown(witness: Witness, servers: Servers) -> Iterator[str]:
    for saga_id, rounds in witness.histories.items():
        yield from shown_faults(saga_id, rounds[-1], servers.log.row(saga_id))


def _standstills(witness: Witness) -> Iterator[str]:
    for saga_id in witness.rows:
        for each in witness.rounds(saga_id):
            yield from standstill_faults(saga_id, each.rows, each.wake_ups)


def _scopes(histories: Mapping[str, Rounds]) -> Iterator[str]:
    for saga_id, rounds in histories.items():
        for events in rounds:
            for fault in scope_faults(events):
                yield f"Scopes: {saga_id}: {fault}"


def _signals(witness: Witness, people: People) -> Iterator[str]:
    senders = people.senders
    for saga_id in witness.rows:
        rows = [row for each in witness.rounds(saga_id) for row in each.rows]
        yield from signal_faults(saga_id, rows, senders.acknowledged[saga_id], senders.refused[saga_id])


def _queries(witness: Witness) -> Iterator[str]:
    """Every saga tells of itself what its history does, also when it has ended; and that changes nothing."""
    before = {saga_id: list(rows) for saga_id, rows in witness.rows.items()}
    for saga_id, rows in witness.rows.items():
        yield from count_faults(saga_id, rows, MENDED[max(MENDED)])
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
            saga_id: [HistoryRow(seq, events) for seq, events in enumerate(rows, first_row(rows[0][0]))]
            for saga_id, rows in witness.rows.items()
        },
        outbox=servers.outbox,
        effects=[
            Effect(name, effect.command_id, effect.direction)
            for name, database in servers.databases.items()
            for effect in database.effects
        ],
        ledgers=frozenset(servers.databases),
        definitions=MENDED[max(MENDED)],
    )
